import { classOf, HEX_DIGIT, hexPairAt, PAIR_GAP } from "./characters.ts";
import { CERTAIN_BYTES, TextBytes } from "./text-bytes.ts";

/** A 7-digit phone number has so many. Eight digits or twelve would be dates, revisions and the parts of UUIDs. */
export const MIN_HEX = 14;
const MIN_BYTES = MIN_HEX / 2;
/** Of `41 42 43`, as pairs and the gap after each. */
const PAIR = 3;
/** A list of seven pairs is longer than this, so looking at every so many characters misses none. */
const STRIDE = 12;
const A_PAIR_AND_A_GAP = 2 * HEX_DIGIT + PAIR_GAP;
const ZERO = 0x30;
const SMALL_X = 0x78;
const COMMA = 0x2c;
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const TAB = 0x09;
const MAX_GAP = 12;

/** Reads text in hexadecimal: in one run, in pairs with one sign between them, or as a list of `0x41`. */
export class HexReader {
  readonly bytes = new TextBytes();
  /** How many of the bytes are text. */
  length = 0;
  /** Where what was read ends. */
  end = 0;
  work = 0;
  #isDecimal = true;

  /** Whether the digits from `start` to `limit` are text as a whole. */
  readRun(text: string, start: number, limit: number): boolean {
    if ((limit - start) % 2 !== 0) return false;
    this.#begin();
    for (let at = start; at < limit; at += 2) {
      if (!this.#push(text, at)) return false;
    }
    this.end = limit;
    return this.#accept(start);
  }

  /** Whether a list of pairs begins at `start`, all with the same sign between them. */
  readPairs(text: string, start: number): boolean {
    const gap = text.charCodeAt(start + 2);
    let at = start;
    this.#begin();
    do {
      this.end = at + 2;
      if (!this.#push(text, at)) return false;
      at += PAIR;
    } while (text.charCodeAt(at - 1) === gap && isPairAt(text, at));
    return this.#accept(start);
  }

  /** Whether a list of `0x41, 0x42` begins at `start`. */
  readList(text: string, start: number): boolean {
    let at = start;
    this.#begin();
    do {
      this.end = at + 4;
      if (!this.#push(text, at + 2)) return false;
      at = skipGap(text, this.end);
    } while (isPrefixAt(text, at) && isPairAt(text, at + 2));
    this.#isDecimal = false;
    return this.#accept(start);
  }

  #begin(): void {
    this.bytes.clear();
    this.#isDecimal = true;
  }

  #push(text: string, at: number): boolean {
    this.work += 2;
    if ((text.charCodeAt(at) | text.charCodeAt(at + 1)) >= 0x40) this.#isDecimal = false;
    if (!this.bytes.push(hexPairAt(text, at))) return false;
    return this.bytes.length !== CERTAIN_BYTES || this.bytes.isLikely(CERTAIN_BYTES);
  }

  #accept(start: number): boolean {
    this.work += this.end - start;
    this.length = this.bytes.whole;
    if (this.length !== this.bytes.length || this.length < MIN_BYTES || !this.bytes.isLikely(this.length)) return false;
    return this.bytes.isVaried(this.length) && (!this.#isDecimal || this.#isNumber());
  }

  /** Decimal digits are a number in itself more often than a text, unless what they say is a number, too. */
  #isNumber(): boolean {
    let digits = 0;
    for (let at = 0; at < this.length; at++) if ((this.bytes.bytes[at] ?? 0) >> 4 === 3) digits++;
    return digits * 3 >= this.length * 2;
  }
}

/** Where a list of pairs that has a part at `from` or after it begins, or -1. */
export function findPairs(text: string, from: number): number {
  const last = text.length - 2 * PAIR;
  for (let at = from; at <= last; at += STRIDE) {
    const first = classOf(text.charCodeAt(at)) & (HEX_DIGIT | PAIR_GAP);
    const second = classOf(text.charCodeAt(at + 1)) & (HEX_DIGIT | PAIR_GAP);
    const third = classOf(text.charCodeAt(at + 2)) & (HEX_DIGIT | PAIR_GAP);
    if (first + second + third !== A_PAIR_AND_A_GAP) continue;
    const gapAt = first === PAIR_GAP ? at : second === PAIR_GAP ? at + 1 : at + 2;
    const gap = text.charCodeAt(gapAt);
    if (text.charCodeAt(gapAt + PAIR) !== gap || !isPairAt(text, gapAt + 1) || !isPairAt(text, gapAt + 4)) continue;
    let start = gapAt + 1;
    while (start - PAIR >= from && text.charCodeAt(start - 1) === gap && isPairAt(text, start - PAIR)) start -= PAIR;
    return start;
  }
  return -1;
}

export const isPrefixAt = (text: string, at: number): boolean =>
  text.charCodeAt(at) === ZERO && (text.charCodeAt(at + 1) | 0x20) === SMALL_X;

export const isPairAt = (text: string, at: number): boolean =>
  (classOf(text.charCodeAt(at)) & HEX_DIGIT) !== 0 && (classOf(text.charCodeAt(at + 1)) & HEX_DIGIT) !== 0;

function skipGap(text: string, from: number): number {
  let at = from;
  while (at < from + MAX_GAP && isGap(text.charCodeAt(at))) at++;
  return at;
}

const isGap = (unit: number): boolean =>
  unit === COMMA || unit === SPACE || unit === LINE_FEED || unit === TAB || unit === 0x0d || unit === 0x5c;
