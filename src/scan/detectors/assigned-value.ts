import { BOUNDARY, CUT, NAME_END } from "../sheet.ts";
import { canFollow, type Hold, type Tie, tieAfter } from "./assigned-tie.ts";
import { isAt, LETTER, LOWER } from "./characters.ts";

/** Where a value stands, without its quotes; whether it had any, or was a text of its own; what ties it to its name. */
export type AssignedValue = {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  readonly hold: Hold;
};

const MIN_VALUE = 6;
/** A longer one is known by its beginning, and has to be as random as one that merely comes next. */
const MAX_VALUE = 200;
/** A word that merely comes next is one of a sentence unless it is long. */
const MIN_BARE = 16;

/** The value of the name whose last word begins at `at` and ends at `end`, or null. */
export function valueAfter(text: string, at: number, end: number): AssignedValue | null {
  if (!canFollow(text, end)) return null;
  if (text.startsWith(NAME_END, end)) return text.startsWith(BOUNDARY, end + 1) ? wholeText(text, end + 2) : null;
  const tie = tieAfter(text, { at, end });
  return tie === null ? null : readValue(text, tie);
}

/** The value of a name in a parsed body, to its end: it may be anything, so that it is one word or nothing. */
function wholeText(text: string, at: number): AssignedValue | null {
  let end = at;
  const last = Math.min(text.length, at + MAX_VALUE + 1);
  while (end < last && text.charCodeAt(end) > 0x20) end++;
  if (end - at > MAX_VALUE) return { start: at, end, quoted: true, hold: "bare" };
  const ends = end === text.length || text.startsWith(BOUNDARY, end) || text.startsWith(CUT, end);
  return ends && end - at >= MIN_VALUE ? { start: at, end, quoted: true, hold: "firm" } : null;
}

const QUOTES = "\"'`";
const STOPS = " \t\r\n\"'`,;()<>[]{}&\\";
/** What stands right after an expression of code rather than a value. */
const CONTINUES = "([";
/** More of these are other names with their values; to read on would be to read them again and again. */
const MAX_SIGNS = 4;

function readValue(text: string, { at, needsQuote, hold }: Tie): AssignedValue | null {
  let from = at;
  // Prefixes of string literals: f"x", b'x', r"x"; bold or escaped quotes.
  if (isAt(text, from, LOWER) && QUOTES.includes(text.charAt(from + 1) || " ")) from++;
  if (text.startsWith("** ", from)) from += 3;
  while (text.charAt(from) === "\\" && from < at + 3) from++;
  const quote = text.charAt(from);
  if (quote !== "" && QUOTES.includes(quote)) return quotedValue(text, from + 1, quote.charCodeAt(0), hold);
  return needsQuote ? null : bareValue(text, from, hold);
}

function quotedValue(text: string, start: number, quote: number, hold: Hold): AssignedValue | null {
  const last = Math.min(text.length, start + MAX_VALUE + 1);
  let end = start;
  // A password of several words has no form of its own; what is quoted with spaces is mostly a sentence.
  while (end < last && text.charCodeAt(end) > 0x20 && text.charCodeAt(end) !== quote) end++;
  if (end - start > MAX_VALUE) return { start, end, quoted: true, hold: "bare" };
  if (end === last || text.charCodeAt(end) !== quote) return null;
  if (text.charCodeAt(end - 1) === 0x5c) end--;
  return end - start < MIN_VALUE ? null : { start, end, quoted: true, hold };
}

function bareValue(text: string, start: number, hold: Hold): AssignedValue | null {
  const last = Math.min(text.length, start + MAX_VALUE + 1);
  let signs = 0;
  let end = start;
  for (; end < last; end++) {
    const unit = text.charCodeAt(end);
    if (unit <= 0x20 || (unit < 0x80 && STOPS.includes(text.charAt(end)))) break;
    if ((unit === 0x3a || unit === 0x3d) && ++signs > MAX_SIGNS) return null;
    // Padding of base64 ends a value, any other equals sign ties a further name to its own.
    if (unit === 0x3d && isAt(text, end + 1, LETTER)) return null;
  }
  if (end - start > MAX_VALUE) return { start, end, quoted: false, hold: "bare" };
  if (CONTINUES.includes(text.charAt(end) || " ")) return null;
  if (".:?*".includes(text.charAt(end - 1)) && text.charAt(end - 2) !== ".") end--;
  return end - start < (hold === "bare" ? MIN_BARE : MIN_VALUE) ? null : { start, end, quoted: false, hold };
}
