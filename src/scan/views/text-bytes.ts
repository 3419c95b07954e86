import type { Replacing } from "./windows.ts";

/** Enough to know text from noise: not one in a million of random bytes gets so far. */
export const CERTAIN_BYTES = 16;
const LONGEST_CONSTANT = 64;
const DELETE = 0x7f;

/** For each ASCII character: no text; text; usual in short values such as a number, a name, an address. */
const PLAIN = 1;
const USUAL = 2;
const KIND = new Uint8Array(256);
for (const control of "\t\n\r") KIND[control.charCodeAt(0)] = PLAIN;
for (let unit = 0x20; unit < DELETE; unit++) KIND[unit] = PLAIN;
for (const usual of " .,-_@:/+()'\"=") KIND[usual.charCodeAt(0)] = USUAL;
for (let unit = 0; unit < DELETE; unit++) if (/\w/.test(String.fromCharCode(unit))) KIND[unit] = USUAL;

/** `{"`, `["` and `[{`: JSON, which has more signs in it than other text. */
const JSON_BEGINNINGS: ReadonlySet<number> = new Set([0x7b22, 0x5b22, 0x5b7b]);

/** Letters, by the block: what a short text that is not ASCII is made of. */
const isLetter = (point: number): boolean =>
  (point >= 0xc0 && point <= 0x17f) ||
  (point >= 0x370 && point <= 0x6ff) ||
  (point >= 0x900 && point <= 0xe7f) ||
  (point >= 0x1d400 && point <= 0x1d7ff) ||
  (point >= 0x2010 && point <= 0x201f) ||
  (point >= 0x3040 && point <= 0x30ff) ||
  (point >= 0x4e00 && point <= 0x9fff) ||
  (point >= 0xac00 && point <= 0xd7a3) ||
  (point >= 0xff01 && point <= 0xff5e);

/** What nobody sees, and marks on letters: they say nothing for text or against it, but may hide what it is. */
const isUnseen = (point: number): boolean =>
  point === 0xad ||
  point === 0xfeff ||
  (point >= 0x300 && point <= 0x36f) ||
  (point >= 0x200b && point <= 0x200f) ||
  (point >= 0x2060 && point <= 0x2064) ||
  (point >= 0xfe00 && point <= 0xfe0f) ||
  (point >= 0xe0000 && point <= 0xe01ef);

/** Bytes that may be text in UTF-8 (RFC 3629) or in UTF-16LE, which is what PowerShell encodes. */
export class TextBytes {
  bytes = new Uint8Array(256);
  length = 0;
  /** Whether they are UTF-16LE. */
  wide = false;
  #pending = 0;

  clear(): void {
    this.length = 0;
    this.wide = false;
    this.#pending = 0;
  }

  /** False where the byte makes them no text; it is not taken then. */
  push(byte: number): boolean {
    const at = this.length;
    if (this.wide) {
      if ((at & 1) === 1 && !isWideText((this.bytes[at - 1] ?? 0) | (byte << 8), at)) return false;
    } else if (this.#pending > 0) {
      if (byte >> 6 !== 2) return false;
      this.#pending--;
    } else if (byte > DELETE) {
      if (byte >= 0xc2 && byte <= 0xf4) this.#pending = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      else if (at === 0 ? byte !== 0xff : at !== 1 || byte !== 0xfe || this.bytes[0] !== 0xff) return false;
    } else if (KIND[byte] === 0) {
      if (at !== 1 || byte !== 0) return false;
      this.wide = true;
    }
    return this.#take(byte);
  }

  /** How many of them make whole characters. */
  get whole(): number {
    if (this.wide) return this.length & ~1;
    let start = this.length;
    while (start > 0 && (this.bytes[start - 1] ?? 0) >> 6 === 2) start--;
    if (start === 0 || this.#pending === 0) return this.length;
    return start - 1;
  }

  /** Whether the first `length` bytes are what somebody wrote, rather than noise that happens to be printable. */
  isLikely(length: number): boolean {
    const end = Math.min(length, CERTAIN_BYTES);
    if (this.wide) return end >= 12;
    if (JSON_BEGINNINGS.has(((this.bytes[0] ?? 0) << 8) | (this.bytes[1] ?? 0))) return true;
    let odd = 0;
    let changes = 0;
    let count = 0;
    let last = 0;
    for (let at = 0; at < end; count++) {
      const width = widthOf(this.bytes[at] ?? 0);
      // The rest of a character that begins at the end is not there: what stands behind it is of another text.
      if (at + width > end) break;
      const point = this.pointAt(at, width);
      if (point === -1) return false;
      if (isUnseen(point)) {
        at += width;
        continue;
      }
      const group = groupOf(point);
      if (width === 1 ? KIND[point] !== USUAL : !isLetter(point)) odd++;
      else if (group !== last && isScript(group) && isScript(last) && group + last !== CASES) odd++;
      if (group !== last && last !== 0) changes++;
      last = group;
      at += width;
    }
    if (end < CERTAIN_BYTES) return odd * 4 <= end - 6 && changes * 2 <= end;
    return odd * (count === end ? 2 : 4) <= count;
  }

  /** Not so is a constant such as 0x3333333333333333. A long text may begin with a rule or with an indent. */
  isVaried(length: number): boolean {
    if (length > LONGEST_CONSTANT) return true;
    const { bytes } = this;
    let at = 1;
    while (at < length && bytes[at] === bytes[0]) at++;
    const second = bytes[at];
    while (at < length && (bytes[at] === bytes[0] || bytes[at] === second)) at++;
    return at < length;
  }

  /** The code point of a sequence, or -1 where it is overlong, a surrogate or beyond Unicode. */
  pointAt(at: number, width: number): number {
    const { bytes } = this;
    const first = bytes[at] ?? 0;
    if (width === 1) return first;
    const second = (bytes[at + 1] ?? 0) & 0x3f;
    if (width === 2) return ((first & 0x1f) << 6) | second;
    const third = (bytes[at + 2] ?? 0) & 0x3f;
    if (width === 3) {
      const point = ((first & 0x0f) << 12) | (second << 6) | third;
      return point < 0x800 || (point >= 0xd800 && point <= 0xdfff) ? -1 : point;
    }
    const point = ((first & 0x07) << 18) | (second << 12) | (third << 6) | ((bytes[at + 3] ?? 0) & 0x3f);
    return point < 0x10000 || point > 0x10ffff ? -1 : point;
  }

  putInto(output: Replacing, length: number): void {
    const { bytes } = this;
    if (this.wide) {
      for (let at = 0; at < length; at += 2) output.put((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
      return;
    }
    for (let at = 0; at < length; ) {
      const width = widthOf(bytes[at] ?? 0);
      const point = this.pointAt(at, width);
      if (point !== -1) output.putCodePoint(point);
      at += width;
    }
  }

  #take(byte: number): boolean {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = byte;
    if (this.length === 2 && this.bytes[0] === 0xff) {
      if (byte !== 0xfe) return false;
      this.wide = true;
    }
    return true;
  }
}

export const widthOf = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

function isWideText(unit: number, at: number): boolean {
  if (unit < 256) return KIND[unit] !== 0 || unit >= 0xa0;
  return at > 8 && (isLetter(unit) || unit >> 11 === 0x1b);
}

const DIGIT = 1;
const SPACE = 2;
const SIGN = 3;
const SMALL = 4;
const LARGE = 5;
const CASES = SMALL + LARGE;
const FAR_EAST = 0x3000;

/** Digits, white space, signs, small and large letters, other scripts. Text changes less often between them than noise. */
function groupOf(point: number): number {
  if (point >= 0x30 && point <= 0x39) return DIGIT;
  if ((point >= 0x61 && point <= 0x7a) || (point >= 0xc0 && point <= 0x17f)) return SMALL;
  if (point >= 0x41 && point <= 0x5a) return LARGE;
  if (point === 0x20) return SPACE;
  if (point < 0x80) return SIGN;
  // Greek and Cyrillic letters may stand for Latin ones.
  if (point >= 0x370 && point <= 0x52f) return SMALL;
  return point >= FAR_EAST ? FAR_EAST : LARGE + (point >> 8);
}

/** Words of two scripts stand apart, but for the letters of one, large and small. */
const isScript = (group: number): boolean => group >= SMALL;
