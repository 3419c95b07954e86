import { CHAT_ROLES, type ChatMessage, type ChatRole, type ToolCall } from "../../core/chat.ts";
import type { OllamaMessage } from "../schemas/ollama-chat.ts";
import { contentWith } from "./ollama-images.ts";
import {
  arrayOf,
  carried,
  carriedIf,
  type FieldRule,
  type FieldRules,
  objectOf,
  only,
  uncarried,
  wholly,
} from "./untranslated.ts";

/**
 * Ollama's calls may come without ids and its results may name only the function. Other protocols match a result to
 * its call by id, so ids are made, the same for the same conversation, and results matched.
 */
export function messagesOf(messages: readonly OllamaMessage[]): ChatMessage[] {
  const taken = new Set(messages.flatMap(({ tool_calls }) => (tool_calls ?? []).flatMap(({ id }) => given(id) ?? [])));
  let made = 0;
  const nextId = (): string => {
    while (taken.has(`call_${made}`)) made++;
    return `call_${made++}`;
  };
  const unanswered: ToolCall[] = [];

  return messages.map((message, index): ChatMessage => {
    const role = roleOf(message.role) ?? "user";
    const content = contentWith(message.content ?? "", message.images ?? [], `messages[${index}].images`);
    const thinking = given(message.thinking);
    if (role === "assistant") {
      const toolCalls = (message.tool_calls ?? []).map(
        ({ id, function: called }): ToolCall => ({
          id: given(id) ?? nextId(),
          name: called.name,
          arguments: JSON.stringify(called.arguments ?? {}),
        }),
      );
      for (const call of toolCalls) unanswered.push(call);
      return {
        role,
        content,
        ...(thinking === null ? {} : { thinking }),
        ...(toolCalls.length === 0 ? {} : { toolCalls }),
      };
    }
    if (role !== "tool") return { role, content };
    const toolName = given(message.tool_name);
    const toolCallId = takeAnswered(unanswered, given(message.tool_call_id), toolName);
    return {
      role,
      content,
      ...(toolCallId === null ? {} : { toolCallId }),
      ...(toolName === null ? {} : { toolName }),
    };
  });
}

/** By its id, else the oldest open call of that function, else the oldest open one; null where none is open. */
function takeAnswered(unanswered: ToolCall[], id: string | null, name: string | null): string | null {
  const byId = unanswered.findIndex((call) => call.id === id);
  if (id !== null) {
    if (byId !== -1) unanswered.splice(byId, 1);
    return id;
  }
  const byName = unanswered.findIndex((call) => call.name === name);
  const [call] = unanswered.splice(Math.max(byName, 0), 1);
  return call?.id ?? null;
}

/** Go leaves empty strings where nothing was said. */
const given = (value: string | null | undefined): string | null =>
  value === undefined || value === null || value === "" ? null : value;

/** Letter case does not count in Ollama's roles. */
const roleOf = (role: string): ChatRole | null => CHAT_ROLES.find((known) => known === role.toLowerCase()) ?? null;

const unused: FieldRule = carriedIf((value) => value === "" || (Array.isArray(value) && value.length === 0));

const toolCallsRule = arrayOf(
  objectOf({
    id: carried,
    type: only("function"),
    function: objectOf({ index: carried, name: carried, arguments: carried }),
  }),
);

/** Carried on messages of the roles below. */
const MESSAGE: FieldRules = {
  role: uncarried,
  content: carried,
  images: carried,
  thinking: unused,
  tool_calls: wholly(unused, toolCallsRule),
  tool_name: unused,
  tool_call_id: unused,
};

const RULES: Readonly<Record<ChatRole, FieldRules>> = {
  system: { ...MESSAGE, role: carried },
  user: { ...MESSAGE, role: carried },
  assistant: { ...MESSAGE, role: carried, thinking: carried, tool_calls: toolCallsRule },
  tool: { ...MESSAGE, role: carried, tool_name: carried, tool_call_id: carried },
};

export const messagesRule: FieldRule = arrayOf(
  objectOf(({ role }) => {
    const known = typeof role === "string" ? roleOf(role) : null;
    return known === null ? MESSAGE : RULES[known];
  }),
);
