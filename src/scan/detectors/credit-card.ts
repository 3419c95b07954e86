import type { Match, Near, NumberDetector, Strength } from "../detector.ts";
import type { NumberRun } from "../number-run.ts";
import { issuerOf } from "./card-ranges.ts";
import { BLANK, DIGIT, isAt, LETTER, runEnd, runStart } from "./characters.ts";

const CODE = "pii.credit_card";
const MIN_DIGITS = 12;
const MAX_DIGITS = 19;
/** Where each scheme's numbers are most frequent. Identifiers of other kinds are mostly shorter or longer. */
const USUAL_MIN = 14;
const USUAL_MAX = 16;
const MAX_CARD_GROUPS = 8;
const MAX_LABEL = 12;
/** Sizes of groups as hexadecimal digits: how cards are embossed, and halves. */
const PRINTED: ReadonlySet<number> = new Set([
  ...[0x4444, 0x465, 0x464, 0x44441, 0x44442, 0x44443, 0x4441, 0x4442, 0x4443, 0x444, 0x555, 0x88],
]);
const NONE: readonly Match[] = [];
const ZERO = 0x30;
const [SPACE, POINT, DASH, SLASH, LINE_FEED, HEX_SIGN, COMMA] = Array.from(" .-/\nx,", (sign) => sign.charCodeAt(0));

/** Groups `first` to `last` of a run, `digits` in all. */
type Window = { readonly first: number; readonly last: number; readonly digits: number; readonly shape: number };

export const creditCardDetector: NumberDetector = {
  kind: "number",
  codes: [CODE],
  title:
    "Payment card numbers: digits of an issuer's range and length whose check digit holds, in one piece or grouped.",
  sources: [
    "https://www.iso.org/standard/70484.html",
    "https://en.wikipedia.org/wiki/Payment_card_number",
    "https://en.wikipedia.org/wiki/Luhn_algorithm",
  ],
  context: [
    ...["card", "cards", "credit", "debit", "prepaid", "visa", "mastercard", "amex", "maestro", "discover", "diners"],
    ...["jcb", "unionpay", "rupay", "cc", "ccn", "pan", "cvv", "cvc", "cvn", "expiry", "expires", "expiration", "exp"],
    ...["billing", "atm", "cardnumber", "cardno", "cardholder", "creditcard", "debitcard", "ccnum", "ccnumber"],
    ...["payment", "checkout", "pay", "paid", "charge", "charged", "bill", "purchase", "purchases", "stolen"],
    ...["declined"],
    ...["withdraw", "transaction", "transactions", "subscription", "refund", "karte", "kreditkarte"],
    ...["kartennummer", "carte", "bancaire", "tarjeta", "carta"],
    ...["credito", "cartao", "kaart", "creditcardnummer", "karta", "karty", "kort", "kortnummer"],
  ],
  reach: 64,
  look,
};

function look(run: NumberRun, near: Near): readonly Match[] {
  let found: Match[] | null = null;
  let first = 0;
  while (first < run.count) {
    const match = cardAt(run, first, near);
    if (match === null) {
      first++;
      continue;
    }
    found ??= [];
    found.push(match);
    while (first < run.count && run.start(first) < match.end) first++;
  }
  return found ?? NONE;
}

/** The longest card that begins with a group. Longer before shorter: 19 digits may have 16 that hold by chance. */
function cardAt(run: NumberRun, first: number, near: Near): Match | null {
  const size = run.size(first);
  if (size > MAX_DIGITS || (size < 4 && !isEvenlyGrouped(run, first))) return null;
  let best: Match | null = null;
  let digits = 0;
  let shape = 0;
  const isNear = (): boolean => near(run.start(first), run.end(first));
  const end = Math.min(run.count, first + MAX_CARD_GROUPS);
  for (let last = first; last < end; last++) {
    if (last > first + 1 && !hasSameGap(run, first, last - 1)) break;
    digits += run.size(last);
    if (digits > MAX_DIGITS) break;
    shape = (shape << 4) | Math.min(run.size(last), 15);
    if (digits < MIN_DIGITS || (last > first + 1 && !PRINTED.has(shape) && !isNear())) continue;
    best = judge(run, { first, last, digits, shape }, near) ?? best;
  }
  return best;
}

/** Digits in twos and threes, or as a sum of money is written. */
function isEvenlyGrouped(run: NumberRun, first: number): boolean {
  if (first + 3 >= run.count) return false;
  const size = run.size(first + 1);
  const isEven = size === run.size(first + 2) && size === run.size(first + 3);
  return isEven && (size === 3 || (size === 2 && run.size(first) === 2));
}

function hasSameGap(run: NumberRun, one: number, other: number): boolean {
  if (isGap(run, one, SPACE) && isFoldedBlank(run, other)) return true;
  const at = run.end(one);
  const offset = run.end(other) - at;
  const length = run.start(one + 1) - at;
  if (run.start(other + 1) - run.end(other) !== length) return false;
  for (let index = at; index < at + length; index++) {
    if (run.text.charCodeAt(index) !== run.text.charCodeAt(index + offset)) return false;
  }
  return true;
}

/** Groups with blanks between them may be on two lines. */
function isFoldedBlank(run: NumberRun, group: number): boolean {
  let lines = 0;
  for (let at = run.end(group); at < run.start(group + 1); at++) {
    if (!isAt(run.text, at, BLANK)) return false;
    if (run.text.charCodeAt(at) === LINE_FEED) lines++;
  }
  return lines === 1;
}

function judge(run: NumberRun, window: Window, near: Near): Match | null {
  const { first, last, digits } = window;
  const issuer = issuerOf(leadingFour(run, first), digits);
  if (issuer === null) return null;
  const place = placeOf(run, window);
  if (place === "inside") return null;
  const start = run.start(first);
  const end = run.end(last);
  const isUsual = issuer === "sure" && digits >= USUAL_MIN && digits <= USUAL_MAX;
  if (place === "mingled" && !(isUsual && near(start, end))) return null;
  if (!passesLuhn(run, first, last)) return null;
  return { code: CODE, start, end, strength: strengthOf(issuer, isUsual, place, () => near(start, end)) };
}

function strengthOf(issuer: "sure" | "loose", isUsual: boolean, place: Place, isNear: () => boolean): Strength {
  if (isUsual) return place === "apart" ? "strong" : "medium";
  if (!isNear()) return "weak";
  return issuer === "sure" && place === "apart" ? "strong" : "medium";
}

/**
 * `apart`: stands as a card would. `glued`: letters touch it. `mingled`: it may as well be a piece of a table, a path or
 * a longer number. `inside`: it is a piece of something else.
 */
type Place = "apart" | "glued" | "mingled" | "inside";

function placeOf(run: NumberRun, window: Window): Place {
  const glue = glueOf(run.text, run.start(window.first), run.end(window.last));
  if (glue === "inside") return "inside";
  return window.first === window.last ? placeOfSolid(run, window.first, glue) : placeOfGroups(run, window, glue);
}

function placeOfSolid(run: NumberRun, group: number, glue: Place): Place {
  const { text } = run;
  if (isFraction(text, run.start(group))) return "inside";
  if (group > 0 && isGap(run, group - 1, DASH) && run.size(group) === MIN_DIGITS) return "inside";
  if (group + 1 < run.count && isGap(run, group, POINT) && run.size(group + 1) > 2) return "mingled";
  const before = text.charCodeAt(run.start(group) - 1);
  const isInPath = before === SLASH || before === DASH;
  return isInPath && isAt(text, run.start(group) - 2, LETTER | DIGIT) ? "mingled" : glue;
}

const isFraction = (text: string, start: number): boolean =>
  text.charCodeAt(start - 1) === POINT && isAt(text, start - 2, DIGIT);

function placeOfGroups(run: NumberRun, { first, last, shape }: Window, glue: Place): Place {
  const isFolded = last === first + 1 && run.count === 2 && run.text.charCodeAt(run.start(last) - 1) === LINE_FEED;
  if (isFolded) return glue;
  if (!PRINTED.has(shape) || run.start(first + 1) - run.end(first) > 1) return "mingled";
  if (isInTable(run, first, last)) return "mingled";
  const before = first > 0 && goesOn(run, first, first - 1, first - 1);
  const after = last + 1 < run.count && goesOn(run, first, last + 1, last);
  return before || after || isAmongHex(run.text, run.start(first), run.end(last)) ? "mingled" : glue;
}

/** More than a date and a security code stand around it. */
const MAX_AROUND = 3;

/** Four columns of a table of numbers hold by chance once in ten times. */
const isInTable = (run: NumberRun, first: number, last: number): boolean =>
  (isGap(run, first, SPACE) || isGap(run, first, COMMA)) && run.count - (last - first + 1) > MAX_AROUND;

/** Whether the group across a gap is one more of the same: by its gap, or by its size where blanks are between. */
function goesOn(run: NumberRun, first: number, group: number, gap: number): boolean {
  if (!isGap(run, first, SPACE)) return hasSameGap(run, first, gap);
  return run.size(group) === run.size(first) && isAt(run.text, run.end(gap), BLANK);
}

/** Between words that have both letters and digits, as in a dump or a table of code points; or behind a point. */
function isAmongHex(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start - 1) === POINT) return true;
  const before = isAt(text, start - 1, BLANK) ? runStart(text, start - 1, LETTER | DIGIT, MAX_LABEL) : start;
  const after = isAt(text, end, BLANK) ? runEnd(text, end + 1, LETTER | DIGIT, MAX_LABEL) : end;
  return isMixed(text, before, start - 1) || isMixed(text, end + 1, after);
}

function isMixed(text: string, start: number, end: number): boolean {
  let classes = 0;
  for (let at = start; at < end; at++) classes |= isAt(text, at, DIGIT) ? 1 : 2;
  return classes === 3;
}

const isGap = (run: NumberRun, group: number, sign: number | undefined): boolean =>
  run.start(group + 1) - run.end(group) === 1 && run.text.charCodeAt(run.end(group)) === sign;

/** A label of a few letters may touch a card on one side; hashes, identifiers and hexadecimal numbers have more around. */
function glueOf(text: string, start: number, end: number): Place {
  const before = runStart(text, start, LETTER, MAX_LABEL);
  const after = runEnd(text, end, LETTER, MAX_LABEL);
  if (before === start && after === end) return "apart";
  if (isAt(text, before - 1, LETTER | DIGIT) || isAt(text, after, LETTER | DIGIT)) return "inside";
  if (start - before === 1 && text.charCodeAt(before) === HEX_SIGN) return "mingled";
  return before === start || after === end ? "glued" : "mingled";
}

function leadingFour(run: NumberRun, first: number): number {
  let value = 0;
  let count = 0;
  for (let group = first; group < run.count; group++) {
    for (let at = run.start(group); at < run.end(group); at++) {
      value = value * 10 + run.text.charCodeAt(at) - ZERO;
      count++;
      if (count === 4) return value;
    }
  }
  return value;
}

function passesLuhn(run: NumberRun, first: number, last: number): boolean {
  let sum = 0;
  let isDoubled = false;
  for (let group = last; group >= first; group--) {
    for (let at = run.end(group) - 1; at >= run.start(group); at--) {
      const digit = run.text.charCodeAt(at) - ZERO;
      const doubled = digit * 2;
      if (isDoubled) sum += doubled > 9 ? doubled - 9 : doubled;
      else sum += digit;
      isDoubled = !isDoubled;
    }
  }
  return sum % 10 === 0;
}
