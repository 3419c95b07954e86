import type { Task } from "../core/chat.ts";
import { type Finding, OPAQUE_PART } from "../core/finding.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";

/** Content that is no text and so cannot be read, wherever a provider may look for it. */
export function opaqueContent({ task, body }: { readonly task: Task | null; readonly body: JsonObject }): Finding[] {
  const tokens = MAY_HOLD_TOKENS.filter((field) => holdsNumbers(body[field])).map((field) => `/${field}`);
  const paths = new Set([...opaqueParts(task), ...mediaIn(body), ...tokens]);
  // Where it is in the body nobody needs to know; a part that is one is told of already.
  if (paths.size === 0 && holdsDataUrl(body)) paths.add("");
  return [...paths].map((path) => ({ code: OPAQUE_PART, path, view: "raw", count: 1 }));
}

/** Token numbers stand for text that only a tokenizer could read; Ollama's `context` is a whole conversation of them. */
export const MAY_HOLD_TOKENS = ["input", "prompt", "context", "input_ids", "prompt_token_ids"] as const;

function holdsNumbers(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === "number" || holdsNumbers(item));
}

function opaqueParts(task: Task | null): string[] {
  if (task?.kind !== "chat") return [];
  return task.messages.flatMap(({ content }, index) =>
    typeof content !== "string" && content.some((part) => part.kind !== "text") ? [`/messages/${index}/content`] : [],
  );
}

/** The names that servers give to what is no text: beside a prompt, beside a message's content, or in a part of it. */
export const MEDIA: ReadonlySet<string> = new Set([
  ...["image", "images", "image_url", "image_data", "image_base64", "image_embeds", "input_image"],
  ...["audio", "audio_url", "audio_embeds", "input_audio", "video", "videos", "video_url", "input_video"],
  ...["file", "files", "file_data", "file_id", "file_url", "input_file"],
  ...["prompt_embeds", "input_embeds", "multi_modal_data", "multimodal_data", "inline_data"],
]);
/** Objects of the client's own making, where any name is free, and the wish for an answer that is spoken. */
const FREE = new Set(["tools", "functions", "response_format", "format", "text", "metadata", "options", "audio"]);
const FREE_IN_MESSAGE = new Set(["tool_calls", "function_call", "parsed", "annotations"]);

function mediaIn(body: JsonObject): string[] {
  return Object.entries(body).flatMap(([field, value]) => {
    if (FREE.has(field)) return [];
    if (isMedia(field, value)) return [`/${field}`];
    return Array.isArray(value) ? mediaInMessages(value, field) : [];
  });
}

/** The first that there is: one is as bad as all. */
function mediaInMessages(messages: readonly JsonValue[], field: string): string[] {
  for (const [index, message] of messages.entries()) {
    const found = isJsonObject(message) ? mediaInMessage(message, `/${field}/${index}`) : [];
    if (found.length > 0) return found;
  }
  return [];
}

/** A message of any protocol, or an item of a Response's input: its own fields, and those of the parts of its content. */
function mediaInMessage(message: JsonObject, path: string): string[] {
  return Object.entries(message).flatMap(([field, value]) => {
    if (FREE_IN_MESSAGE.has(field)) return [];
    if (isMedia(field, value)) return [`${path}/${field}`];
    const holdsMedia = Array.isArray(value) && value.some((part: JsonValue) => isJsonObject(part) && hasMedia(part));
    return holdsMedia ? [`${path}/${field}`] : [];
  });
}

const hasMedia = (part: JsonObject): boolean => Object.entries(part).some(([field, value]) => isMedia(field, value));

const isMedia = (field: string, value: JsonValue): boolean => MEDIA.has(field) && !isEmpty(value);

const isEmpty = (value: JsonValue): boolean =>
  value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

const DATA_URL = /^\s*data:[^,]{0,200};base64,/i;

function holdsDataUrl(value: JsonValue): boolean {
  if (typeof value === "string") return DATA_URL.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.some(holdsDataUrl) : Object.values(value).some(holdsDataUrl);
}
