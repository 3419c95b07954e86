import type { ChatRequest, ChatTask, Task } from "../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { promptTexts } from "../core/prompt.ts";
import { namesImage } from "./images.ts";
import { TokenCounter } from "./token-counter.ts";

/** What the chat format puts around a message: three tokens, and the role. */
const MESSAGE_TOKENS = 4;
/** What opens the answer. */
const ANSWER_TOKENS = 3;
/** What stands around a tool's definition or a call, beside the JSON of it. */
const TOOL_TOKENS = 8;
/**
 * For each part that is no text. As a rule an image is fewer: GPT-4o takes 1,445 at most. Models that count otherwise,
 * and long recordings, may take more.
 */
const MEDIA_TOKENS = 1_500;

/**
 * How many tokens the prompt of a request is, for choosing models and estimating costs: texts by `TokenCounter`, tools
 * and the format asked for as their JSON, what is no text by a flat figure, and of the body what the task does not carry.
 * Rounded up wherever it is no count. Takes some tens of milliseconds at most, whatever the request.
 */
export function estimateTokens({
  task,
  body,
  untranslated,
}: Pick<ChatRequest, "task" | "body" | "untranslated">): number {
  const counter = new TokenCounter();
  const count = (sum: number, text: string): number => sum + counter.count(text);
  const prompt = [...promptTexts(task), ...otherTexts(task)].reduce(count, surroundings(task));
  return untranslated.reduce((sum, name) => sum + countUncarried(name, body, counter), prompt);
}

function otherTexts(task: Task): readonly string[] {
  if (task.kind !== "chat") return [];
  const calls = task.messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ name }) => name));
  const tools = task.tools.flatMap(({ name, description, parameters }) => [
    name,
    ...(description === null ? [] : [description]),
    ...(parameters === null ? [] : [JSON.stringify(parameters)]),
  ]);
  const format = task.format?.kind === "json_schema" ? [JSON.stringify(task.format.schema)] : [];
  return [...calls, ...tools, ...format];
}

function surroundings(task: Task): number {
  if (task.kind !== "chat") return 0;
  return task.messages.reduce(
    (sum, message) => sum + surroundingsOf(message),
    ANSWER_TOKENS + TOOL_TOKENS * task.tools.length,
  );
}

function surroundingsOf({ content, toolCalls = [] }: ChatTask["messages"][number]): number {
  const media = typeof content === "string" ? 0 : content.filter(({ kind }) => kind !== "text").length;
  // Parts are joined by line breaks.
  const breaks = typeof content === "string" ? 0 : content.length;
  return MESSAGE_TOKENS + MEDIA_TOKENS * media + breaks + TOOL_TOKENS * toolCalls.length;
}

/**
 * A field that the task does not carry goes to a server of the client's own protocol all the same, and a prompt may
 * stand in it. `name` is as in `untranslated`.
 */
function countUncarried(name: string, body: JsonObject, counter: TokenCounter): number {
  // Parts of messages are counted as media.
  if (/\.content\[/.test(name)) return 0;
  const value = valueAt(body, name);
  // Of these the task has all text, so that what it does not carry are the numbers of tokens.
  if (name === "prompt" || name === "input") return countNumbers(value);
  if (namesImage(name)) return MEDIA_TOKENS * (Array.isArray(value) ? value.length : 1);
  return countLeaves(value, counter);
}

/** All of the body where the name leads nowhere: so it does for a field whose own name nobody may see. */
function valueAt(body: JsonObject, name: string): JsonValue {
  let value: JsonValue | undefined = body;
  for (const step of name.split(/[.[\]]+/).filter((part) => part !== "")) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isJsonObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return body;
  }
  return value ?? body;
}

function countNumbers(value: JsonValue): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: JsonValue) => sum + countNumbers(item), 0);
  return typeof value === "number" ? 1 : 0;
}

function countLeaves(value: JsonValue, counter: TokenCounter): number {
  if (typeof value === "string") return counter.count(value);
  if (typeof value !== "object" || value === null) return 1;
  if (Array.isArray(value)) return value.reduce((sum: number, item: JsonValue) => sum + countLeaves(item, counter), 0);
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + counter.count(key) + 1 + countLeaves(item, counter),
    0,
  );
}
