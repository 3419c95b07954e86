import { isAscii } from "../sheet.ts";
import { MASKED_UNITS } from "./look-alikes.ts";

/*
 * What a text must have some of before a reading, or a detector, has anything to look for in it. Most texts that are not
 * ASCII have a few letters with accents and some dashes, and are read once for all of these.
 */
export const INVISIBLE = 1;
export const SMUGGLING = 2;
export const OVERRIDING = 4;
/** Letters of alphabets that have letters drawn as those of Latin are. */
export const ALIKE = 8;
/** What may be read as ASCII that it looks like. */
export const MASKED = 16;
/** What no text had before, so that what it is still has to be learned. */
export const FIRST_SEEN = 32;

type Range = readonly [first: number, last: number];

/**
 * Default-ignorable characters (UAX #44) of the first plane but soft hyphens, which are typography. In the middle of an
 * ASCII word they are of use to nobody.
 */
const INVISIBLE_RANGES: readonly Range[] = [
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
];
/** Variation selectors, and what a tag character or another selector begins with. */
const SMUGGLING_RANGES: readonly Range[] = [
  [0xfe00, 0xfe0f],
  [0xdb40, 0xdb40],
];
const OVERRIDING_RANGES: readonly Range[] = [[0x202d, 0x202e]];
/** Blocks of Greek, Cyrillic, Armenian, Cherokee, Tifinagh, Coptic and Lisu, and the first halves of the second plane. */
const ALIKE_RANGES: readonly Range[] = [
  [0x0370, 0x058f],
  [0x13a0, 0x13ff],
  [0x1c80, 0x1c8f],
  [0x1d26, 0x1d7f],
  [0x1f00, 0x1fff],
  [0x2126, 0x2126],
  [0x2c80, 0x2d7f],
  [0x2de0, 0x2dff],
  [0xa4d0, 0xa4ff],
  [0xa640, 0xa69f],
  [0xab65, 0xab65],
  [0xab70, 0xabbf],
  [0xd800, 0xd83f],
];

const TRAITS = MASKED_UNITS.map((isMasked) => isMasked * MASKED);
for (let unit = 0x80; unit < TRAITS.length; unit++) TRAITS[unit] = (TRAITS[unit] ?? 0) | FIRST_SEEN;
const setTrait = (ranges: readonly Range[], trait: number): void => {
  for (const [first, last] of ranges) {
    for (let unit = first; unit <= last; unit++) TRAITS[unit] = (TRAITS[unit] ?? 0) | trait;
  }
};
setTrait(INVISIBLE_RANGES, INVISIBLE);
setTrait(SMUGGLING_RANGES, SMUGGLING);
setTrait(OVERRIDING_RANGES, OVERRIDING);
setTrait(ALIKE_RANGES, ALIKE);

/** Of the text that was asked for last: all readings and detectors ask in turn. */
let known = "";
let knownTraits = 0;

export function traitsOf(text: string): number {
  if (isAscii(text)) return 0;
  if (text === known) return knownTraits;
  let traits = 0;
  for (let at = 0; at < text.length; at++) traits |= TRAITS[text.charCodeAt(at)] ?? 0;
  known = text;
  knownTraits = traits;
  return traits;
}

/** Whether nobody has marked it yet. */
export function markSeen(unit: number): boolean {
  const traits = TRAITS[unit] ?? 0;
  if ((traits & FIRST_SEEN) === 0) return false;
  TRAITS[unit] = traits & ~FIRST_SEEN;
  known = "";
  knownTraits = 0;
  return true;
}

export const isInvisible = (unit: number): boolean => ((TRAITS[unit] ?? 0) & INVISIBLE) !== 0;
