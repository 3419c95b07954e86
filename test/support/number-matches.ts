import type { Match, NumberDetector } from "../../src/scan/detector.ts";
import { MAX_GROUPS, NumberRun } from "../../src/scan/number-run.ts";

const DIGIT = /\d/;

/** What a detector says of each run of a text, with its words of context looked for as the matcher does. */
export function numberMatches(detector: NumberDetector, text: string): readonly Match[] {
  const words = (detector.context ?? []).join("|");
  const ends = [...text.matchAll(new RegExp(`(?<![a-z])(?:${words})(?![a-z])`, "gi"))].map(
    (found) => found.index + found[0].length,
  );
  const near = (start: number, end: number): boolean => ends.some((at) => at >= start - 64 && at <= end + 32);
  const run = new NumberRun();
  const matches: Match[] = [];
  for (let at = 0; at < text.length; at++) {
    if (!DIGIT.test(text.charAt(at)) || DIGIT.test(text.charAt(at - 1))) continue;
    run.read(text, at);
    matches.push(...detector.look(run, near));
    at = run.count < MAX_GROUPS ? run.end(run.count - 1) - 1 : run.start(MAX_GROUPS - 8) - 1;
  }
  return matches;
}

/** The strongest of what is found, or null. */
export function strengthIn(detector: NumberDetector, text: string): string | null {
  const strengths = numberMatches(detector, text).map(({ strength }) => strength);
  return ["strong", "medium", "weak"].find((strength) => strengths.some((one) => one === strength)) ?? null;
}
