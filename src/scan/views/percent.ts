import { BASE64_DIGIT, BASE64_SIGN, classOf, hexAt, hexPairAt } from "./characters.ts";
import { readBytes } from "./escapes.ts";
import type { Replacing } from "./windows.ts";

const PERCENT = 0x25;
const EQUALS = 0x3d;
const PLUS = 0x2b;
const SPACE = 0x20;
const QUOTE = 0x22;
const SMALL_U = 0x75;
/** How far before its first percent sign a form's value is read. */
const MAX_LOOK_BACK = 128;

/** Reads percent-encoded bytes (RFC 3986, 2.1), or a unit as JavaScript's `escape` writes it. Returns their end, or `at`. */
export function readPercent(text: string, at: number, output: Replacing): number {
  if (text.charCodeAt(at + 1) === SMALL_U) {
    const unit = hexAt(text, at + 2, 4);
    if (unit < 0) return at;
    output.replace(at);
    output.put(unit);
    output.resume(at + 6);
    return at + 6;
  }
  return readBytes(text, at, output, percentByteAt, 3);
}

/**
 * In a form, a plus is a space. It is only read so between two words, in a word that has a percent-encoded byte, too: what
 * is encoded in this way has no plus of its own, such as that of a phone number.
 */
export function readPluses(text: string, start: number, end: number, output: Replacing): void {
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) !== PLUS || !isWord(text.charCodeAt(at - 1)) || !isWord(text.charCodeAt(at + 1))) continue;
    output.replace(at);
    output.put(SPACE);
    output.resume(at + 1);
  }
}

export function formStart(text: string, least: number, at: number): number {
  const most = Math.max(least, at - MAX_LOOK_BACK);
  let start = at;
  while (start > most && isOfForm(text.charCodeAt(start - 1))) start--;
  return start;
}

export function formEnd(text: string, at: number): number {
  let end = at;
  while (isOfForm(text.charCodeAt(end))) end++;
  return end;
}

/** A form has no white space and no quotes of its own: those of JSON without white space part one value from the next. */
const isOfForm = (unit: number): boolean => unit > SPACE && unit !== QUOTE;

/**
 * Reads bytes in quoted-printable (RFC 2045, 6.7). `width=20` is none: there must be two of them, or other signs of the
 * encoding, which the caller looks for.
 */
export function readQuotedPrintable(text: string, at: number, isCertain: boolean, output: Replacing): number {
  if (!isCertain) {
    if (equalsByteAt(text, at) < 0x20 || equalsByteAt(text, at + 3) < 0x20) return at;
    return readBytes(text, at, output, equalsByteAt, 3);
  }
  const lineEnd = text.charCodeAt(at + 1) === 0x0d ? at + 2 : at + 1;
  if (text.charCodeAt(lineEnd) !== 0x0a) return readBytes(text, at, output, equalsByteAt, 3);
  output.replace(at);
  output.resume(lineEnd + 1);
  return lineEnd + 1;
}

export const isQuotedPrintable = (text: string): boolean =>
  text.includes("=3D") || text.includes("quoted-printable") || text.includes("Quoted-Printable");

function percentByteAt(text: string, at: number): number {
  return text.charCodeAt(at) === PERCENT ? hexPairAt(text, at + 1) : -1;
}

function equalsByteAt(text: string, at: number): number {
  return text.charCodeAt(at) === EQUALS ? hexPairAt(text, at + 1) : -1;
}

const isWord = (unit: number): boolean => (classOf(unit) & (BASE64_DIGIT | BASE64_SIGN)) === BASE64_DIGIT;
