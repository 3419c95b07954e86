import type { NumberRun } from "../number-run.ts";
import { ALPHANUMERIC, DIGIT, isAt, LETTER } from "./characters.ts";

const ZERO = 0x30;
const [SPACE, POINT, DASH, SLASH, OPEN, CLOSE, LINE_FEED, RETURN, COLON, COMMA, X, E] = Array.from(
  " .-/()\n\r:,xe",
  (sign) => sign.charCodeAt(0),
);
const IN_PHONES: ReadonlySet<number | undefined> = new Set([SPACE, POINT, DASH, SLASH, OPEN, CLOSE]);
/** Signs of a sum, an ordinal or a piece of a longer token, before a number and after it. */
const FOREIGN_BEFORE: ReadonlySet<string> = new Set(["_", "$", "#", "€", "£", "¥", ".", "@", "*", "^", "\\"]);
const FOREIGN_AFTER: ReadonlySet<string> = new Set(["_", "%", "€", "£", "$", "@", "°", "*", "^", "="]);

export const MIN_DIGITS = 7;
const MAX_NATIONAL = 13;
const MAX_SOLID = 12;
const MAX_PART = 8;
/** Where a country or an area stands apart from all the rest, `(351) 969815061`, and with 00 before. */
const MAX_LOOSE_PART = 10;
const MAX_ABROAD = 15;

/** The last group that stands with `first` as the groups of one phone number do. */
export function segmentEnd(run: NumberRun, first: number): number {
  let last = first;
  while (last + 1 < run.count && isPhoneGap(run, last)) last++;
  return last;
}

function isPhoneGap(run: NumberRun, group: number): boolean {
  const { text } = run;
  const start = run.end(group);
  const length = run.start(group + 1) - start;
  let spaces = 0;
  for (let at = start; at < start + length; at++) {
    const unit = text.charCodeAt(at);
    if (!IN_PHONES.has(unit)) return false;
    if (unit === SPACE) spaces++;
    if (unit === POINT && length > 1 && text.charCodeAt(at - 1) !== CLOSE) return false;
  }
  return length === 1 || spaces < length;
}

/** One end of a line between two groups, with nothing but spaces beside it. */
export function isFolded(run: NumberRun, group: number): boolean {
  let lines = 0;
  for (let at = run.end(group); at < run.start(group + 1); at++) {
    const unit = run.text.charCodeAt(at);
    if (unit === LINE_FEED) lines++;
    else if (unit !== SPACE && unit !== RETURN) return false;
  }
  return lines === 1;
}

export const gapSign = (run: NumberRun, group: number): number => run.text.charCodeAt(run.end(group));

export function digitsIn(run: NumberRun, first: number, last: number): number {
  let digits = 0;
  for (let group = first; group <= last; group++) digits += run.size(group);
  return digits;
}

export function numberOf(run: NumberRun, group: number): number {
  let value = 0;
  for (let at = run.start(group); at < run.end(group); at++) value = value * 10 + run.text.charCodeAt(at) - ZERO;
  return value;
}

/** Three, three and four digits with more than spaces between them, as only North America writes phone numbers. */
export function isAmericanShape(run: NumberRun, area: number): boolean {
  if (run.size(area) !== 3 || run.size(area + 1) !== 3 || run.size(area + 2) !== 4) return false;
  if (area + 2 >= run.count || !isPhoneGap(run, area) || !isPhoneGap(run, area + 1)) return false;
  if (run.start(area + 2) - run.end(area + 1) !== 1) return false;
  const between = gapSign(run, area);
  const behind = gapSign(run, area + 1);
  const isBracketed = run.text.charCodeAt(run.start(area) - 1) === OPEN && between === CLOSE;
  if (isBracketed) return behind === DASH || behind === SPACE || behind === POINT;
  return (between === DASH || between === POINT || between === SLASH) && (behind === between || behind === DASH);
}

/** Whether nothing touches a number that a phone number would not be touched by; an extension may follow. */
export function standsFree(text: string, start: number, end: number): boolean {
  const before = text.charCodeAt(start - 1) === OPEN ? start - 2 : start - 1;
  // `CVE-2014-8148`, `/abs/math/9409227`
  if ((text.charCodeAt(before) === DASH || text.charCodeAt(before) === SLASH) && isAt(text, before - 1, LETTER))
    return false;
  if (isAt(text, before, LETTER | DIGIT) || FOREIGN_BEFORE.has(text.charAt(before))) return false;
  if (text.charCodeAt(before) === COLON && isAt(text, before - 1, DIGIT)) return false;
  const after = text.charCodeAt(end);
  if (FOREIGN_AFTER.has(text.charAt(end))) return false;
  if (after === COLON) return !isAt(text, end + 1, DIGIT);
  if (!isAt(text, end, LETTER)) return true;
  return after === X ? isAt(text, end + 1, DIGIT) : after === E && text.startsWith("ext", end);
}

/** Whether a number goes on before or after some of its groups: a version, a serial, a longer number. */
export function goesOn(run: NumberRun, first: number, last: number): boolean {
  if (last + 1 < run.count && isTie(run, last)) return true;
  if (first === 0)
    return isAt(run.text, run.start(0) - 2, ALPHANUMERIC) && isTieSign(run.text.charCodeAt(run.start(0) - 1));
  return isTie(run, first - 1) && !isTrunk(run, first - 1);
}

const isTieSign = (sign: number): boolean => sign === DASH || sign === POINT || sign === SLASH;
const isTie = (run: NumberRun, group: number): boolean =>
  run.start(group + 1) - run.end(group) === 1 && isTieSign(gapSign(run, group));

/** `1`, `01` or `001`: how North America is dialled. */
function isTrunk(run: NumberRun, group: number): boolean {
  return run.size(group) <= 3 && numberOf(run, group) === 1;
}

/**
 * Whether groups could be a number as some country writes it within its borders, and are not plainly something else.
 * `loose`: only where words leave no doubt.
 */
export function nationalShapeOf(run: NumberRun, first: number, last: number, digits: number): "usual" | "loose" | null {
  if (digits < MIN_DIGITS) return null;
  if (first === last) return solidShapeOf(run, first, digits);
  const sign = gapSign(run, first);
  if (isDated(run, first, last) || isCoded(run, first, last, sign) || isPointed(run, first, last, sign)) return null;
  let singles = 0;
  let longest = run.size(first);
  for (let group = first + 1; group <= last; group++) {
    longest = Math.max(longest, run.size(group));
    if (run.size(group) === 1 && !isBracketedZero(run, group)) singles++;
  }
  if (singles === 0 && longest <= MAX_PART && digits <= MAX_NATIONAL) return "usual";
  return singles <= 1 && longest <= MAX_LOOSE_PART && digits <= MAX_ABROAD ? "loose" : null;
}

function solidShapeOf(run: NumberRun, group: number, digits: number): "usual" | "loose" | null {
  if (isSolidDate(run, group, digits)) return null;
  if (digits <= MAX_SOLID) return "usual";
  const { text } = run;
  const at = run.start(group);
  return digits <= MAX_ABROAD && text.charCodeAt(at) === ZERO && text.charCodeAt(at + 1) === ZERO ? "loose" : null;
}

/** The trunk prefix as in `+41 (0)71`. */
export function isBracketedZero(run: NumberRun, group: number): boolean {
  const at = run.start(group);
  if (run.size(group) !== 1 || run.text.charCodeAt(at) !== ZERO) return false;
  return run.text.charCodeAt(at - 1) === OPEN && run.text.charCodeAt(at + 1) === CLOSE;
}

/** `20260131`. */
function isSolidDate(run: NumberRun, group: number, digits: number): boolean {
  if (digits !== 8) return false;
  const value = numberOf(run, group);
  const [month, day] = [Math.floor(value / 100) % 100, value % 100];
  return isYear(Math.floor(value / 10_000)) && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/** `+4953-09709`: latitude and longitude by ISO 6709. Also a decimal fraction with its sign. */
export function isCoordinate(run: NumberRun, first: number, last: number): boolean {
  if (last !== first + 1) return false;
  const [one, two] = [run.size(first), run.size(last)];
  const sign = gapSign(run, first);
  if (sign === POINT) return one > 3 || two < MIN_DIGITS - 1;
  return sign === DASH && two === one + 1 && (one === 4 || one === 6);
}

/** `2014-01-20`, as it follows a version: `1.8.0 (2014-01-20)`. */
function isDateAt(run: NumberRun, year: number): boolean {
  if (run.size(year) !== 4 || run.size(year + 1) !== 2 || run.size(year + 2) !== 2) return false;
  return isYear(numberOf(run, year)) && numberOf(run, year + 1) <= 12 && numberOf(run, year + 2) <= 31;
}

/** A date, years, or a date with a time. */
function isDated(run: NumberRun, first: number, last: number): boolean {
  for (let year = first + 1; year + 2 <= last; year++) if (isDateAt(run, year)) return true;
  const [one, two] = [run.size(first), run.size(first + 1)];
  if (one === 4 && isYear(numberOf(run, first))) {
    if (two === 4 && first + 1 === last) return isYear(numberOf(run, last));
    return two <= 2 && numberOf(run, first + 1) <= 12 && first + 1 < last;
  }
  const isDay = one <= 2 && two <= 2 && numberOf(run, first) <= 31 && numberOf(run, first + 1) <= 31;
  return isDay && first + 2 <= last && run.size(first + 2) === 4 && isYear(numberOf(run, first + 2));
}

/** `830,615.29`, or the cents of `463.223.517,41`. */
export function isEndOfSum(run: NumberRun, first: number): boolean {
  if (first === 0 || run.start(first) - run.end(first - 1) !== 1 || gapSign(run, first - 1) !== COMMA) return false;
  if (run.size(first) === 2) return run.size(first - 1) === 3;
  return run.size(first) === 3 && gapSign(run, first) === POINT;
}

const isYear = (value: number): boolean => value >= 1900 && value < 2100;

/** A social security number, or a ZIP code with its four digits more. */
function isCoded(run: NumberRun, first: number, last: number, sign: number): boolean {
  if (sign !== DASH) return false;
  if (last === first + 1) return run.size(first) === 5 && run.size(last) === 4;
  return last === first + 2 && run.size(first) === 3 && run.size(first + 1) === 2 && run.size(last) === 4;
}

/** A decimal fraction, an address of IPv4, or thousands. */
function isPointed(run: NumberRun, first: number, last: number, sign: number): boolean {
  if (sign !== POINT) return false;
  if (last === first + 1) return true;
  let areShort = true;
  for (let group = first; group <= last; group++) areShort &&= run.size(group) <= 3;
  return run.size(first) === 1 || (areShort && (last === first + 3 || hasCents(run.text, run.end(last))));
}

/** `271.039.110,46`. */
const hasCents = (text: string, at: number): boolean =>
  text.charAt(at) === "," && isAt(text, at + 1, DIGIT) && isAt(text, at + 2, DIGIT) && !isAt(text, at + 3, DIGIT);
