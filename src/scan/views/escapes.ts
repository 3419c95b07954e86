import { hexAt, hexPairAt, hexValueOf } from "./characters.ts";
import { TextBytes, widthOf } from "./text-bytes.ts";
import type { Replacing } from "./windows.ts";

const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LAST_CODE_POINT = 0x10ffff;
/** Zeros in front of a code point's digits count for nothing, and nobody writes many. */
const MAX_DIGITS = 16;

const NOTHING = -1;
/** What a letter after a backslash means; a backspace and the like mean nothing that is seen. */
const LETTERS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x20, v: 0x20, b: NOTHING };
const MEANINGS = new Int32Array(128);
for (let unit = 0x21; unit < 0x7f; unit++) if (!/[0-9A-Za-z]/.test(String.fromCharCode(unit))) MEANINGS[unit] = unit;
for (const [letter, unit] of Object.entries(LETTERS)) MEANINGS[letter.charCodeAt(0)] = unit;

const bytes = new TextBytes();

/**
 * Reads one escape, or several of bytes, at a backslash: those of JSON (RFC 8259), of JavaScript, of C and its kin (octal,
 * `\U`), of Markdown (a backslash before any sign), and a line broken by a backslash. Returns where they end, or `at`.
 */
export function readBackslash(text: string, at: number, output: Replacing): number {
  const unit = text.charCodeAt(at + 1);
  switch (unit) {
    case 0x75:
      return readCodePoint(text, at, 4, output);
    case 0x55:
      return readCodePoint(text, at, 8, output);
    case 0x78:
      return readBytes(text, at, output, hexByteAt, 4);
    case LINE_FEED:
      return put(output, at, at + 2, NOTHING);
    case CARRIAGE_RETURN:
      return put(output, at, text.charCodeAt(at + 2) === LINE_FEED ? at + 3 : at + 2, NOTHING);
    default:
  }
  const meaning = MEANINGS[unit] ?? 0;
  if (meaning !== 0) return put(output, at, at + 2, meaning);
  return unit >= 0x30 && unit <= 0x33 ? readBytes(text, at, output, octalByteAt, 4) : at;
}

function readCodePoint(text: string, at: number, width: number, output: Replacing): number {
  if (text.charCodeAt(at + 2) === 0x7b) return readBraced(text, at, output);
  const point = hexAt(text, at + 2, width);
  return point < 0 || point > LAST_CODE_POINT ? at : put(output, at, at + 2 + width, point);
}

function readBraced(text: string, at: number, output: Replacing): number {
  let index = at + 3;
  let point = 0;
  while (index < at + 3 + MAX_DIGITS && point <= LAST_CODE_POINT) {
    const digit = hexValueOf(text.charCodeAt(index));
    if (digit < 0) break;
    point = point * 16 + digit;
    index++;
  }
  if (index === at + 3 || point > LAST_CODE_POINT || text.charCodeAt(index) !== 0x7d) return at;
  return put(output, at, index + 1, point);
}

function put(output: Replacing, start: number, end: number, point: number): number {
  output.replace(start);
  if (point !== NOTHING) output.putCodePoint(point);
  output.resume(end);
  return end;
}

/** A byte and where the next may begin, or -1 where there is none at `at`. */
type ReadByte = (text: string, at: number) => number;

/**
 * Reads bytes that are all written in the same way: as UTF-8 where that is what they are, else each as the character of its
 * number, as JavaScript has it. Control characters are left as they are written.
 */
export function readBytes(text: string, at: number, output: Replacing, byteAt: ReadByte, width: number): number {
  let end = at;
  for (;;) {
    const first = byteAt(text, end);
    if (!isCharacter(first)) break;
    if (end === at) output.replace(at);
    const sequence = first >= 0xc2 && first <= 0xf4 ? sequenceAt(text, end, byteAt, width) : -1;
    output.putCodePoint(sequence < 0 ? first : sequence);
    end += sequence < 0 ? width : widthOf(first) * width;
  }
  if (end > at) output.resume(end);
  return end;
}

const isCharacter = (byte: number): boolean =>
  (byte >= 0x20 && byte !== 0x7f) || byte === 0x09 || byte === LINE_FEED || byte === CARRIAGE_RETURN;

function sequenceAt(text: string, at: number, byteAt: ReadByte, width: number): number {
  const count = widthOf(byteAt(text, at));
  bytes.clear();
  for (let index = 0; index < count; index++) {
    const byte = byteAt(text, at + index * width);
    if (byte < 0 || !bytes.push(byte)) return -1;
  }
  return bytes.pointAt(0, count);
}

function hexByteAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== 0x78) return -1;
  return hexPairAt(text, at + 2);
}

/** Three digits always: with fewer, it is a reference to a group of a pattern. */
function octalByteAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== BACKSLASH) return -1;
  const first = text.charCodeAt(at + 1) - 0x30;
  const second = text.charCodeAt(at + 2) - 0x30;
  const third = text.charCodeAt(at + 3) - 0x30;
  if (!(first >= 0 && first < 4 && second >= 0 && second < 8 && third >= 0 && third < 8)) return -1;
  return (first << 6) | (second << 3) | third;
}
