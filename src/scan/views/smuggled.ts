import { MARGIN, type Rewrite } from "../sheet.ts";
import { Windows } from "./rewriting.ts";
import { SMUGGLING, traitsOf } from "./traits.ts";

/** A variation selector or a tag character, by its code units. */
const MAY_SMUGGLE = /[\ufe00-\ufe0f\udb40]/;
const TAGS = 0xe0000;
const TAGS_END = 0xe0080;
const FIRST_PRINTED = 0x20;
const CANCEL_TAG = 0xe007f;
const BLACK_FLAG = 0x1f3f4;
/** Letters and digits of the longest name of a region in a flag, such as `gbsct`, with room for more. */
const MAX_FLAG_TAGS = 6;
/** An emoji has one selector, and some programs write it twice. */
export const MIN_SELECTORS = 3;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads what is written in characters that nobody sees and models do: ASCII as tag characters (the Unicode Standard,
 * 23.9), bytes as variation selectors. Flags of regions keep their tags.
 */
export const smuggledText: Rewrite = (sheet, budget) => {
  if ((traitsOf(sheet) & SMUGGLING) === 0) return null;
  const first = sheet.search(MAY_SMUGGLE);
  const windows = new Windows(sheet, MARGIN);
  for (let at = first; at < sheet.length; at++) {
    const unit = sheet.charCodeAt(at);
    if (unit !== 0xdb40 && (unit & 0xfff0) !== 0xfe00) continue;
    const tags = tagsEnd(sheet, at);
    const end = tags > at ? tags : selectorsEnd(sheet, at);
    if (end === at) continue;
    const isFlag = tags > at && isFlagAt(sheet, at, tags);
    if (!isFlag && (tags > at || selectorsIn(sheet, at, end) >= MIN_SELECTORS)) {
      const said = tags > at ? tagged(sheet, at, end) : selected(sheet, at, end);
      windows.change(at, end);
      windows.putText(said);
      if (!budget.spend(said.length)) break;
    }
    at = end - 1;
  }
  return windows.finish();
};

/** Where a run of tag characters that begins at `at` ends; `at` where none does. */
export function tagsEnd(text: string, at: number): number {
  let end = at;
  while (text.charCodeAt(end) === 0xdb40 && isTag(text.codePointAt(end) ?? 0)) end += 2;
  return end;
}

const isTag = (codePoint: number): boolean => codePoint >= TAGS && codePoint < TAGS_END;

/** Whether a run of tags is the name of a region after a black flag (UTS #51, emoji tag sequence). */
export function isFlagAt(text: string, start: number, end: number): boolean {
  const count = (end - start) / 2 - 1;
  if (count < 1 || count > MAX_FLAG_TAGS || text.codePointAt(end - 2) !== CANCEL_TAG) return false;
  return start > 1 && text.codePointAt(start - 2) === BLACK_FLAG;
}

/** Where a run of variation selectors that begins at `at` ends; `at` where none does. */
export function selectorsEnd(text: string, at: number): number {
  let end = at;
  while (byteOf(text, end) !== -1) end += text.charCodeAt(end) === 0xdb40 ? 2 : 1;
  return end;
}

/** The byte that a variation selector stands for, by its number: VS1 is 0. */
function byteOf(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if ((unit & 0xfff0) === 0xfe00) return unit & 0x0f;
  const codePoint = unit === 0xdb40 ? (text.codePointAt(at) ?? 0) : 0;
  return codePoint >= 0xe0100 && codePoint <= 0xe01ef ? codePoint - 0xe0100 + 16 : -1;
}

/** How many selectors a run has, but for those that are as the one before, as a program may repeat them by mistake. */
export function selectorsIn(text: string, start: number, end: number): number {
  let count = 0;
  let last = -1;
  for (let at = start; at < end; at += text.charCodeAt(at) === 0xdb40 ? 2 : 1) {
    const byte = byteOf(text, at);
    if (byte !== last || byte >= 16) count++;
    last = byte;
  }
  return count;
}

function tagged(text: string, start: number, end: number): string {
  let said = "";
  for (let at = start; at < end; at += 2) {
    const unit = (text.codePointAt(at) ?? 0) - TAGS;
    if (unit >= FIRST_PRINTED && unit < 0x7f) said += String.fromCharCode(unit);
  }
  return said;
}

function selected(text: string, start: number, end: number): string {
  const bytes: number[] = [];
  for (let at = start; at < end; at += text.charCodeAt(at) === 0xdb40 ? 2 : 1) {
    const byte = byteOf(text, at);
    // Control characters say nothing, and the marks of a sheet are among them.
    bytes.push(byte >= FIRST_PRINTED || byte === 0x09 || byte === 0x0a || byte === 0x0d ? byte : FIRST_PRINTED);
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return String.fromCharCode(...bytes.slice(0, MAX_LATIN));
  }
}

/** Bytes that are no UTF-8 are noise for the most part; as Latin-1, only so many are worth reading. */
const MAX_LATIN = 4096;
