import { Replacing, type Rewritten } from "./windows.ts";

const AT = 0x40;
const DOT = 0x2e;
const COLON = 0x3a;
const SPACE = 0x20;
const CLOSERS: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}", "<": ">" };
const WORD = /[\p{L}\p{N}]/u;
/** What may stand in brackets for a sign, with a space on each side: `[at]`, `( dot )`, `[.]`, `[:]`. */
const BRACKETED = /([[({<]) ?(at|dot|punkt|[@.:]) ?([\])}>])/iy;

/** ` at `, `_AT_`, `.at.` between two words, and after it labels with the same sign for a dot between them. */
const SPELLED_AT = /[0-9A-Za-z]([ _.-])at\1(?=[0-9A-Za-z])/gi;
const LABEL = /[0-9A-Za-z][0-9A-Za-z-]{0,62}?(?=[ _.-]dot[ _.-]|[.]|[^0-9A-Za-z-]|$)/iy;
const SPELLED_DOT = /([ _.-])dot\1(?=[0-9A-Za-z])/iy;
/** Three letters and a sign on each side: as cheap as a search for a word. */
const ANY_DOT = /[ _.-]dot[ _.-]/i;
const MAX_LABELS = 8;
/** Words of prose that come after an `at`: what follows them is no address. */
const NO_LABEL: ReadonlySet<string> = new Set(["the", "a", "an", "this", "that", "each", "every", "one", "its", "any"]);
/** Names of countries have two letters; of the rest, those that people have addresses in. */
const COUNTRY = /^[a-z]{2}$/;
const TOP_LEVEL = new Set("com org net edu gov mil int info biz name app dev cloud online tech email swiss".split(" "));

/** Reads a sign that is written in brackets, as people do to keep programs from reading an address. Returns its end, or `at`. */
export function readBracketed(text: string, at: number, least: number, output: Replacing): number {
  BRACKETED.lastIndex = at;
  const found = BRACKETED.exec(text);
  if (found === null || CLOSERS[found[1] ?? ""] !== found[3]) return at;
  const end = at + found[0].length;
  const left = at > least && text.charCodeAt(at - 1) === SPACE ? at - 1 : at;
  const right = text.charCodeAt(end) === SPACE ? end + 1 : end;
  const sign = signOf(found[2] ?? "");
  if (!WORD.test(text.charAt(left - 1)) || !(sign === COLON || WORD.test(text.charAt(right)))) return at;
  output.replace(left);
  output.put(sign);
  output.resume(sign === COLON ? end : right);
  return sign === COLON ? end : right;
}

function signOf(written: string): number {
  if (written.length === 1) return written.charCodeAt(0);
  return written.toLowerCase() === "at" ? AT : DOT;
}

/** Reads addresses whose signs are words: `john at example dot com`. An `at` without a `dot` is prose. */
export function readSpelledAddresses(from: Rewritten): Rewritten {
  const { text } = from;
  if (!ANY_DOT.test(text)) return from;
  const output = new Replacing(from);
  let done = 0;
  for (const found of text.matchAll(SPELLED_AT)) {
    const at = found.index + 1;
    const end = at + found[0].length - 1;
    if (at < done) continue;
    const dots = spelledDots(text, end);
    if (dots.length === 0) continue;
    done = put(output, at, end, AT);
    for (const dot of dots) done = put(output, dot, dot + SPELLED_DOT_LENGTH, DOT);
  }
  return output.done();
}

const SPELLED_DOT_LENGTH = " dot ".length;

/** Where the spelled dots of a host's name that begins at `start` are; none where it is no such name. */
function spelledDots(text: string, start: number): readonly number[] {
  const dots: number[] = [];
  let at = start;
  for (let count = 0; count < MAX_LABELS; count++) {
    LABEL.lastIndex = at;
    const label = LABEL.exec(text)?.[0].toLowerCase();
    if (label === undefined || NO_LABEL.has(label)) return [];
    at += label.length;
    SPELLED_DOT.lastIndex = at;
    if (SPELLED_DOT.test(text)) {
      dots.push(at);
      at = SPELLED_DOT.lastIndex;
    } else if (text.charCodeAt(at) === DOT && WORD.test(text.charAt(at + 1))) at++;
    else return COUNTRY.test(label) || TOP_LEVEL.has(label) ? dots : [];
  }
  return dots;
}

function put(output: Replacing, start: number, end: number, unit: number): number {
  output.replace(start);
  output.put(unit);
  output.resume(end);
  return end;
}
