import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { BOUNDARY, CUT, NAME_END } from "./sheet.ts";
import { isProtocolName, isProtocolWord } from "./vocabulary.ts";

/** A place in the body. Its path is written only where something is found. */
export type Place = { readonly parent: Place | null; readonly key: string | number };

export const ROOT: Place = { parent: null, key: "" };

/** RFC 6901, 3. */
export function pathOf({ parent, key }: Place): string {
  if (parent === null) return "";
  return `${pathOf(parent)}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Texts of the body in one string, parted by BOUNDARY: the text at each position of `places` stands there. */
export type Sheet = { readonly text: string; readonly places: readonly Place[] };

/** Characters of one sheet, about: what is done between two pauses of a scan is bounded by it. */
const SHEET_SIZE = 65_536;
/** Longer texts are cut into pieces that overlap by so much, which is more than any detector reads. */
const OVERLAP = 1_024;
/** Strings, numbers and keys of a body beyond which it counts as unscannable: the scan is to take no more than moments. */
export const MAX_TEXTS = 200_000;
/** A text may not pass for the marks of a sheet. The mark it becomes is as invisible as it was. */
const MARKS = new RegExp(`[${BOUNDARY}${CUT}${NAME_END}]`, "g");
const NO_MARK = "\u0003";

export class Sheets {
  readonly #sheets: Sheet[] = [];
  /** Texts added so far; those beyond MAX_TEXTS are not kept. */
  #count = 0;
  #texts: string[] = [];
  #places: Place[] = [];
  #size = 0;

  get overflowed(): boolean {
    return this.#count > MAX_TEXTS;
  }

  add(text: string, place: Place): void {
    if (++this.#count > MAX_TEXTS) return;
    const safe = withoutMarks(text);
    if (safe.length <= SHEET_SIZE) {
      this.#append(safe, place);
      return;
    }
    for (let at = 0; at < safe.length - OVERLAP; at += SHEET_SIZE - OVERLAP) {
      this.#append(safe.slice(at, at + SHEET_SIZE), place);
    }
  }

  /** The name of a text stands right before it, in the same sheet: `password` means something for what comes next. */
  addNamed(name: string, text: string, place: Place): void {
    if (++this.#count > MAX_TEXTS) return;
    const mark = withoutMarks(name) + NAME_END;
    if (this.#size + mark.length + text.length > SHEET_SIZE) this.#flush();
    this.#append(mark, place);
    this.add(text, place);
  }

  /** All of them; nothing is added after this. */
  finish(): readonly Sheet[] {
    this.#flush();
    return this.#sheets;
  }

  #append(text: string, place: Place): void {
    if (this.#size + text.length > SHEET_SIZE) this.#flush();
    this.#texts.push(text);
    this.#places.push(place);
    this.#size += text.length + 1;
  }

  #flush(): void {
    if (this.#texts.length === 0) return;
    this.#sheets.push({ text: this.#texts.join(BOUNDARY), places: this.#places });
    this.#texts = [];
    this.#places = [];
    this.#size = 0;
  }
}

const withoutMarks = (text: string): string => (text.search(MARKS) < 0 ? text : text.replace(MARKS, NO_MARK));

/** Deeper than any route reads; what calls itself for each level of a body is safe above it. */
export const MAX_LEVELS = 128;

export function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item: JsonValue) => isDeeper(item, levels - 1));
}

/** Every string, number and key, as deep as the body, which is bounded where it is read. Nobody hides a word in `true`. */
export function gather(value: JsonValue, place: Place, sheets: Sheets): void {
  if (sheets.overflowed) return;
  if (typeof value === "string") sheets.add(value, place);
  else if (typeof value === "number") sheets.add(String(value), place);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) gather(item, { parent: place, key: index }, sheets);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) gatherEntry(key, item, { parent: place, key }, sheets);
  }
}

function gatherEntry(key: string, value: JsonValue, place: Place, sheets: Sheets): void {
  if (isProtocolName(key)) {
    if (!isProtocolWord(key, value)) gather(value, place, sheets);
  } else if (typeof value === "string" || typeof value === "number") sheets.addNamed(key, String(value), place);
  else {
    sheets.add(key, place);
    gather(value, place, sheets);
  }
}

/** What a joined text keeps of each text on both sides of a seam: more than most of what can be broken over one. */
const SEAM = 160;
/** The texts of a body that stand beside each other though no list holds them. */
const NEIGHBOURS = ["system", "instructions", "prompt", "input", "suffix"] as const;

/**
 * A phrase, or a number, may begin in one text and end in the next: of parts, of messages, of thoughts, of a prompt and
 * its suffix. Each list of texts is taken as one, with a separator between them or with none.
 */
export function gatherJoined(body: JsonObject, separator: string, sheets: Sheets): void {
  const add: AddTexts = (texts, place) => addJoined(texts, separator, place, sheets);
  add(
    NEIGHBOURS.flatMap((name) => (typeof body[name] === "string" ? [body[name]] : [])),
    ROOT,
  );
  gatherLists(body, ROOT, add, sheets);
}

type AddTexts = (texts: readonly string[], place: Place) => void;

function gatherLists(value: JsonValue, place: Place, add: AddTexts, sheets: Sheets): void {
  if (typeof value !== "object" || value === null || sheets.overflowed) return;
  if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) gatherLists(item, { parent: place, key }, add, sheets);
    return;
  }
  for (const texts of textsByField(value).values()) add(texts, place);
  for (const [index, item] of value.entries()) gatherLists(item, { parent: place, key: index }, add, sheets);
}

/** The texts of a list's items: those that are items themselves, and those that its objects hold under each name. */
function textsByField(list: readonly JsonValue[]): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  const add = (field: string, text: string | null) => {
    if (text === null) return;
    const texts = fields.get(field);
    if (texts === undefined) fields.set(field, [text]);
    else texts.push(text);
  };
  for (const item of list) {
    if (typeof item === "string") add("", item);
    else if (isJsonObject(item)) {
      for (const [key, value] of Object.entries(item)) if (!isProtocolWord(key, value)) add(`/${key}`, textOf(value));
    }
  }
  return fields;
}

/** The text of a message's content, whether it is one or in parts. */
function textOf(value: JsonValue): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const texts = value.flatMap((part: JsonValue) => {
    if (typeof part === "string") return [part];
    return isJsonObject(part) && typeof part["text"] === "string" ? [part["text"]] : [];
  });
  return texts.length === 0 ? null : texts.join("");
}

function addJoined(texts: readonly string[], separator: string, place: Place, sheets: Sheets): void {
  if (texts.length < 2) return;
  let joined = "";
  for (const [index, text] of texts.entries()) {
    const seam = index === 0 ? "" : separator;
    if (text.length <= 2 * SEAM) joined += seam + text;
    else {
      if (index > 0) sheets.add(joined + seam + text.slice(0, SEAM), place);
      joined = text.slice(-SEAM);
    }
  }
  sheets.add(joined, place);
}
