/** What a UTF-16 code unit may be part of, as bits. A table is read faster than ranges are compared. */
export const HEX_DIGIT = 1;
export const BASE64_DIGIT = 2;
/** A digit of base64 or base64url that parts words, too: a text in base64 may begin after it, or end before it. */
export const BASE64_SIGN = 4;
export const PAIR_GAP = 16;

const CLASSES = new Uint8Array(65_536);
const VALUES = new Uint8Array(65_536);

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX = "0123456789abcdef";

for (const [value, digit] of [...DIGITS].entries()) setDigit(digit, value, BASE64_DIGIT);
setDigit("-", 62, BASE64_DIGIT);
setDigit("_", 63, BASE64_DIGIT);
for (const sign of "+/-_") addClass(sign, BASE64_SIGN);
for (const digit of HEX + HEX.toUpperCase()) addClass(digit, HEX_DIGIT);
for (const gap of " :,-.;\n\t") addClass(gap, PAIR_GAP);

export const classOf = (unit: number): number => CLASSES[unit] ?? 0;
const EQUALS = 0x3d;
/** Of a word, a number or a key in base64, with its padding: half of one may look like something else, or like nothing. */
export const isOfToken = (unit: number): boolean => (classOf(unit) & BASE64_DIGIT) !== 0 || unit === EQUALS;
/** The value of a digit of base64 or base64url (RFC 4648). */
export const base64ValueOf = (unit: number): number => VALUES[unit] ?? 0;

/** The value of two hex digits, or -1. */
export function hexPairAt(text: string, at: number): number {
  const high = hexValueOf(text.charCodeAt(at));
  const low = hexValueOf(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : (high << 4) | low;
}

/** The value of so many hex digits, or -1. */
export function hexAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = hexValueOf(text.charCodeAt(index));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** -1 for what is no hex digit; also past the end of a text, where the unit is NaN. */
export function hexValueOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const small = unit | 0x20;
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1;
}

function setDigit(digit: string, value: number, bits: number): void {
  VALUES[digit.charCodeAt(0)] = value;
  addClass(digit, bits);
}

function addClass(character: string, bits: number): void {
  const unit = character.charCodeAt(0);
  CLASSES[unit] = (CLASSES[unit] ?? 0) | bits;
}
