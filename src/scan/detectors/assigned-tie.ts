import { BOUNDARY, NAME_END } from "../sheet.ts";
import { nameStart, namesPassword } from "./assignment-name.ts";
import { ALPHANUMERIC, BLANK, isAt, LETTER, runEnd } from "./characters.ts";

/**
 * How surely a value belongs to a name: `firm` by an operator or the like, `loose` by standing beside it, so that it has
 * to be random, `bare` by being the next word, so that it has to be very random.
 */
export type Hold = "firm" | "loose" | "bare";
/** Where the value begins that something ties to the name, and whether only a quoted one will do. */
export type Tie = { readonly at: number; readonly needsQuote: boolean; readonly hold: Hold };
/** A name by where its last word begins and where it ends. */
export type Name = { readonly at: number; readonly end: number };

const firmly = (at: number, needsQuote = false): Tie => ({ at, needsQuote, hold: "firm" });
const loosely = (at: number, needsQuote = false): Tie => ({ at, needsQuote, hold: "loose" });

/** Spaces that line values up in columns. */
const MAX_BLANKS = 24;
const MAX_ELEMENT = 200;
const QUOTES = "\"'`";

const FIRST: ReadonlySet<number> = new Set(
  Array.from(`"'\`]\\)|>=:?*-([<{ \t\r\n${BOUNDARY}${NAME_END}`, (sign) => sign.charCodeAt(0)),
);

/** Whether a value can follow at all: most names are followed by something else. */
export const canFollow = (text: string, end: number): boolean => FIRST.has(text.charCodeAt(end));

/** What ties a value to a name, and where that value begins; null where nothing does. */
export function tieAfter(text: string, name: Name): Tie | null {
  return namedValue(text, name.end) ?? elementTie(text, name) ?? signTie(text, name);
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

/** `<key>Password</key><string>x</string>`, and a cell of a table beside another. */
const NEXT_ELEMENT = /<\/[\w:-]{1,24}>\s{0,24}<[\w:-]{1,24}(?: [\w=":. -]{0,60})?>/y;

function elementTie(text: string, { at, end }: Name): Tie | null {
  let start = -1;
  if (text.startsWith("</", end)) {
    NEXT_ELEMENT.lastIndex = end;
    if (NEXT_ELEMENT.test(text)) start = NEXT_ELEMENT.lastIndex;
  } else if (text.charAt(end) === ">" && text.charAt(nameStart(text, at) - 1) === "<") start = end + 1;
  if (start < 0) return null;
  const from = runEnd(text, start, BLANK, MAX_BLANKS);
  return isElementText(text, from) ? firmly(from) : null;
}

/** Whether one word and the end of an element follow. */
function isElementText(text: string, from: number): boolean {
  let last = from;
  while (last < from + MAX_ELEMENT && text.charCodeAt(last) > 0x20 && text.charAt(last) !== "<") last++;
  return text.startsWith("</", runEnd(text, last, BLANK, MAX_BLANKS));
}

const ARRAY = /\[\d{0,4}\]/y;

/** The end of a closing quote or bracket of the name: `"x"`, `\"x\"`, `**x**`, `["x"]`, `x[]`. */
function closingEnd(text: string, end: number): number {
  let at = end;
  while (at < end + 3 && text.charAt(at) === "\\") at++;
  if (QUOTES.includes(text.charAt(at) || " ")) at++;
  else if (text.startsWith("**", end)) at = end + 2;
  else if (text.charAt(end) === "[") {
    ARRAY.lastIndex = end;
    return ARRAY.test(text) ? ARRAY.lastIndex : end;
  }
  if (text.charAt(at) === "]") at++;
  return text.charAt(at) === ")" ? at + 1 : at;
}

/** What ties a name to its value. */
const SIGNS = /(?:[:?|]{0,3}={1,3}>?|=>|->|:)[ \t]{0,24}/y;
/** Calls whose second argument is the value of the first: `define('DB_PASSWORD', 'x')`. */
const SETTER = /(?:define|put|put_?env|setenv|set_?property|set|add)\(\s?["'`]$/i;
const LONGEST_SETTER = 16;

function signTie(text: string, name: Name): Tie | null {
  const closed = closingEnd(text, name.end);
  const from = runEnd(text, closed, BLANK, MAX_BLANKS);
  const sign = text.charAt(from);
  // `setenv("NAME", "x")`, a row of a table, and `withPassword("x")`.
  if (sign === "," && closed > name.end) {
    const next = runEnd(text, from + 1, BLANK, MAX_BLANKS);
    const start = nameStart(text, name.at);
    const isSet = isOption(text, name) || SETTER.test(text.slice(Math.max(0, start - LONGEST_SETTER), start));
    return isSet ? firmly(next, true) : loosely(next, true);
  }
  if (sign === "|" && from > name.end) return loosely(runEnd(text, from + 1, BLANK, MAX_BLANKS));
  if (sign === "(" && from === name.end) return loosely(from + 1, true);
  SIGNS.lastIndex = from;
  if (SIGNS.test(text)) return valueTie(text, SIGNS.lastIndex);
  return from === closed ? null : tieByWords(text, name, closed, from);
}

/** A type between a name and its value: `password: string = "x"`, `token: Optional[str] = "x"`, `key: &'a str = "x"`. */
const TYPE = /\s{0,2}[A-Za-z&*?][\w.[\]|<>&*?' ]{0,30} = /y;
/** The tag or the head of a block that a YAML value may have. */
const YAML_HEAD = /!!?(?:str|binary)[ \t]{1,4}|[|>][+-]?[ \t]{0,2}\r?\n[ \t]{1,24}/y;

function valueTie(text: string, at: number): Tie {
  const sign = text.charAt(at);
  if (sign === "!" || sign === "|" || sign === ">") {
    YAML_HEAD.lastIndex = at;
    return firmly(YAML_HEAD.test(text) ? YAML_HEAD.lastIndex : at);
  }
  // On the next line only what is quoted is the value, not the next name.
  if (sign === "\r" || sign === "\n") return firmly(runEnd(text, at, BLANK, MAX_BLANKS), true);
  if (!isAt(text, at, LETTER) && !"&*?".includes(sign || " ")) return firmly(at);
  TYPE.lastIndex = at;
  return firmly(TYPE.test(text) ? TYPE.lastIndex : at);
}

const isOption = (text: string, { at }: Name): boolean => text.charAt(nameStart(text, at)) === "-";

/** `login x password y`, as in .netrc. */
const LOGIN = /\blogin\s{1,4}\S{1,48}\s{1,4}$/;
/** `ENV NAME x` of a Dockerfile, and commands that set a variable so. */
const SETS = /(?:^|[\s"'`])(?:ENV|ARG|SetEnv|setenv|setx)\s{1,2}$/;
const LONGEST_BEFORE = 64;
/** Words that lead from the name to the value in prose, in several languages. */
const VERBS =
  /\s{1,2}(?:(?:for|of|to|on|für|de|pour|para)\s(?:[\w.@-]{1,32}\s){1,4})?(?:is now|is set to|is|was|ist|lautet|est|es|é|=|:)\s{0,2}:?\s{0,2}/iy;
/** What comes first of those words. */
const VERB_STARTS = "viwlefotdupVIWLEFOTDUP";
/** A type, or accessors, between a name and an operator: `token string = "x"` of Go, `Token { get; set; } = "x"` of C#. */
const DECLARED =
  /(?:\*?string|&?str|text|\[\]byte|\{ ?get;(?: ?(?:private |protected |internal )?(?:set|init);)? ?\})[ \t]{0,8}:?=[ \t]{0,8}/iy;
const DECLARED_STARTS = "*sS&t[{";

/** White space alone, as after options, or a few words. */
function tieByWords(text: string, name: Name, closed: number, from: number): Tie | null {
  const first = text.charAt(from) || " ";
  if (QUOTES.includes(first)) return isOption(text, name) ? firmly(from, true) : loosely(from, true);
  if (isOption(text, name)) return firmly(from);
  if (DECLARED_STARTS.includes(first)) {
    DECLARED.lastIndex = from;
    if (DECLARED.test(text)) return firmly(DECLARED.lastIndex, true);
  }
  if (VERB_STARTS.includes(first) || (isAt(text, from, LETTER) && namesPassword(text, name.at))) {
    VERBS.lastIndex = closed;
    if (VERBS.test(text)) return firmly(VERBS.lastIndex);
  }
  if (from !== closed + 1 || text.charAt(closed) !== " ") return null;
  return nextWordTie(text, name, from);
}

function nextWordTie(text: string, name: Name, from: number): Tie | null {
  const isPassword = namesPassword(text, name.at);
  if (!isPassword && !isAt(text, from, ALPHANUMERIC)) return null;
  const start = nameStart(text, name.at);
  const before = text.slice(Math.max(0, start - LONGEST_BEFORE), start);
  if (SETS.test(before) || (isPassword && LOGIN.test(before))) return firmly(from);
  // `Pass X to` begins a sentence.
  return isPassword && name.end - name.at !== "pass".length
    ? loosely(from)
    : { at: from, needsQuote: false, hold: "bare" };
}
