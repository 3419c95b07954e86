import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { BOUNDARY, CUT, NAME_END } from "./sheet.ts";
import { isProtocolName, isProtocolWord } from "./vocabulary.ts";

/** A place in the body. Its path is written only where something is found. */
export type Place = { readonly parent: Place | null; readonly key: string | number };

export const ROOT: Place = { parent: null, key: "" };

/** RFC 6901, 3. Places have many ancestors in common, and keys may be long: `known` has the paths that are written. */
export function pathOf(place: Place, known = new Map<Place, string>()): string {
  const { parent, key } = place;
  if (parent === null) return "";
  const path =
    known.get(place) ?? `${pathOf(parent, known)}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  known.set(place, path);
  return path;
}

/** Texts of the body in one string, parted by BOUNDARY: the text at each position of `places` stands there. */
export type Sheet = { readonly text: string; readonly places: readonly Place[] };

/** Characters of one sheet, about: what is done between two pauses of a scan is bounded by it. */
const SHEET_SIZE = 32_768;
/**
 * Longer texts are cut into pieces that overlap by so much: more than a value with all its disguises has. A token that is
 * still longer is known by its beginning.
 */
const OVERLAP = 2_048;
/** Strings, numbers and keys of a body beyond which it counts as unscannable: the scan is to take no more than moments. */
export const MAX_TEXTS = 200_000;
/** Objects and lists beyond which it counts as unscannable, whatever is in them. */
const MAX_CONTAINERS = 200_000;
/** Values of a body that are gone through between two pauses of a scan. */
const VALUES_PER_STEP = 4_096;
/** How many values the two sides of a long text take as long as. */
const VALUES_PER_SEAM = 64;
/** A text may not pass for the marks of a sheet. The mark it becomes is as invisible as it was. */
const MARKS = [BOUNDARY, CUT, NAME_END] as const;
const LAST_MARK = NAME_END.charCodeAt(0);
const NO_MARK = 0x03;

/** What the walks through one body share: how far they are until the next pause, and the places of its containers. */
export class Pace {
  #left = VALUES_PER_STEP;
  readonly #inner = new Map<Place, Map<string | number, Place>>();

  /** Whether it is time for a pause, after a value that took as long as so many. */
  isDue(values = 1): boolean {
    this.#left -= values;
    if (this.#left > 0) return false;
    this.#left = VALUES_PER_STEP;
    return true;
  }

  /** The place of a list or an object: one and the same for each walk, so that places can be told apart by identity. */
  inner(parent: Place, key: string | number): Place {
    const places = this.#inner.get(parent) ?? new Map<string | number, Place>();
    const place = places.get(key) ?? { parent, key };
    this.#inner.set(parent, places.set(key, place));
    return place;
  }
}

/** Texts that make one sheet, as they came: they are put together when it is their turn, since that takes time, too. */
type Draft = { readonly texts: string[]; readonly places: Place[]; readonly names: Set<number> };

const emptyDraft = (): Draft => ({ texts: [], places: [], names: new Set() });

export class Sheets {
  readonly #drafts: Draft[] = [];
  /** Texts and containers so far; those beyond MAX_TEXTS and MAX_CONTAINERS are not kept. */
  #count = 0;
  #containers = 0;
  #draft = emptyDraft();
  #size = 0;

  get overflowed(): boolean {
    return this.#count > MAX_TEXTS || this.#containers > MAX_CONTAINERS;
  }

  add(text: string, place: Place): void {
    if (++this.#count > MAX_TEXTS) return;
    if (text.length <= SHEET_SIZE) {
      this.#append(text, place);
      return;
    }
    for (let at = 0; at < text.length - OVERLAP; at += SHEET_SIZE - OVERLAP) {
      this.#append(text.slice(at, at + SHEET_SIZE), place);
    }
  }

  /** The name of a text stands right before it, in the same sheet: `password` means something for what comes next. */
  addNamed(name: string, text: string, place: Place): void {
    if (name.length > OVERLAP) this.add(name, place);
    if (++this.#count > MAX_TEXTS) return;
    const end = name.slice(-OVERLAP);
    // With the boundary between the two.
    const size = end.length + 1 + text.length;
    if (this.#size + size > SHEET_SIZE) this.#flush();
    this.#append(end, place);
    this.#draft.names.add(this.#draft.texts.length - 1);
    // What follows a name that it has no room beside begins beside it, at least.
    if (size > SHEET_SIZE) this.#append(text.slice(0, OVERLAP), place);
    this.add(text, place);
  }

  addContainer(): void {
    this.#containers++;
  }

  /** All of them, one after another; nothing is added after this. */
  *finish(): Generator<Sheet, void> {
    this.#flush();
    for (const { texts, places, names } of this.#drafts) {
      const safe = texts.map((text, index) => withoutMarks(text) + (names.has(index) ? NAME_END : ""));
      yield { text: safe.join(BOUNDARY), places };
    }
  }

  #append(text: string, place: Place): void {
    if (this.#size + text.length > SHEET_SIZE) this.#flush();
    this.#draft.texts.push(text);
    this.#draft.places.push(place);
    this.#size += text.length + 1;
  }

  #flush(): void {
    if (this.#draft.texts.length === 0) return;
    this.#drafts.push(this.#draft);
    this.#draft = emptyDraft();
    this.#size = 0;
  }
}

function withoutMarks(text: string): string {
  if (!MARKS.some((mark) => text.includes(mark))) return text;
  const units = Uint16Array.from({ length: text.length }, (_, at) => {
    const unit = text.charCodeAt(at);
    return unit > LAST_MARK ? unit : NO_MARK;
  });
  return Buffer.from(units.buffer).toString("utf16le");
}

/** Deeper than any route reads; what calls itself for each level of a body is safe above it. */
export const MAX_LEVELS = 128;

/** Whether the containers of a value nest deeper. Goes level by level: nothing is called for each. */
export function* isDeeper(value: JsonValue, levels: number, pace: Pace): Generator<void, boolean> {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    const below: JsonContainer[] = [];
    for (const container of level) {
      if (pace.isDue()) yield;
      for (const item of Array.isArray(container) ? container : Object.values(container)) {
        if (pace.isDue()) yield;
        if (isContainer(item)) below.push(item);
      }
    }
    level = below;
  }
  return false;
}

type JsonContainer = JsonObject | readonly JsonValue[];

const isContainer = (value: JsonValue): value is JsonContainer => typeof value === "object" && value !== null;

/**
 * Every string, number and key, as deep as the body, which is bounded where it is read. Nobody hides a word in `true`.
 * In steps of a bounded number of values.
 */
export function* gather(value: JsonValue, place: Place, sheets: Sheets, pace: Pace): Generator<void, void> {
  if (!isContainer(value)) return addText(value, place, sheets);
  sheets.addContainer();
  if (sheets.overflowed) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (pace.isDue()) yield;
      const item: JsonValue = value[index] ?? null;
      if (isContainer(item)) yield* gather(item, pace.inner(place, index), sheets, pace);
      else addText(item, { parent: place, key: index }, sheets);
      if (sheets.overflowed) return;
    }
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (pace.isDue()) yield;
      const at = isContainer(item) ? pace.inner(place, key) : { parent: place, key };
      addKey(key, item, at, sheets);
      if (isContainer(item)) yield* gather(item, at, sheets, pace);
      if (sheets.overflowed) return;
    }
  }
}

function addText(value: JsonValue, place: Place, sheets: Sheets): void {
  if (typeof value === "string" || typeof value === "number") sheets.add(String(value), place);
}

/** A key, and its value where that is a text. */
function addKey(key: string, value: JsonValue, place: Place, sheets: Sheets): void {
  const isText = typeof value === "string" || typeof value === "number";
  if (isProtocolName(key)) {
    if (isText && !isProtocolWord(key, value)) sheets.add(String(value), place);
  } else if (isText) sheets.addNamed(key, String(value), place);
  else sheets.add(key, place);
}

/** What a joined text keeps of each text on both sides of a seam: more than most of what can be broken over one. */
const SEAM = 192;
/** What is looked at for so many characters that can be seen. */
const MAX_SEAM = 2_048;
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{M}]/gu;
/** The texts of a body that stand beside each other though no list holds them. */
const NEIGHBOURS = ["system", "instructions", "prompt", "input", "suffix"] as const;

/** Texts that are read as one, and what is put between two of them. */
export type Joined = { readonly separator: string; readonly sheets: Sheets };

/**
 * A phrase, or a number, may begin in one text and end in the next: of parts, of messages, of thoughts, of a prompt and
 * its suffix. Each list of texts is taken as one, with a separator between them or with none.
 */
export function* gatherJoined(body: JsonObject, joined: readonly Joined[], pace: Pace): Generator<void, void> {
  const neighbours: string[] = [];
  for (const name of NEIGHBOURS) {
    const text = body[name] === undefined ? null : yield* textOf(body[name], pace);
    if (text !== null) neighbours.push(text);
  }
  yield* addJoined(neighbours, ROOT, joined, pace);
  yield* gatherLists(body, ROOT, joined, pace);
}

function* gatherLists(
  value: JsonContainer,
  place: Place,
  joined: readonly Joined[],
  pace: Pace,
): Generator<void, void> {
  for (const { sheets } of joined) sheets.addContainer();
  if (joined.some(({ sheets }) => sheets.overflowed)) return;
  if (isJsonObject(value)) {
    const texts: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      if (pace.isDue()) yield;
      if (isContainer(item)) yield* gatherLists(item, pace.inner(place, key), joined, pace);
      else if (typeof item === "string" && place.parent !== null && !isBeside(key, item)) {
        texts.push(...(isProtocolName(key) ? [item] : [key, item]));
      }
    }
    yield* addJoined(texts, place, joined, pace);
    return;
  }
  const fields = yield* textsByField(value, pace);
  for (const texts of fields.values()) if (texts.length > 1) yield* addJoined(texts, place, joined, pace);
  for (const [index, item] of value.entries()) {
    if (pace.isDue()) yield;
    if (isContainer(item)) yield* gatherLists(item, pace.inner(place, index), joined, pace);
  }
}

/** `call_x7Kd92Lm` of a call and of its result: no text goes on in it, and its `call` is no telephone's. */
const CALL_ID = /^[a-z]{2,8}_[A-Za-z0-9_-]{6,64}$/;
const CALL_ID_NAMES: ReadonlySet<string> = new Set(["id", "call_id", "tool_call_id"]);

/** Whether a value stands beside the texts of an object and is none of them. */
const isBeside = (key: string, value: JsonValue): boolean =>
  isProtocolWord(key, value) || (CALL_ID_NAMES.has(key) && typeof value === "string" && CALL_ID.test(value));

/** The texts of a list's items: those that are items themselves, and those that its objects hold under each name. */
function* textsByField(
  list: readonly JsonValue[],
  pace: Pace,
): Generator<void, ReadonlyMap<string, readonly string[]>> {
  const fields = new Map<string, string[]>();
  const add = (field: string, text: string | null) => {
    if (text === null) return;
    const texts = fields.get(field);
    if (texts === undefined) fields.set(field, [text]);
    else texts.push(text);
  };
  for (const item of list) {
    if (pace.isDue()) yield;
    if (typeof item === "string") add("", item);
    else if (Array.isArray(item)) add("", loneTextOf(item));
    else if (isJsonObject(item)) {
      for (const [key, value] of Object.entries(item)) {
        if (pace.isDue()) yield;
        if (isBeside(key, value)) continue;
        add(`/${key}`, loneTextOf(value) ?? (yield* textOf(value, pace)));
        if (!isJsonObject(value)) continue;
        for (const [inner, text] of Object.entries(value)) {
          if (pace.isDue()) yield;
          if (typeof text === "string" && !isProtocolWord(inner, text)) add(`/${key}/${inner}`, text);
        }
      }
    }
  }
  return fields;
}

/** A text that lists and objects are wrapped around, one in another, with nothing else in them. */
function loneTextOf(value: JsonValue): string | null {
  let inner = value;
  while (isContainer(inner)) {
    const items: readonly JsonValue[] = Array.isArray(inner) ? inner : Object.values(inner);
    const [only] = items;
    if (only === undefined || items.length > 1) return null;
    inner = only;
  }
  return typeof inner === "string" ? inner : null;
}

/** The text of a message's content, whether it is one or in parts. */
function* textOf(value: JsonValue, pace: Pace): Generator<void, string | null> {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const texts: string[] = [];
  for (const part of value as readonly JsonValue[]) {
    if (pace.isDue()) yield;
    if (typeof part === "string") texts.push(part);
    else if (isJsonObject(part)) {
      const text = part["text"] ?? part["content"];
      if (typeof text === "string") texts.push(text);
    }
  }
  return texts.length === 0 ? null : texts.join("");
}

/** Beginnings and ends that can be seen: marks and white space beside a seam could keep its two sides apart. */
const headOf = (text: string): string => text.slice(0, MAX_SEAM).replace(UNSEEN, "").trimStart().slice(0, SEAM);
const tailOf = (text: string): string => text.slice(-MAX_SEAM).replace(UNSEEN, "").trimEnd().slice(-SEAM);

function* addJoined(
  texts: readonly string[],
  place: Place,
  joined: readonly Joined[],
  pace: Pace,
): Generator<void, void> {
  if (texts.length < 2) return;
  for (const { separator, sheets } of joined) {
    let text = "";
    for (const [index, next] of texts.entries()) {
      if (pace.isDue(next.length <= 2 * SEAM ? 1 : VALUES_PER_SEAM)) yield;
      const seam = index === 0 ? "" : separator;
      if (next.length <= 2 * SEAM) text += seam + next;
      else {
        if (index > 0) sheets.add(text + seam + headOf(next), place);
        text = tailOf(next);
      }
      if (text.length < SHEET_SIZE - OVERLAP) continue;
      sheets.add(text, place);
      text = text.slice(-OVERLAP);
    }
    sheets.add(text, place);
  }
}
