import type { ChatRequest, Task } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { textOf } from "../core/prompt.ts";
import { fold } from "./fold.ts";

export type CompiledScan = {
  /** Folded, non-empty, without duplicates. */
  readonly keywords: readonly string[];
};

/** A keyword that cannot be folded can be in no text that can, so it is dropped. */
export function compileScan(keywords: readonly string[]): CompiledScan {
  const folded = keywords.map((keyword) => fold(keyword.trim()) ?? "").filter((keyword) => keyword !== "");
  return { keywords: [...new Set(folded)] };
}

/** The name of a model is checked against a pattern of its own and is no place for content. */
const EXEMPT = "model";

/**
 * Looks through every string of the body, keys included: messages of every role, tool definitions, arguments, schemas
 * and fields that nobody here understands. Pure, and never throws: what cannot be scanned is a finding of its own.
 */
export function scan(request: ChatRequest, compiled: CompiledScan): Finding[] {
  const findings = opaqueContent(request);
  if (compiled.keywords.length === 0) return findings;
  for (const [key, value] of Object.entries(request.body)) {
    if (key !== EXEMPT) scanEntry(key, value, "", compiled, findings);
  }
  scanJoined(request.task, compiled, findings);
  return findings;
}

function scanEntry(key: string, value: JsonValue, parent: string, compiled: CompiledScan, findings: Finding[]): void {
  const path = `${parent}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  scanText(key, path, compiled, findings);
  scanValue(value, path, compiled, findings);
}

/** As deep as the body, which is bounded where it is read. */
function scanValue(value: JsonValue, path: string, compiled: CompiledScan, findings: Finding[]): void {
  if (typeof value === "string") scanText(value, path, compiled, findings);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) scanValue(item, `${path}/${index}`, compiled, findings);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) scanEntry(key, item, path, compiled, findings);
  }
}

function scanText(text: string, path: string, { keywords }: CompiledScan, findings: Finding[]): void {
  const folded = fold(text.includes("\\") ? `${text}\n${unescaped(text)}` : text);
  if (folded === null) findings.push({ code: "unscannable", path });
  else if (keywords.some((keyword) => folded.includes(keyword))) findings.push({ code: "keyword", path });
}

const JSON_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(["\\/])|[bfnrt])/g;

/** JSON inside a string, such as the arguments of a tool call, may spell any character as an escape (RFC 8259, 7). */
function unescaped(text: string): string {
  return text.replace(JSON_ESCAPE, (_, digits?: string, sign?: string) =>
    digits === undefined ? (sign ?? " ") : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** A phrase may begin in one part of a message and end in the next; a model reads them as one text. */
function scanJoined(task: Task, compiled: CompiledScan, findings: Finding[]): void {
  if (task.kind !== "chat") return;
  for (const [index, message] of task.messages.entries()) {
    if (typeof message.content === "string" || message.content.length < 2) continue;
    scanText(textOf(message), `/messages/${index}/content`, compiled, findings);
  }
}

/** Token numbers stand for text that only a tokenizer could read; Ollama's `context` is a whole conversation of them. */
const MAY_HOLD_TOKENS = ["input", "prompt", "context"] as const;

function opaqueContent({ task, body }: ChatRequest): Finding[] {
  const tokens = MAY_HOLD_TOKENS.filter((field) => holdsNumbers(body[field])).map((field) => `/${field}`);
  const embedded = holdsDataUrl(body) ? [""] : [];
  return [...opaqueMessages(task), ...opaqueBesideContent(body), ...tokens, ...embedded].map((path) => ({
    code: "opaque",
    path,
  }));
}

/** Wherever it stands: a provider may look for a file in a field that nobody here knows. */
function holdsDataUrl(value: JsonValue): boolean {
  if (typeof value === "string") return DATA_URL.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsDataUrl);
}

const DATA_URL = /^\s*data:[^,]{0,200};base64,/i;

function holdsNumbers(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === "number" || holdsNumbers(item));
}

function opaqueMessages(task: Task): string[] {
  if (task.kind !== "chat") return [];
  return task.messages.flatMap(({ content }, index) =>
    typeof content !== "string" && content.some((part) => part.kind !== "text") ? [`/messages/${index}/content`] : [],
  );
}

/** What some servers read beside the content of a message, in whatever protocol it came. */
const BESIDE_CONTENT = ["images", "audio", "files", "videos"] as const;

function opaqueBesideContent({ messages }: JsonObject): string[] {
  if (!Array.isArray(messages)) return [];
  return messages.flatMap((message: JsonValue, index) =>
    isJsonObject(message)
      ? BESIDE_CONTENT.filter((field) => !isEmpty(message[field])).map((field) => `/messages/${index}/${field}`)
      : [],
  );
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
