import { BOUNDARY, NAME_END } from "../sheet.ts";
import { isAt, LETTER, UPPER } from "./characters.ts";

const BEFORE = 64;
const AFTER = 32;
const MIN_WORD = 2;
const BOUNDARY_UNIT = BOUNDARY.charCodeAt(0);
const NAME_END_UNIT = NAME_END.charCodeAt(0);

/** Given a word in lower case and how many stand between it and the place; true where that settles it. */
export type Visit = (word: string, index: number) => boolean;

/**
 * Words that stand before a place, the nearest first. A name counts as standing before its value; other texts do not.
 * `phoneNumber` is `number`, then `phone`.
 */
export function visitWordsBefore(text: string, at: number, visit: Visit, from = 0): boolean {
  const first = Math.max(from, at - BEFORE);
  let index = 0;
  let end = at;
  for (let start = at - 1; start >= first - 1; start--) {
    if (start >= first && isAt(text, start, LETTER)) {
      const isHump = isAt(text, start, UPPER) && isAt(text, start + 1, LETTER) && !isAt(text, start + 1, UPPER);
      if (!isHump) continue;
      if (end - start >= MIN_WORD && isWhole(text, start, end) && visit(text.slice(start, end).toLowerCase(), index++))
        return true;
      end = start;
      continue;
    }
    if (
      end - start - 1 >= MIN_WORD &&
      isWhole(text, start + 1, end) &&
      visit(text.slice(start + 1, end).toLowerCase(), index++)
    )
      return true;
    if (text.charCodeAt(start) === BOUNDARY_UNIT && text.charCodeAt(start - 1) !== NAME_END_UNIT) return false;
    end = start;
  }
  return false;
}

/** Words that stand after a place, in the same text and within so many characters. */
export function visitWordsAfter(text: string, at: number, visit: Visit, length = AFTER): boolean {
  const last = Math.min(text.length, at + length);
  let index = 0;
  let start = at;
  for (let end = at; end <= last; end++) {
    if (end < last && isAt(text, end, LETTER)) continue;
    if (end - start >= MIN_WORD && isWhole(text, start, end) && visit(text.slice(start, end).toLowerCase(), index++))
      return true;
    if (text.charCodeAt(end) === BOUNDARY_UNIT) return false;
    start = end + 1;
  }
  return false;
}

const LATIN_FROM = 0xc0;
const LATIN_TO = 0x24f;

/** `bel` in `Hübel` is no word: another reading of the text has that in ASCII. */
const isWhole = (text: string, start: number, end: number): boolean =>
  !isLatin(text.charCodeAt(start - 1)) && !isLatin(text.charCodeAt(end));
const isLatin = (unit: number): boolean => unit >= LATIN_FROM && unit <= LATIN_TO;
