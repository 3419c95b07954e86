import { BOUNDARY, CUT, NAME_END } from "../sheet.ts";
import { nameStart, namesPassword } from "./assignment-name.ts";
import { BLANK, isAt, LETTER, LOWER, runEnd } from "./characters.ts";

/**
 * Where a value stands, without its quotes; whether it had any, or was a text of its own; whether it merely stands
 * beside the name, so that it has to be random to be the name's.
 */
export type AssignedValue = {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  readonly loose: boolean;
};

const MIN_VALUE = 6;
const MAX_VALUE = 200;
/** Spaces that line values up in columns. */
const MAX_BLANKS = 24;

/** A name by where its last word begins and where it ends. */
type Name = { readonly at: number; readonly end: number };

/** What can come first after a name that has a value; most names are followed by something else. */
const FIRST: ReadonlySet<number> = new Set(
  Array.from(`"'\`]\\)|>=:?*- \t\r\n${BOUNDARY}${NAME_END}`, (sign) => sign.charCodeAt(0)),
);
/** What can come first after a name and white space: an operator, a quote, or a word such as `is`, `for` or `lautet`. */
const AFTER_BLANKS = /[=:|>?"'`\-,viwlefotdup]/i;

/** The value that an operator ties to a name, or null. */
export function valueAfter(text: string, at: number, end: number): AssignedValue | null {
  if (!FIRST.has(text.charCodeAt(end))) return null;
  if (text.startsWith(NAME_END, end)) return text.startsWith(BOUNDARY, end + 1) ? wholeText(text, end + 2) : null;
  const name = { at, end };
  if (isAt(text, end, BLANK)) {
    const next = runEnd(text, end, BLANK, MAX_BLANKS);
    if (!namesPassword(text, at) && !AFTER_BLANKS.test(text.charAt(next)) && !isOption(text, name)) return null;
  }
  const tie = namedValue(text, end) ?? tieAfter(text, name);
  return tie === null ? null : readValue(text, tie);
}

/** Where the value begins that something ties to the name, and whether only a quoted one will do. */
type Tie = { readonly at: number; readonly needsQuote: boolean; readonly loose: boolean };
const firmly = (at: number, needsQuote = false): Tie => ({ at, needsQuote, loose: false });
const loosely = (at: number, needsQuote = false): Tie => ({ at, needsQuote, loose: true });

/** The value of a name in a parsed body, to its end: it may be anything, so that it is one word or nothing. */
function wholeText(text: string, at: number): AssignedValue | null {
  let end = at;
  const last = Math.min(text.length, at + MAX_VALUE + 1);
  while (end < last && text.charCodeAt(end) > 0x20) end++;
  const ends = end === text.length || text.startsWith(BOUNDARY, end) || text.startsWith(CUT, end);
  return ends && end - at >= MIN_VALUE ? { start: at, end, quoted: true, loose: false } : null;
}

/** `"name": "DB_PASSWORD", "value": "x"` of manifests, and the same in XML attributes and between texts. */
const VALUE_NAME = new RegExp(`value(?:${NAME_END}${BOUNDARY}|["']?\\s{0,4}[:=]\\s{0,4})`, "iy");
const BEFORE_VALUE_NAME = `"', \t\r\n-${BOUNDARY}`;

function namedValue(text: string, end: number): Tie | null {
  let at = end;
  while (at < end + MAX_BLANKS && BEFORE_VALUE_NAME.includes(text.charAt(at) || "x")) at++;
  if (at === end || (text.charCodeAt(at) | 0x20) !== 0x76) return null;
  VALUE_NAME.lastIndex = at;
  return VALUE_NAME.test(text) ? firmly(VALUE_NAME.lastIndex) : null;
}

/** The end of a closing quote or bracket of the name: `"x"`, `\"x\"`, `**x**`, `["x"]`. */
function closingEnd(text: string, end: number): number {
  let at = end;
  while (at < end + 3 && text.charAt(at) === "\\") at++;
  if (QUOTES.includes(text.charAt(at) || " ")) at++;
  else if (text.startsWith("**", end)) at = end + 2;
  if (text.charAt(at) === "]") at++;
  return text.charAt(at) === ")" ? at + 1 : at;
}

/** What ties a name to its value. */
const SIGNS = /(?:[:?|]{0,2}={1,3}>?|=>|->|:)[ \t]{0,8}/y;
/** A type between a name and its value: `password: string = "x"`, `token: Optional[str] = "x"`. */
const TYPE = /\s{0,2}[A-Za-z][\w.[\]|<> ]{0,30} = /y;
/** Words that lead from the name to the value in prose, in several languages. */
const VERBS =
  /\s{1,2}(?:(?:for|of|to|on|für|de|pour|para)\s(?:[\w.@-]{1,32}\s){1,4})?(?:is now|is set to|is|was|ist|lautet|est|es|é|=|:)\s{0,2}:?\s{0,2}/iy;

function tieAfter(text: string, name: Name): Tie | null {
  const closed = closingEnd(text, name.end);
  const from = runEnd(text, closed, BLANK, MAX_BLANKS);
  const sign = text.charAt(from);
  // `setenv("NAME", "x")`, `<password>x</password>` and a row of a table.
  if (sign === "," && closed > name.end) {
    const next = runEnd(text, from + 1, BLANK, 8);
    return isOption(text, name) ? firmly(next, true) : loosely(next, true);
  }
  if (sign === ">" && from === name.end) return isElement(text, name) ? firmly(from + 1) : null;
  if (sign === "|" && from > name.end) return loosely(runEnd(text, from + 1, BLANK, MAX_BLANKS));
  SIGNS.lastIndex = from;
  if (SIGNS.test(text)) return firmly(afterType(text, SIGNS.lastIndex));
  return from === closed ? null : tieByWords(text, name, closed, from);
}

const isOption = (text: string, { at }: Name): boolean => text.charAt(nameStart(text, at)) === "-";

/** Whether the name is the tag of an XML element with text and an end. */
function isElement(text: string, { at, end }: Name): boolean {
  let last = end + 1;
  while (last < end + MAX_VALUE && text.charCodeAt(last) > 0x20 && text.charAt(last) !== "<") last++;
  return text.startsWith("</", last) && text.charAt(nameStart(text, at) - 1) === "<";
}

/** `login x password y`, as in .netrc. */
const LOGIN = /\blogin\s{1,4}\S{1,48}\s{1,4}$/;

/** White space alone, as after options, or a few words. */
function tieByWords(text: string, name: Name, closed: number, from: number): Tie | null {
  if (QUOTES.includes(text.charAt(from) || " ")) return isOption(text, name) ? firmly(from, true) : loosely(from, true);
  if (isOption(text, name)) return firmly(from);
  VERBS.lastIndex = closed;
  if (isAt(text, from, LETTER) && VERBS.test(text)) return firmly(VERBS.lastIndex);
  if (from !== closed + 1 || text.charAt(closed) !== " " || !namesPassword(text, name.at)) return null;
  const start = nameStart(text, name.at);
  return LOGIN.test(text.slice(Math.max(0, start - 64), start)) ? firmly(from) : loosely(from);
}

function afterType(text: string, at: number): number {
  TYPE.lastIndex = at;
  return isAt(text, at, LETTER) && TYPE.test(text) ? TYPE.lastIndex : at;
}

const QUOTES = "\"'`";
const STOPS = " \t\r\n\"'`,;()<>[]{}&\\";
/** What stands right after an expression of code rather than a value. */
const CONTINUES = "([";
/** More of these are other names with their values; to read on would be to read them again and again. */
const MAX_SIGNS = 4;

function readValue(text: string, { at, needsQuote, loose }: Tie): AssignedValue | null {
  let from = at;
  // Prefixes of string literals: f"x", b'x', r"x"; bold or escaped quotes.
  if (isAt(text, from, LOWER) && QUOTES.includes(text.charAt(from + 1) || " ")) from++;
  if (text.startsWith("** ", from)) from += 3;
  while (text.charAt(from) === "\\" && from < at + 3) from++;
  const quote = text.charAt(from);
  if (quote !== "" && QUOTES.includes(quote)) return quotedValue(text, from + 1, quote.charCodeAt(0), loose);
  return needsQuote ? null : bareValue(text, from, loose);
}

function quotedValue(text: string, start: number, quote: number, loose: boolean): AssignedValue | null {
  const last = Math.min(text.length, start + MAX_VALUE + 1);
  let end = start;
  // A password of several words has no form of its own; what is quoted with spaces is mostly a sentence.
  while (end < last && text.charCodeAt(end) > 0x20 && text.charCodeAt(end) !== quote) end++;
  if (end === last || text.charCodeAt(end) !== quote) return null;
  if (text.charCodeAt(end - 1) === 0x5c) end--;
  return end - start < MIN_VALUE ? null : { start, end, quoted: true, loose };
}

function bareValue(text: string, start: number, loose: boolean): AssignedValue | null {
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
  if (end - start > MAX_VALUE || CONTINUES.includes(text.charAt(end) || " ")) return null;
  if (".:?*".includes(text.charAt(end - 1)) && text.charAt(end - 2) !== ".") end--;
  return end - start < MIN_VALUE ? null : { start, end, quoted: false, loose };
}
