import { BASE64_DIGIT, BASE64_SIGN, base64ValueOf, classOf } from "./characters.ts";
import { CERTAIN_BYTES, TextBytes } from "./text-bytes.ts";

/** An 8-digit phone number has eleven digits of base64; with fewer, too many words would read as text. */
export const MIN_BASE64 = 10;
/** What does not begin at the edge of a run of digits is believed only if it is longer. */
const MIN_INNER_BYTES = 12;
const MIN_BYTES = 7;
/** Shorter lines are lists of words rather than wrapped base64. */
const MIN_LINE = 16;
const MAX_INDENT = 24;
/** The first line is shorter where something stands before it. */
const MAX_LINE = 80;
/** A path goes on after the last of its parts that is text, and some of what follows may pass for text, too. */
const MAX_OVERRUN = 16;
const PADDING = 0x3d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x3e;

/** The digits that text may begin with: their six bits begin a byte of ASCII or the first byte of a UTF-8 sequence. */
const BEGINNINGS = new Uint8Array(65_536);
for (const digit of "CDIJKLMNOPQRSTUVWXYZabcdefwxyz0123456789") BEGINNINGS[digit.charCodeAt(0)] = 1;
/** How the byte order mark of UTF-16LE begins in base64 and in base64url. */
const BYTE_ORDER_MARKS = ["//", "__"] as const;

/** A quick look that most words of a language and most signs do not pass. */
export function mayBeginText(text: string, at: number): boolean {
  if (BEGINNINGS[text.charCodeAt(at)] === 1) return true;
  const third = text.charCodeAt(at + 2);
  return third >= 0x34 && third <= 0x37 && BYTE_ORDER_MARKS.some((mark) => text.startsWith(mark, at));
}

/** Reads base64 and base64url, padded or not (RFC 4648), also wrapped over lines (RFC 2045, RFC 7468). */
export class Base64Reader {
  readonly bytes = new TextBytes();
  /** How many of the bytes are text. */
  length = 0;
  /** Where what was read ends. */
  end = 0;
  /** How many characters were looked at. */
  work = 0;
  #digits = 0;
  /** The last place where the text may end, and what was read up to there. */
  #sign = 0;
  #digitsAtSign = 0;
  #bytesAtSign = 0;

  /** Whether text in base64 begins at `start`, in a run of digits that ends at `limit`. */
  read(text: string, start: number, limit: number, atEdge: boolean): boolean {
    const stop = this.#readDigits(text, start, limit);
    this.work += stop - start;
    if (stop === this.end) return this.#acceptWhole(text, atEdge);
    if (stop - this.#sign <= MAX_OVERRUN && this.#digitsAtSign >= MIN_BASE64) {
      if (endsWell(text, this.#sign, this.#digitsAtSign)) {
        this.end = this.#sign;
        if (this.#accept(this.#bytesAtSign, atEdge ? MIN_BYTES : MIN_INNER_BYTES)) return true;
      }
    }
    this.end = stop;
    return this.#accept(this.bytes.length, CERTAIN_BYTES);
  }

  /** Takes digits until they make no text. Returns where it stopped, and leaves the end of the digits in `end`. */
  #readDigits(text: string, start: number, limit: number): number {
    const { bytes } = this;
    bytes.clear();
    this.#digitsAtSign = 0;
    this.end = limit;
    let held = 0;
    let digits = 0;
    let lineStart = start;
    let width = 0;
    for (let at = start; ; at++) {
      if (at === this.end) {
        this.#digits = digits;
        const next = at - lineStart < width ? -1 : nextLine(text, at, at - lineStart);
        if (next === -1) return at;
        width = at - lineStart;
        this.#noteSign(at, digits);
        this.end = endOfDigits(text, next);
        lineStart = next;
        at = next;
      }
      const unit = text.charCodeAt(at);
      if ((classOf(unit) & BASE64_SIGN) !== 0) this.#noteSign(at, digits);
      held = ((held << 6) | base64ValueOf(unit)) & 0xfff;
      digits++;
      const rest = digits & 3;
      if (rest === 1) continue;
      if (!bytes.push((held >> (rest === 2 ? 4 : rest === 3 ? 2 : 0)) & 0xff)) return at;
      // What is no text is given up here: else each part of a long run would be read to its end.
      if (bytes.length === CERTAIN_BYTES && !bytes.isLikely(CERTAIN_BYTES)) return at;
    }
  }

  #noteSign(at: number, digits: number): void {
    this.#sign = at;
    this.#digitsAtSign = digits;
    this.#bytesAtSign = this.bytes.length;
  }

  #acceptWhole(text: string, atEdge: boolean): boolean {
    const digits = this.#digits;
    const end = this.end;
    let padding = 0;
    while (padding < 2 && text.charCodeAt(end + padding) === PADDING) padding++;
    if (this.bytes.length < CERTAIN_BYTES && !endsWell(text, end, digits)) return false;
    this.end = end + padding;
    const isEdge = atEdge || (padding > 0 && (digits + padding) % 4 === 0);
    return this.#accept(this.bytes.length, isEdge ? MIN_BYTES : MIN_INNER_BYTES);
  }

  #accept(length: number, minBytes: number): boolean {
    this.length = length === this.bytes.length ? this.bytes.whole : length;
    return this.length >= minBytes && this.bytes.isLikely(this.length) && this.bytes.isVaried(this.length);
  }
}

export function endOfDigits(text: string, start: number): number {
  let end = start;
  while ((classOf(text.charCodeAt(end)) & BASE64_DIGIT) !== 0) end++;
  return end;
}

/** Whether the bits of the last digit that belong to no byte are zero, as every encoder leaves them. */
function endsWell(text: string, end: number, digits: number): boolean {
  const rest = digits % 4;
  if (rest < 2) return rest === 0;
  return (base64ValueOf(text.charCodeAt(end - 1)) & (rest === 2 ? 0x0f : 0x03)) === 0;
}

/** Where the base64 goes on after a line break, or -1. The last line may be shorter; two short ones are no base64. */
function nextLine(text: string, end: number, width: number): number {
  if (width < MIN_LINE) return -1;
  let at = end;
  if (text.charCodeAt(at) === CARRIAGE_RETURN) at++;
  if (text.charCodeAt(at) === LINE_FEED) at++;
  if (at === end) return -1;
  const most = at + MAX_INDENT;
  while (at < most && isIndent(text.charCodeAt(at))) at++;
  const longest = at + Math.max(width, MAX_LINE);
  let next = at;
  while (next <= longest && (classOf(text.charCodeAt(next)) & BASE64_DIGIT) !== 0) next++;
  if (next === at || next > longest) return -1;
  const isWord = next - at < MIN_BASE64 && (next - at) % 4 !== 0 && text.charCodeAt(next) !== PADDING;
  return isWord ? -1 : at;
}

const isIndent = (unit: number): boolean => unit === SPACE || unit === TAB || unit === QUOTE;
