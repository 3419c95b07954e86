import { O200K_TOKEN_SPLIT_REGEX } from "gpt-tokenizer/encodingParams/constants";
import { countMerged, isToken, MAX_PIECE_BYTES } from "./byte-pairs.ts";

/**
 * Work that is spent on exactness, in units of 30 to 80 ns as measured; what it does not suffice for is estimated. About
 * 1,100,000 characters of English, 40,000 of Chinese, or 200,000 random ones.
 */
const MAX_WORK = 500_000;
/** Longest text that is tokenized; of a longer one the beginning. */
const MAX_TEXT_CHARS = 1 << 20;
/** How many blanks before the cut of a longer text are tried. */
const MAX_CUTS = 64;

const PIECE = new RegExp(O200K_TOKEN_SPLIT_REGEX.source, "gu");
const ENCODER = new TextEncoder();
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/**
 * Counts the tokens of several texts under one bound on work. Never fewer than `o200k_base` has: a piece that is too long
 * to be merged, and what comes when the work is spent, counts as one token for each byte of UTF-8, which no byte-level
 * vocabulary can exceed. Special tokens are text like any other. The same texts in the same order give the same numbers.
 */
export class TokenCounter {
  #work = MAX_WORK;

  count(text: string): number {
    const length = this.#work > 0 ? exactLength(text) : 0;
    const head = length === text.length ? text : text.slice(0, length);
    const tail = length === text.length ? "" : text.slice(length);
    return this.#countPieces(head) + Buffer.byteLength(tail);
  }

  #countPieces(text: string): number {
    const bytes = ENCODER.encode(text);
    const isAscii = bytes.length === text.length;
    let tokens = 0;
    let start = 0;
    let startChar = 0;
    PIECE.lastIndex = 0;
    while (this.#work > 0 && PIECE.test(text)) {
      const endChar = PIECE.lastIndex;
      const end = isAscii ? endChar : start + utf8Length(text, startChar, endChar);
      tokens += this.#countPiece(bytes, start, end);
      start = end;
      startChar = endChar;
    }
    return tokens + bytes.length - start;
  }

  #countPiece(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    this.#work -= 2;
    if (isToken(bytes, start, end)) return 1;
    this.#work -= length > MAX_PIECE_BYTES ? Math.ceil(length / 16) : 4 * length + Math.ceil(length ** 2 / 64);
    if (length > MAX_PIECE_BYTES) return length;
    return countMerged(bytes, start, end);
  }
}

/**
 * Where a text that is too long may be cut so that its pieces stay what they are: a letter or digit before a blank ends a
 * piece, whatever stands around them. Zero where there is no such place near.
 */
function exactLength(text: string): number {
  if (text.length <= MAX_TEXT_CHARS) return text.length;
  let cut = MAX_TEXT_CHARS;
  for (let tries = 0; tries < MAX_CUTS && cut > 0; tries++) {
    cut = text.lastIndexOf(" ", cut - 1);
    if (cut > 0 && LETTER_OR_DIGIT.test(text.charAt(cut - 1))) return cut;
  }
  return 0;
}

/** As an encoder writes it: half of a surrogate pair becomes the three bytes of U+FFFD. */
function utf8Length(text: string, start: number, end: number): number {
  let bytes = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    const isPair = (code & 0xfc00) === 0xd800 && at + 1 < end && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : isPair ? 4 : 3;
    if (isPair) at += 1;
  }
  return bytes;
}
