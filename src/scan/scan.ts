import type { ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { isJsonObject, type JsonValue } from "../core/json.ts";
import { fold, visibleViews } from "./fold.ts";
import { opaqueContent } from "./opaque.ts";
import { unescapedStages } from "./unescape.ts";
import { isProtocolName, isProtocolWord } from "./vocabulary.ts";

export type CompiledScan = {
  /** Folded, non-empty, without duplicates. */
  readonly keywords: readonly string[];
};

/** A keyword that cannot be folded can be in no text that can, so it is dropped. */
export function compileScan(keywords: readonly string[]): CompiledScan {
  const views = keywords.flatMap((keyword) => visibleViews(keyword.trim()).slice(0, 1));
  const folded = views.map((keyword) => fold(keyword) ?? "").filter((keyword) => keyword !== "");
  return { keywords: [...new Set(folded)] };
}

/** What is said of a request beyond these is nothing new for a decision. */
const MAX_FINDINGS = 64;
/** How many times the whole may be read to find the places of what is in it; small bodies may be read more often. */
const SEARCH_FACTOR = 6;
const SMALL = 65_536;

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
  for (const { path, text } of joinedTexts(request)) search.look({ path, value: text });
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
  /** Characters that may still be read for the place of what was found. */
  #budget = 0;

  constructor(compiled: CompiledScan) {
    this.#compiled = compiled;
  }

  look(place: Place): void {
    const text = textOf([place]);
    this.#budget = SEARCH_FACTOR * (text?.length ?? 0) + SMALL;
    const code = codeIn(text, this.#compiled);
    if (text === null) this.#found("unscannable", place.path);
    else if (code !== null) this.#descend(place, code);
  }

  #lookAt(places: readonly Place[], parent: string): void {
    if (this.#budget < 0) return;
    const text = textOf(places);
    this.#budget -= text?.length ?? 0;
    const code = codeIn(text, this.#compiled);
    const [only, ...others] = places;
    if (code === null || only === undefined) return;
    // To look for the place of what is too much would be more of it.
    if (text === null || this.#budget < 0) this.#found("unscannable", parent);
    else if (others.length === 0) this.#descend(only, code);
    else this.#split(places, parent, code);
  }

  /** Something is in a place: in its key, in its value, or where they meet. */
  #descend({ path, key, value }: Place, code: Finding["code"]): void {
    const children = childrenOf(value, path);
    const [only, ...others] = children;
    if (only === undefined) this.#found(code, path);
    else if (key === undefined || isProtocolName(key)) {
      if (others.length === 0) this.#descend(only, code);
      else this.#split(children, path, code);
    } else {
      const before = this.findings.length;
      this.#lookAt([{ path, value: key }], path);
      this.#lookAt(children, path);
      if (this.findings.length === before) this.#found(code, path);
    }
  }

  /** Where something is in all of it and in none of its parts, it is where they meet. */
  #split(places: readonly Place[], parent: string, code: Finding["code"]): void {
    const before = this.findings.length;
    const half = places.length >> 1;
    this.#lookAt(places.slice(0, half), parent);
    this.#lookAt(places.slice(half), parent);
    if (this.findings.length === before) this.#found(code, parent);
  }

  #found(code: Finding["code"], path: string): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ code, path });
    else this.#budget = -1;
  }
}

/** Empty for a value that is one by itself. */
function childrenOf(value: JsonValue, parent: string): Place[] {
  if (typeof value !== "object" || value === null) return [];
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

/** All that stands in places, as one text; null where it is of too many. */
function textOf(places: readonly Place[]): string | null {
  const texts: string[] = [];
  for (const { key, value } of places) {
    if (key === undefined) gather(value, texts);
    else gatherEntry(key, value, texts);
  }
  return texts.length > MAX_TEXTS ? null : texts.join(" ");
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
function codeIn(text: string | null, { keywords }: CompiledScan): "keyword" | "unscannable" | null {
  const stages = text === null ? null : unescapedStages(text);
  if (stages === null) return "unscannable";
  for (const view of stages.flatMap(visibleViews)) {
    const folded = fold(view);
    if (folded === null) return "unscannable";
    if (keywords.some((keyword) => folded.includes(keyword))) return "keyword";
  }
  return null;
}

type Joined = { readonly path: string; readonly text: string };

/** A phrase, or a word, may begin in one text and end in the next: of parts, of thoughts, of a prompt and its suffix. */
function joinedTexts({ task, body }: ChatRequest): Joined[] {
  const joined = textLists(body, "").flatMap(({ path, texts }) => [
    { path, text: texts.join("") },
    { path, text: texts.join(" ") },
  ]);
  if (task.kind !== "completion" || task.suffix === null) return joined;
  return [...joined, { path: "/prompt", text: task.prompt + task.suffix }];
}

type TextList = { readonly path: string; readonly texts: readonly string[] };

/** Lists of objects of which two or more have a `text`, wherever they stand. */
function textLists(value: JsonValue, path: string): TextList[] {
  if (typeof value !== "object" || value === null) return [];
  const texts: string[] = [];
  const lists: TextList[] = [];
  if (!Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) lists.push(...textLists(item, pathOf(path, key)));
    return lists;
  }
  for (const [index, item] of value.entries()) {
    if (typeof item !== "object" || item === null) continue;
    if (isJsonObject(item) && typeof item["text"] === "string") texts.push(item["text"]);
    for (const list of textLists(item, `${path}/${index}`)) lists.push(list);
  }
  return texts.length < 2 ? lists : [...lists, { path, texts }];
}
