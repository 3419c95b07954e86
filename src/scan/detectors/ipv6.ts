import type { Match } from "../detector.ts";

/** Longest way to write eight groups. */
const MAX_IPV6 = 39;
const GROUPS = 8;
const COLON = 0x3a;
const LINE_FEED = 0x0a;

/** The value of a hexadecimal digit, or -1. */
function hex(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** Values of the groups of the address being read. Valid during one look only. */
const groups = new Uint16Array(GROUPS);

/** Reads the text form of RFC 4291 from its first group on. Where it ends, or 0 if it is no complete address. */
function readAddress(text: string, start: number): number {
  const limit = start + MAX_IPV6;
  let index = start;
  let count = 0;
  let isShortened = false;
  let isFolded = false;
  for (;;) {
    const from = index;
    let value = 0;
    for (let digit = hex(text.charCodeAt(index)); digit >= 0; digit = hex(text.charCodeAt(index))) {
      value = value * 16 + digit;
      if (++index - from > 4) return 0;
    }
    // What ends with its zeros left out is a network, `2000::`, and nobody's address.
    if (index === from || count === GROUPS || index > limit) return 0;
    groups[count] = value;
    count++;
    if (text.charCodeAt(index) !== COLON) break;
    index++;
    // A line may end behind a colon; what was broken elsewhere is put together before it is read.
    if (text.charCodeAt(index) === LINE_FEED && count < GROUPS && hex(text.charCodeAt(index + 1)) >= 0) {
      if (isFolded) return 0;
      isFolded = true;
      index++;
    }
    if (text.charCodeAt(index) === COLON) {
      if (isShortened) return 0;
      isShortened = true;
      index++;
    } else if (hex(text.charCodeAt(index)) < 0) {
      // A colon of the sentence.
      index--;
      break;
    }
  }
  const isComplete = isShortened ? count < GROUPS : count === GROUPS;
  return isComplete ? index : 0;
}

const isDocumentation = (first: number, second: number): boolean =>
  (first === 0x2001 && second === 0x0db8) || (first === 0x3fff && second < 0x1000);

const NETWORK = /\/(?!128(?!\d))\d/y;

const FIRST_DIGITS = 4;
/** Part of a word, or a later group of an address; `ip:` may stand before the first. */
const BEFORE = /[\p{L}\p{N}.\-_@]$|[\da-f:]:$/iu;
const AFTER = /[\p{L}\p{N}_]/u;

/**
 * The complete address that begins at `start`, where a digit stands. Every global unicast address, 2000::/3, begins with
 * four hexadecimal digits of which the first is a 2 or a 3.
 */
export function matchIpv6(text: string, start: number): Match | null {
  const unit = text.charCodeAt(start);
  if ((unit !== 0x32 && unit !== 0x33) || text.charCodeAt(start + FIRST_DIGITS) !== COLON) return null;
  if (BEFORE.test(text.slice(Math.max(0, start - 2), start))) return null;
  const end = readAddress(text, start);
  if (end === 0 || AFTER.test(text.charAt(end))) return null;
  NETWORK.lastIndex = end;
  const isNobody = isDocumentation(groups[0] ?? 0, groups[1] ?? 0) || NETWORK.test(text);
  return { code: "pii.ip", start, end, strength: isNobody ? "weak" : "medium" };
}
