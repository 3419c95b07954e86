import type { ChatMessage, ChatRole, Part, ToolCall } from "../../core/chat.ts";
import { isJsonObject, type JsonValue } from "../../core/json.ts";
import { Refusal } from "../problem.ts";
import { OPENAI_ROLES, type OpenAiMessage, type OpenAiPart, type OpenAiToolCall } from "../schemas/openai-chat.ts";
import { imageOfDataUrl, isImageDataUrl } from "./openai-data-url.ts";
import { needed } from "./openai-fields.ts";
import {
  arrayOf,
  bookkeeping,
  carried,
  carriedIf,
  empty,
  type FieldRule,
  type FieldRules,
  objectOf,
  only,
  uncarried,
  wholly,
} from "./untranslated.ts";

type Role = OpenAiMessage["role"];

/** A `function` is what OpenAI had before tools; nothing else has it, so `role` is named in `untranslated`. */
const ROLES: Readonly<Record<Role, ChatRole>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
};

export function toMessage(message: OpenAiMessage, field: string): ChatMessage {
  return {
    role: ROLES[message.role],
    content: toContent(message, field),
    ...(message.role === "assistant" && fromAssistant(message, field)),
    ...(message.role === "tool" && fromTool(message)),
  };
}

function fromAssistant(message: OpenAiMessage, field: string): Pick<ChatMessage, "thinking" | "toolCalls"> {
  const thinking = message.reasoning_content ?? message.reasoning ?? "";
  const toolCalls = (message.tool_calls ?? []).flatMap((call, index) =>
    toToolCall(call, `${field}.tool_calls[${index}]`),
  );
  return { ...(thinking !== "" && { thinking }), ...(toolCalls.length > 0 && { toolCalls }) };
}

function fromTool({ tool_call_id, name }: OpenAiMessage): Pick<ChatMessage, "toolCallId" | "toolName"> {
  return {
    ...(typeof tool_call_id === "string" && { toolCallId: tool_call_id }),
    ...(typeof name === "string" && { toolName: name }),
  };
}

function isFunction(type: string | null | undefined): boolean {
  return (type ?? "function") === "function";
}

/** Calls of other kinds are in `untranslated`. */
function toToolCall({ id, type, function: called }: OpenAiToolCall, field: string): ToolCall[] {
  if (!isFunction(type)) return [];
  const { name, arguments: text } = needed(called, `${field}.function`, "for a call of the type function");
  return [{ id, name, arguments: text }];
}

function toContent(message: OpenAiMessage, field: string): ChatMessage["content"] {
  const { role, content } = message;
  const refusal = role === "assistant" ? (message.refusal ?? "") : "";
  if (Array.isArray(content)) {
    const parts = content.map((part, index) => toPart(part, `${field}.content[${index}]`, role));
    return refusal === "" ? parts : [...parts, textPart(refusal)];
  }
  if (role !== "assistant" && role !== "function")
    needed(content, `${field}.content`, `on a message of the role ${role}`);
  const text = content ?? "";
  return text === "" || refusal === "" ? text + refusal : [text, refusal].map(textPart);
}

const textPart = (text: string): Part => ({ kind: "text", text });

function toPart(part: OpenAiPart, field: string, role: Role): Part {
  if (part.type === "text") return textPart(needed(part.text, `${field}.text`, "in a part of the type text"));
  if (part.type === "refusal" && role === "assistant")
    return textPart(needed(part.refusal, `${field}.refusal`, "in a part of the type refusal"));
  return part.type === "image_url" ? toImage(part, field) : { kind: "other", original: part };
}

function toImage(part: OpenAiPart, field: string): Part {
  const { url } = needed(part.image_url, `${field}.image_url`, "in a part of the type image_url");
  const image = imageOfDataUrl(url);
  if (image === "malformed") {
    const at = `${field}.image_url.url`;
    throw new Refusal("request.invalid_field", `${at}: Expected the data of a data URL to be base64.`, { field: at });
  }
  return image === null ? { kind: "other", original: part } : { kind: "image", ...image };
}

const imageUrlRule: FieldRule = objectOf({
  url: carriedIf((value) => typeof value === "string" && isImageDataUrl(value)),
  // How finely a model looks at an image is a wish about cost, which a model of another protocol has no choice in.
  detail: only("auto", "high"),
});

/** Each carried in a part of its own type. Clients mark parts for the provider's cache; that changes no answer. */
const PART: FieldRules = {
  type: carried,
  prompt_cache_breakpoint: bookkeeping,
  text: uncarried,
  refusal: uncarried,
  image_url: wholly(uncarried, imageUrlRule),
  input_audio: uncarried,
  file: uncarried,
};
const textRule = objectOf({ ...PART, text: carried });
const refusalRule = objectOf({ ...PART, refusal: carried });
const imageRule = objectOf({ ...PART, image_url: imageUrlRule });
const otherRule = wholly((_, field) => [`${field}.type`], objectOf(PART));

const partRule =
  (role: Role): FieldRule =>
  (part, field) => {
    const type = isJsonObject(part) ? part["type"] : undefined;
    if (type === "text") return textRule(part, field);
    if (type === "refusal" && role === "assistant") return refusalRule(part, field);
    return type === "image_url" ? imageRule(part, field) : otherRule(part, field);
  };

/** Servers number the calls they stream and SDKs add what they parsed; clients send that back as it was. */
const toolCallsRule: FieldRule = arrayOf(
  objectOf({
    id: carried,
    index: bookkeeping,
    type: only("function"),
    function: objectOf({ name: carried, arguments: carried, parsed_arguments: bookkeeping }),
    custom: uncarried,
  }),
);

/** Carried on messages of the roles below. */
const MESSAGE: FieldRules = {
  role: carried,
  content: uncarried,
  name: uncarried,
  tool_calls: wholly(uncarried, toolCallsRule),
  tool_call_id: uncarried,
  refusal: uncarried,
  reasoning_content: uncarried,
  reasoning: uncarried,
  annotations: uncarried,
  parsed: uncarried,
  audio: uncarried,
  function_call: uncarried,
  images: uncarried,
};

const CARRIED: Partial<Record<Role, FieldRules>> = {
  assistant: {
    tool_calls: toolCallsRule,
    refusal: carried,
    reasoning_content: carried,
    reasoning: carried,
    annotations: empty,
    parsed: bookkeeping,
  },
  tool: { tool_call_id: carried, name: carried },
  function: { role: uncarried },
};

function rulesFor(role: Role): FieldRules {
  const parts = arrayOf(partRule(role));
  return {
    ...MESSAGE,
    ...CARRIED[role],
    content: (value, field) => (typeof value === "string" ? [] : parts(value, field)),
  };
}

const RULES: ReadonlyMap<JsonValue | undefined, FieldRules> = new Map(
  OPENAI_ROLES.map((role) => [role, rulesFor(role)] as const),
);

export const messagesRule: FieldRule = arrayOf(objectOf(({ role }) => RULES.get(role) ?? MESSAGE));
