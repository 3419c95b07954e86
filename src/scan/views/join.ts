import { BOUNDARY, type Budget, CUT, NAME_END, type Rewrite } from "../sheet.ts";
import { Windows } from "./rewriting.ts";

/** Most characters between two single ones that count as their separator, as in `4 - 1 - 1 - 1`. */
const MAX_SEPARATOR = 5;
/** Single characters in a row, with the same separator, that are one word spelled out. */
const MIN_SINGLES = 3;
const RETURN = 0x0d;
const AT_SIGN = 0x40;
/** After these at the end of a line comes what they announce, or nothing: `password=` and the next setting are two. */
const ENDS_NOTHING: ReadonlySet<number> = new Set(Array.from("=:;,{}", (sign) => sign.charCodeAt(0)));

/** Words of these need no third character. */
const FIRST_IDEOGRAPH = 0x2e80;
/** Digits of the shortest number that is put together. */
const SHORT_NUMBER = 6;
/** Longer ones end where it matters little: an address of a wallet has 108 characters, a key 172. */
const MAX_WHOLE = 256;
const MAX_CELL = 20;
const COLUMN_SIGNS: ReadonlySet<number> = new Set(Array.from("\t,;|", (sign) => sign.charCodeAt(0)));
const LETTER = /^[A-Za-z]$/;
/** Something, a character of a word, and something again. */
const ONE_BETWEEN = 2;

/** Kinds of characters, as bits: of words, white space, marks of the sheet, and none. Beyond ASCII is a word's. */
const WORD = 1;
const SPACE = 2;
const MARK = 4;
const KINDS = new Uint8Array(65_536).fill(WORD, 128);
const setKind = (characters: string, kind: number): void => {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
};
setKind("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", WORD);
setKind(" \t\n\v\f\r", SPACE);
setKind(BOUNDARY + CUT + NAME_END, MARK);

/** Outside of the text there is a mark, too. */
const kindAt = (text: string, at: number): number =>
  at < 0 || at >= text.length ? MARK : (KINDS[text.charCodeAt(at)] ?? 0);

/** Another reading, in which words that are spelled out letter by letter are one: `s e c r e t`, `4.1.1.1`. */
export const joinLetters: Rewrite = (sheet, budget) => {
  const output = new Windows(sheet);
  const singles = new Singles(sheet);
  const kinds = KINDS;
  const { length } = sheet;
  // Of the last three characters, which are a word's.
  let history = 0;
  for (let at = 0; at < length; at++) {
    history = ((history << 1) | ((kinds[sheet.charCodeAt(at)] ?? 0) & WORD)) & 7;
    if (history !== ONE_BETWEEN || !singles.add(at - 1)) continue;
    const last = dropSeparators(sheet, singles, at - 1, output);
    if (last < at) continue;
    singles.forget();
    at = last + 1;
    history = 0;
  }
  if (((history << 1) & 7) === ONE_BETWEEN && singles.add(length - 1)) {
    dropSeparators(sheet, singles, length - 1, output);
  }
  return charged(output.finish(), budget);
};

/** Another reading, in which what is broken over the end of a line is put together. */
export const joinLines: Rewrite = (sheet, budget) => {
  const output = new Windows(sheet);
  for (let at = sheet.indexOf("\n"); at >= 0; at = sheet.indexOf("\n", at + 1)) {
    const start = sheet.charCodeAt(at - 1) === RETURN ? at - 1 : at;
    if (isBreak(sheet, start, at + 1)) output.change(start, at + 1);
  }
  return charged(output.finish(), budget);
};

function charged(reading: string | null, budget: Budget): string | null {
  if (reading !== null) budget.spend(reading.length);
  return reading;
}

/** The last two single characters, if only a separator stands between them. */
class Singles {
  first = -1;
  /** From the first to the second. */
  period = 0;
  readonly #text: string;
  #last = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether there are two now. */
  add(at: number): boolean {
    this.first = this.#last;
    this.period = at - this.#last;
    this.#last = at;
    if (this.first < 0 || this.period > MAX_SEPARATOR + 1) return false;
    for (let back = 1; back < this.period; back++) {
      const kind = kindAt(this.#text, at - back);
      if (kind === MARK || kind === WORD) return false;
    }
    return true;
  }

  forget(): void {
    this.#last = -1;
  }
}

/**
 * Drops the separators of all single characters that stand in a row with two of them, signs included, if there are
 * enough letters and digits. Answers with the last place that is done with.
 */
function dropSeparators(text: string, { first, period }: Singles, second: number, output: Windows): number {
  const separator = text.slice(first + 1, first + period);
  let words = 2;
  let last = second;
  while (text.startsWith(separator, last + 1) && isSingle(text, last + period, separator)) {
    last += period;
    if (kindAt(text, last) === WORD) words++;
  }
  let begin = first;
  while (begin - period >= output.done && text.startsWith(separator, begin - period + 1)) {
    if (!isSingle(text, begin - period, separator)) break;
    begin -= period;
    if (kindAt(text, begin) === WORD) words++;
  }
  // `户 @ a . c o m`: the sign of an address parts no word of two.
  const canBeTwo = text.charCodeAt(begin) >= FIRST_IDEOGRAPH && !separator.includes("@");
  if (words < MIN_SINGLES && !canBeTwo) return second;
  const whole = { begin, last };
  // An article or an initial beside a number that is spelled out is no part of it.
  if (isLetterBeforeDigits(text, begin, period)) begin += period;
  if (isLetterBeforeDigits(text, last, -period)) last -= period;
  if (separator === "." && isShortNumber(text, begin, last, period)) return second;
  for (let at = begin; at < last; at += period) output.change(at + 1, at + period);
  if (last - begin < whole.last - whole.begin) addWhole(text, whole, period, last + 1, output);
  return last;
}

/** Or it is one, as the last letter of a number that a state gives: what was put together stands there with it, too. */
function addWhole(text: string, { begin, last }: Span, period: number, end: number, output: Windows): void {
  if (last - begin > MAX_WHOLE * period) return;
  output.change(end, end);
  output.putText(CUT);
  for (let at = begin; at <= last; at += period) output.put(text.charCodeAt(at));
}

type Span = { readonly begin: number; readonly last: number };

const isDigitAt = (text: string, at: number): boolean => text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39;

const isLetterBeforeDigits = (text: string, at: number, step: number): boolean =>
  LETTER.test(text.charAt(at)) && isDigitAt(text, at + step) && isDigitAt(text, at + 2 * step);

/** A version, a section or an address on a network, rather than a number that means a person. */
function isShortNumber(text: string, begin: number, last: number, period: number): boolean {
  if ((last - begin) / period >= SHORT_NUMBER) return false;
  for (let at = begin; at <= last; at += period) if (!isDigitAt(text, at)) return false;
  return true;
}

/** Whether a character stands alone between separators; a letter or digit whose word goes on does not. */
function isSingle(text: string, at: number, separator: string): boolean {
  const kind = kindAt(text, at);
  if (kind === MARK) return false;
  if (kind !== WORD) return text.startsWith(separator, at + 1) || kindAt(text, at + 1) === MARK;
  return kindAt(text, at + 1) !== WORD && kindAt(text, at - 1) !== WORD;
}

const isSmall = (unit: number): boolean => unit >= 0x61 && unit <= 0x7a;
const isLarge = (unit: number): boolean => unit >= 0x41 && unit <= 0x5a;

/** Whether the end of a line may stand within something: white space, a new name or a new statement speaks against it. */
function isBreak(text: string, start: number, end: number): boolean {
  const before = kindAt(text, start - 1);
  const after = kindAt(text, end);
  if (before === SPACE || before === MARK || after === SPACE || after === MARK) return false;
  if (text.charCodeAt(end) === AT_SIGN || ENDS_NOTHING.has(text.charCodeAt(start - 1))) return false;
  if (isCellAt(text, start - 1, -1) || isCellAt(text, end, 1)) return false;
  return !(isSmall(text.charCodeAt(start - 1)) && isLarge(text.charCodeAt(end)) && isSmall(text.charCodeAt(end + 1)));
}

/** The last cell of a row, or the first: digits that reach from the end of a line to what parts columns. */
function isCellAt(text: string, from: number, step: 1 | -1): boolean {
  let at = from;
  while (Math.abs(at - from) < MAX_CELL && isDigitAt(text, at)) at += step;
  return at !== from && COLUMN_SIGNS.has(text.charCodeAt(at));
}
