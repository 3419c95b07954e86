import type { Match, Near, NumberDetector, Strength } from "../detector.ts";
import type { NumberRun } from "../number-run.ts";
import { ALPHANUMERIC, isAt } from "./characters.ts";
import { isAmericanArea, judgeInternational } from "./phone-plans.ts";
import {
  digitsIn,
  goesOn,
  isAmericanShape,
  isBracketedZero,
  isCoordinate,
  isEndOfSum,
  isFolded,
  MIN_DIGITS,
  nationalShapeOf,
  numberOf,
  segmentEnd,
  standsFree,
} from "./phone-shape.ts";
import { type Certainty, hasPhoneLabel, PHONE_WORDS, phoneWordsAround } from "./phone-words.ts";

const CODE = "pii.phone";
const MAX_INTERNATIONAL = 15;
const MAX_PHONE_GROUPS = 8;
const NONE: readonly Match[] = [];
const [PLUS, ZERO, TWO] = Array.from("+02", (sign) => sign.charCodeAt(0));
/** 2147483647 and 2147483648, where integers of 32 bits end, would be numbers in Dallas. */
const LARGEST_INT = "214748364";
const DIALLED_ABROAD = /^(?:00|011)(?=[1-9])/;

export const phoneDetector: NumberDetector = {
  kind: "number",
  codes: [CODE],
  title:
    "Phone numbers: international ones of an assigned range, North American ones, and any other beside a word for it.",
  sources: [
    "https://www.itu.int/rec/T-REC-E.164",
    "https://www.itu.int/rec/T-REC-E.123",
    "https://github.com/google/libphonenumber",
    "https://www.nanpa.com/numbering",
  ],
  context: PHONE_WORDS,
  reach: 96,
  look,
};

function look(run: NumberRun, near: Near): readonly Match[] {
  if (run.end(run.count - 1) - run.start(0) < MIN_DIGITS) return NONE;
  let found: Match[] | null = null;
  for (let first = 0; first < run.count; ) {
    const last = segmentEnd(run, first);
    const match = lookAtSegment(run, first, last, near) ?? lookAtFold(run, first, last, near);
    first = last + 1;
    if (match === null) continue;
    found ??= [];
    found.push(match);
    while (first < run.count && run.start(first) < match.end) first++;
  }
  return found ?? NONE;
}

/** A number that a line break parts, where neither part could be one by itself. */
function lookAtFold(run: NumberRun, first: number, last: number, near: Near): Match | null {
  if (last + 1 >= run.count || !isFolded(run, last) || digitsIn(run, first, last) >= MIN_DIGITS) return null;
  const end = segmentEnd(run, last + 1);
  if (!hasPlus(run, first) && digitsIn(run, last + 1, end) >= MIN_DIGITS) return null;
  return lookAtSegment(run, first, end, near);
}

function lookAtSegment(run: NumberRun, first: number, last: number, near: Near): Match | null {
  const digits = digitsIn(run, first, last);
  if (digits < MIN_DIGITS) return null;
  if (hasPlus(run, first)) return international(run, first, last, near) ?? national(run, first, last, near);
  for (let area = first; area + 2 <= last; area++) {
    if (isAmericanShape(run, area) && isAmerican(run, area)) return matchOf(run, area, area + 2, "medium");
  }
  return national(run, first, last, near);
}

function matchOf(run: NumberRun, first: number, last: number, strength: Strength): Match {
  return { code: CODE, start: run.start(first), end: run.end(last), strength };
}

/** The sign parts no groups, so it stands before the whole run if anywhere. */
function hasPlus(run: NumberRun, first: number): boolean {
  if (first > 0) return false;
  const at = run.start(0) - 1;
  if (run.text.charCodeAt(at) !== PLUS) return false;
  return !isAt(run.text, at - 1, ALPHANUMERIC) && run.text.charCodeAt(at - 1) !== PLUS;
}

/** Other numbers may follow a phone number, so what has too many digits is tried without its last groups. */
function international(run: NumberRun, first: number, last: number, near: Near): Match | null {
  const { text } = run;
  for (let end = Math.min(last, first + MAX_PHONE_GROUPS); end >= first; end--) {
    const digits = digitsIn(run, first, end);
    if (digits > MAX_INTERNATIONAL + 1) continue;
    if (digits < MIN_DIGITS) return null;
    if (
      isCoordinate(run, first, end) ||
      (first === end && isFraction(run, end)) ||
      !standsFree(text, run.start(first), run.end(end))
    )
      continue;
    const plausibility = judgeInternational(dialled(run, first, end));
    if (plausibility === "valid") return matchOf(run, first, end, "strong");
    if (plausibility === null) continue;
    if (isSpread(run, first, end) || near(run.start(first), run.end(end))) return matchOf(run, first, end, "medium");
  }
  return null;
}

/** `+35236450.6`. */
const isFraction = (run: NumberRun, group: number): boolean =>
  run.text.charAt(run.end(group)) === "." && isAt(run.text, run.end(group) + 1, ALPHANUMERIC);

/** Written in groups as phone numbers are, all on one line. */
function isSpread(run: NumberRun, first: number, last: number): boolean {
  if (last - first < 2) return false;
  for (let group = first + 1; group <= last; group++) {
    if (isFolded(run, group - 1) || (run.size(group) === 1 && !isBracketedZero(run, group))) return false;
  }
  return true;
}

/** The digits without the zero that is left out from abroad, as in `+41 (0)71`. */
function dialled(run: NumberRun, first: number, last: number): string {
  const trunk = first + 1;
  if (trunk >= last || !isBracketedZero(run, trunk)) return run.digits(first, last);
  return run.digits(first, first) + run.digits(trunk + 1, last);
}

const EXTENSION = /(?:x|,? ?ext\.? ?)\d{2,6}(?!\w)/iy;

function hasExtension(text: string, at: number): boolean {
  EXTENSION.lastIndex = at;
  return EXTENSION.test(text);
}

/** No area code and no exchange begins with 0 or 1. */
function isAmerican(run: NumberRun, area: number): boolean {
  const { text } = run;
  if (!(text.charCodeAt(run.start(area + 1)) >= (TWO ?? 0))) return false;
  const isSure = text.charAt(run.start(area) - 1) === "(" || hasExtension(text, run.end(area + 2));
  if (!isSure && !isAmericanArea(numberOf(run, area))) return false;
  return !goesOn(run, area, area + 2) && standsFree(text, run.start(area), run.end(area + 2));
}

function national(run: NumberRun, first: number, last: number, near: Near): Match | null {
  let end = Math.min(last, first + MAX_PHONE_GROUPS);
  let digits = digitsIn(run, first, end);
  while (end > first && digits > MAX_INTERNATIONAL) digits -= run.size(end--);
  const start = run.start(first);
  if (!standsFree(run.text, start, run.end(end)) || isEndOfSum(run, first)) return null;
  if (isDialledAbroad(run, first, end, digits)) return matchOf(run, first, end, "medium");
  const shape = nationalShapeOf(run, first, end, digits);
  if (shape === null) return null;
  const words = wordsOf(run, first, end, near);
  if (words === "certain" || (shape === "usual" && areEnough(run, first, end, words))) {
    return matchOf(run, first, end, "medium");
  }
  if (shape === "usual" && hasBracketedArea(run, first, end, digits)) return matchOf(run, first, end, "medium");
  return hasNationalForm(run, first, end, digits) ? matchOf(run, first, end, "weak") : null;
}

function wordsOf(run: NumberRun, first: number, last: number, near: Near): Certainty {
  const [start, end] = [run.start(first), run.end(last)];
  const words = near(start, end) ? phoneWordsAround(run.text, start, end) : null;
  return words === null && hasPhoneLabel(run.text, start) ? "likely" : words;
}

function areEnough(run: NumberRun, first: number, last: number, words: Certainty): boolean {
  if (words === null) return false;
  if (words === "hint") return isPlainlyGrouped(run, first, last);
  return first < last || (words === "likely" && isLikelySolid(run, first));
}

/** No range such as `1000-2000`, no list such as `8/16/256`, and no fractions. */
function isPlainlyGrouped(run: NumberRun, first: number, last: number): boolean {
  if (first === last || run.size(first) === 1 || run.gap(first) === ".") return false;
  return last > first + 1 || run.text.charCodeAt(run.start(first)) === ZERO;
}

/** `(0212) 276842`: an area code with its zero in brackets. */
function hasBracketedArea(run: NumberRun, first: number, last: number, digits: number): boolean {
  const { text } = run;
  const start = run.start(first);
  if (first === last || digits < 9 || digits > 11 || run.size(first) < 2 || run.size(first) > 5) return false;
  if (text.charCodeAt(start) !== ZERO || text.charCodeAt(start + 1) === ZERO) return false;
  return text.charAt(start - 1) === "(" && text.charAt(run.end(first)) === ")" && run.size(last) > 2;
}

/** `0044 20 7946 0018`, `011 44 ...`: of an assigned range, and not a row of equal groups. */
function isDialledAbroad(run: NumberRun, first: number, last: number, digits: number): boolean {
  if (last - first < 2 || digits < 11 || run.text.charCodeAt(run.start(first)) !== ZERO) return false;
  if (run.size(first) < 3 || run.size(first) > 5 || run.size(first) === run.size(first + 1)) return false;
  const number = run.digits(first, last);
  const prefix = DIALLED_ABROAD.exec(number)?.[0];
  return prefix !== undefined && judgeInternational(number.slice(prefix.length)) === "valid";
}

/** In one piece and beside a word that has other uses too: of North America, or with the zero of other countries. */
function isLikelySolid(run: NumberRun, first: number): boolean {
  const { text } = run;
  const start = run.start(first);
  const digits = run.size(first);
  if (text.charCodeAt(start) === ZERO) return digits >= 9 && digits <= 11;
  if (digits !== 10 || !(text.charCodeAt(start + 3) >= (TWO ?? 0)) || text.startsWith(LARGEST_INT, start)) return false;
  return isAmericanArea(Number(text.slice(start, start + 3)));
}

/** A zero before the area code and groups: what most countries write at home, and many other numbers look like. */
function hasNationalForm(run: NumberRun, first: number, last: number, digits: number): boolean {
  if (last - first < 2 || last - first > 4 || digits < 9 || digits > 11) return false;
  return run.text.charCodeAt(run.start(first)) === ZERO && run.text.charCodeAt(run.start(first) + 1) !== ZERO;
}
