import type { LiteralDetector, Match } from "../../src/scan/detector.ts";

/** All that detectors find where their literals stand, those of the default threshold only. No word of context is near. */
export function matchesOf(detectors: readonly LiteralDetector[], text: string): Match[] {
  const folded = text.toLowerCase();
  const matches: Match[] = [];
  for (const { literals, look } of detectors) {
    for (const literal of literals) {
      for (let at = folded.indexOf(literal); at >= 0; at = folded.indexOf(literal, at + 1)) {
        const match = look(text, at, () => false);
        if (match !== null && match.strength !== "weak") matches.push(match);
      }
    }
  }
  return matches;
}

export const codesIn = (detectors: readonly LiteralDetector[], text: string): string[] => [
  ...new Set(matchesOf(detectors, text).map(({ code }) => code)),
];
