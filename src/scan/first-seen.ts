import { kindOf } from "./detectors/mixed-script.ts";
import { classOf } from "./views/look-alikes.ts";
import { FIRST_SEEN, markSeen, traitsOf } from "./views/traits.ts";

/** Code points that are learned between two pauses. */
const LEARNED_PER_STEP = 512;
const HALVES = 1_024;
const SECOND_PLANE_END = 0xd83f;
const COMPATIBILITY_IDEOGRAPHS = 0xd87e;

/**
 * Learns what the code points of a text are, those that no text had before. Each would be learned when it is read, too;
 * thousands of them in one step would keep others waiting.
 */
export function* learnFirstSeen(text: string): Generator<void, void> {
  if ((traitsOf(text) & FIRST_SEEN) === 0) return;
  let learned = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!markSeen(unit)) continue;
    for (const codePoint of codePointsOf(unit)) {
      classOf(codePoint);
      kindOf(codePoint);
      if (++learned % LEARNED_PER_STEP === 0) yield;
    }
  }
}

/** The one that a unit is, or all that begin with it. */
function codePointsOf(unit: number): readonly number[] {
  if ((unit & 0xf800) !== 0xd800) return [unit];
  if (unit > SECOND_PLANE_END && unit !== COMPATIBILITY_IDEOGRAPHS) return [];
  const first = 0x10000 + (unit - 0xd800) * HALVES;
  return Array.from({ length: HALVES }, (_, index) => first + index);
}
