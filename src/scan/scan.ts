import type { ChatRequest, Task } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import type { JsonValue } from "../core/json.ts";
import { textOf } from "../core/prompt.ts";
import { fold } from "./fold.ts";
import { opaqueContent } from "./opaque.ts";
import { unescapedStages } from "./unescape.ts";
import { isProtocolName, isProtocolWord } from "./vocabulary.ts";

export type CompiledScan = {
  /** Folded, non-empty, without duplicates. */
  readonly keywords: readonly string[];
};

/** A keyword that cannot be folded can be in no text that can, so it is dropped. */
export function compileScan(keywords: readonly string[]): CompiledScan {
  const folded = keywords.map((keyword) => fold(keyword.trim()) ?? "").filter((keyword) => keyword !== "");
  return { keywords: [...new Set(folded)] };
}

/** What is said of a request beyond these is nothing new for a decision. */
const MAX_FINDINGS = 64;

/**
 * Looks through every string, number and key of the body: messages of every role, tool definitions, arguments, schemas,
 * names and fields that nobody here understands. What stands side by side is also read as one, as a model reads it. Pure,
 * and never throws: what cannot be scanned is a finding of its own.
 */
export function scan(request: ChatRequest, compiled: CompiledScan): Finding[] {
  const findings = opaqueContent(request);
  if (compiled.keywords.length === 0) return findings;
  const search = new Search(compiled);
  search.look({ path: "", value: request.body });
  for (const [index, text] of joinedTexts(request.task))
    search.look({ path: `/messages/${index}/content`, value: text });
  return [...findings, ...search.findings];
}

/** A value of the body and where it stands; of an entry of an object, its key too. */
type Place = { readonly path: string; readonly key?: string; readonly value: JsonValue };

/**
 * Takes all that is below a place as one text first, which costs one pass over it whatever it is made of, and looks
 * closer only where that text has something: at one half of its parts and then at the other.
 */
class Search {
  readonly findings: Finding[] = [];
  readonly #compiled: CompiledScan;

  constructor(compiled: CompiledScan) {
    this.#compiled = compiled;
  }

  look(place: Place): void {
    this.#lookAt([place], place.path);
  }

  /** Whether anything was found. `parent` is where these places stand side by side. */
  #lookAt(places: readonly Place[], parent: string): boolean {
    if (this.findings.length >= MAX_FINDINGS) return true;
    const texts = textsOf(places);
    const code = texts === null ? "unscannable" : codeIn(texts.join(" "), this.#compiled);
    if (code === null) return false;
    const [only, ...others] = places;
    if (only === undefined) return false;
    const before = this.findings.length;
    // To look for the place of what is too much would be more of it.
    if (texts === null) this.findings.push({ code: "unscannable", path: parent });
    else if (others.length === 0) this.#lookInto(only);
    else {
      const half = places.length >> 1;
      this.#lookAt(places.slice(0, half), parent);
      this.#lookAt(places.slice(half), parent);
    }
    // Found in all of it and in no part: it is where the parts meet.
    if (this.findings.length === before) this.findings.push({ code, path: others.length === 0 ? only.path : parent });
    return true;
  }

  #lookInto({ path, key, value }: Place): void {
    if (key !== undefined && !isProtocolName(key)) this.#lookAt([{ path, value: key }], path);
    if (typeof value === "object" && value !== null) this.#lookAt(childrenOf(value, path), path);
    else if (key !== undefined) this.#lookAt([{ path, value }], path);
  }
}

function childrenOf(value: object, parent: string): Place[] {
  if (Array.isArray(value)) return value.map((item: JsonValue, index) => ({ path: `${parent}/${index}`, value: item }));
  return Object.entries(value).map(([key, item]: [string, JsonValue]) => ({
    path: pathOf(parent, key),
    key,
    value: item,
  }));
}

/** RFC 6901, 3. */
const pathOf = (parent: string, key: string): string => `${parent}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** Strings, numbers and keys of a body beyond which it counts as unscannable: the scan is to take no more than moments. */
const MAX_TEXTS = 200_000;

/** Null where there are too many. */
function textsOf(places: readonly Place[]): string[] | null {
  const texts: string[] = [];
  for (const { key, value } of places) {
    if (key === undefined) gather(value, texts);
    else gatherEntry(key, value, texts);
  }
  return texts.length > MAX_TEXTS ? null : texts;
}

/** As deep as the body, which is bounded where it is read. Nobody hides a keyword in `true`. */
function gather(value: JsonValue, texts: string[]): void {
  if (texts.length > MAX_TEXTS) return;
  if (typeof value === "string") texts.push(value);
  else if (typeof value === "number") texts.push(String(value));
  else if (Array.isArray(value)) for (const item of value) gather(item, texts);
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) gatherEntry(key, item, texts);
  }
}

function gatherEntry(key: string, value: JsonValue, texts: string[]): void {
  if (!isProtocolName(key)) texts.push(key);
  if (!isProtocolWord(key, value)) gather(value, texts);
}

/** JSON inside a string, such as the arguments of a tool call, may spell any character as an escape, level upon level. */
function codeIn(text: string, { keywords }: CompiledScan): "keyword" | "unscannable" | null {
  const stages = unescapedStages(text);
  if (stages === null) return "unscannable";
  for (const stage of stages) {
    const folded = fold(stage);
    if (folded === null) return "unscannable";
    if (keywords.some((keyword) => folded.includes(keyword))) return "keyword";
  }
  return null;
}

/** A phrase, or a word, may begin in one part of a message and end in the next. */
function joinedTexts(task: Task): [number, string][] {
  if (task.kind !== "chat") return [];
  return task.messages.flatMap((message, index): [number, string][] => {
    const joined = typeof message.content === "string" ? [] : [textOf(message), textOf(message, "")];
    const texts = message.thinking === undefined ? joined : [...joined, message.thinking];
    return texts.map((text) => [index, text]);
  });
}
