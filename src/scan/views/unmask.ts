import { MARGIN, type Rewrite } from "../sheet.ts";
import { APART, asciiOf, classOf, DASH, DISGUISED, DOT, FOREIGN, PLAIN, SIGN, targetOf } from "./look-alikes.ts";
import { Windows } from "./rewriting.ts";
import { MASKED, traitsOf } from "./traits.ts";

const BEYOND_ASCII = /\P{ASCII}/u;
/** How far before a letter of another script a letter of ASCII in the same word is looked for. */
const MAX_LOOK_BACK = 64;

/**
 * Reads letters of other scripts that look like ASCII as what they look like (UTS #39), in words that are mixed of both,
 * or that have no other letters: most words of Russian or Greek have, and stay. To be read before case is folded, since
 * capitals and small letters look different.
 */
export const unmask: Rewrite = (sheet) => unmaskWith(sheet, MARGIN, false);

/** Keeps `margin` characters around each change. With `all`, no word stays because of its other letters. */
export function unmaskWith(text: string, margin: number, all: boolean): string | null {
  if ((traitsOf(text) & MASKED) === 0) return null;
  const first = text.search(BEYOND_ASCII);
  const windows = new Windows(text, margin);
  const { length } = text;
  for (let at = first; at < length; at++) {
    if (text.charCodeAt(at) < 0x80) continue;
    const codePoint = text.codePointAt(at) ?? 0;
    const kind = classOf(codePoint);
    if (kind === DISGUISED || kind === FOREIGN || kind === PLAIN) at = unmaskWord(text, at, windows, all) - 1;
    else {
      if (kind !== APART) unmaskSign(text, at, kind, codePoint, windows);
      if (codePoint > 0xffff) at++;
    }
  }
  return windows.finish();
}

/** From the first character of a word that is not ASCII; answers where the word ends. */
function unmaskWord(text: string, start: number, windows: Windows, all: boolean): number {
  let isMixed = all || hasLetterBefore(text, start);
  let isDisguised = false;
  let isForeign = false;
  let end = start;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    if (unit < 0x80) {
      if (!isWordUnit(unit)) break;
      if (unit > 0x39) isMixed = true;
      end++;
      continue;
    }
    const codePoint = text.codePointAt(end) ?? unit;
    const kind = classOf(codePoint);
    if (kind === DISGUISED) isDisguised = true;
    else if (kind === FOREIGN) isForeign = true;
    else if (kind !== PLAIN) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  if (isDisguised && (isMixed || !isForeign)) replaceIn(text, start, end, windows);
  return end;
}

function replaceIn(text: string, start: number, end: number, windows: Windows): void {
  // Letters in a row that may be zeros and ones are before a digit, or all are not.
  let rowEnd = start;
  let isBeforeDigit = false;
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) < 0x80) continue;
    const codePoint = text.codePointAt(at) ?? 0;
    const size = codePoint > 0xffff ? 2 : 1;
    const target = targetOf(codePoint);
    if (target !== "" && classOf(codePoint) === DISGUISED) {
      const previous = asciiBefore(text, at, windows);
      windows.change(at, at + size);
      const digit = digitFor(target);
      if (digit !== "" && at >= rowEnd) {
        rowEnd = endOfRow(text, at);
        isBeforeDigit = isDigit(asciiOf(text.codePointAt(rowEnd) ?? 0));
      }
      windows.putText(digit !== "" && (isBeforeDigit || isDigit(previous)) ? digit : target);
    }
    at += size - 1;
  }
}

const digitFor = (target: string): string =>
  target === "O" || target === "o" ? "0" : target === "l" || target === "I" ? "1" : "";

/** Where letters that look like zeros and ones, in a row from `at` on, end. */
function endOfRow(text: string, at: number): number {
  let end = at;
  for (;;) {
    const codePoint = text.codePointAt(end) ?? 0;
    if (codePoint < 0x80 || digitFor(targetOf(codePoint)) === "") return end;
    end += codePoint > 0xffff ? 2 : 1;
  }
}

function unmaskSign(text: string, at: number, kind: number, codePoint: number, windows: Windows): void {
  const size = codePoint > 0xffff ? 2 : 1;
  const before = asciiBefore(text, at, windows);
  const after = asciiOf(text.codePointAt(at + size) ?? 0);
  if (kind === DOT && !(isWordUnit(before) && isWordUnit(after))) return;
  if (kind === DASH && !(isDigit(before) && isDigit(after))) return;
  windows.change(at, at + size);
  windows.putText(kind === SIGN ? targetOf(codePoint) : kind === DOT ? "." : "-");
}

function asciiBefore(text: string, at: number, windows: Windows): number {
  const unit = windows.before(at);
  return asciiOf(isLowSurrogate(unit) && at > 1 ? (text.codePointAt(at - 2) ?? 0) : unit);
}

function hasLetterBefore(text: string, at: number): boolean {
  const least = Math.max(0, at - MAX_LOOK_BACK);
  for (let index = at - 1; index >= least; index--) {
    const unit = text.charCodeAt(index);
    if (!isWordUnit(unit)) return false;
    if (unit > 0x39) return true;
  }
  return false;
}

const isLowSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;
const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
const isWordUnit = (unit: number): boolean => isDigit(unit) || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a);
