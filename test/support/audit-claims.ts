import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * How far a request came, as the process that had it says: `begin` before its intent is handed over, `intent` once that is
 * acknowledged, `end` before its outcome is handed over, `done` once that is acknowledged.
 */
const STEPS = ["begin", "intent", "end", "done"] as const;
export type Step = (typeof STEPS)[number];

/** Requests by id, each with the last step that it was said to have taken. */
export type Claims = ReadonlyMap<string, Step>;

/** Writes a line with one system call before the next thing is done, so that no kill takes back what was said. */
export function openClaims(file: string) {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, "a");
  return {
    say: (step: Step, requestId: string) => void writeSync(descriptor, `${step} ${requestId}\n`),
    close: () => closeSync(descriptor),
  };
}

/** Of all files together. A line that a kill cut off says nothing. */
export function readClaims(files: readonly string[]): Claims {
  const claims = new Map<string, Step>();
  for (const file of files.filter((name) => existsSync(name))) {
    for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
      const [word, requestId = ""] = line.split(" ");
      const step = STEPS.find((name) => name === word);
      if (step === undefined) throw new Error(`not a claim: ${line}`);
      claims.set(requestId, step);
    }
  }
  return claims;
}

export const countOf = (claims: Claims, step: Step): number =>
  [...claims.values()].filter((claimed) => claimed === step).length;
