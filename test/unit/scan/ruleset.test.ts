import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { DEFAULT_RULES, RULESET_VERSION, type Rules, rulesetHash } from "../../../src/scan/compile.ts";
import { DETECTORS } from "../../../src/scan/detectors/all.ts";
import { SECRET_RULES } from "../../../src/scan/detectors/secrets/all.ts";
import { scanFor } from "../../support/compiled-scan.ts";

/** Which rules a version has. A version that has left the house never gets another hash. */
const RULESET = {
  version: "1.0.0",
  sha256: "cbe4ee4b9e1c91a81cd938e1ce73cd073099aa0844d2a12f00f49abf948bf49b",
} as const;

const WHAT_TO_DO =
  "The rules have changed. Give RULESET_VERSION in src/scan/compile.ts a new number, unless the present one was never " +
  "released; put it and the hash that this test got into RULESET above; then run `bun run docs`.";

test("the rules are those of their version", () => {
  const rules = { version: RULESET_VERSION, sha256: rulesetHash(DEFAULT_RULES) };
  expect(rules, WHAT_TO_DO).toEqual(RULESET);
});

test("what an audit row names is the same, whichever keywords and patterns there are", () => {
  const named = `${RULESET_VERSION}:${rulesetHash(DEFAULT_RULES)}`;
  const pattern = { id: "staff", pattern: "staff", keywords: ["staff"] };
  for (const options of [{}, { patterns: [pattern] }]) {
    expect(scanFor(["secret"], { detectSensitiveData: true, ...options }).ruleset).toBe(named);
  }
  expect(named).toMatch(/^\d+\.\d+\.\d+:[0-9a-f]{64}$/);
});

test("and another one where the detectors are off, or report other matches", () => {
  const on = scanFor([], { detectSensitiveData: true }).ruleset;
  const off = scanFor([], { detectSensitiveData: false }).ruleset;
  const surer = scanFor([], { detectSensitiveData: true, threshold: "strong" }).ruleset;
  expect(new Set([on, off, surer]).size).toBe(3);
});

test("the hash changes with what a detector looks for, and with a secret's pattern", () => {
  const [first, ...rest] = SECRET_RULES;
  const [detector, ...others] = DETECTORS;
  if (first === undefined || detector === undefined) throw new Error("there are no rules");
  const hashOf = (rules: Partial<Rules>) => rulesetHash({ ...DEFAULT_RULES, ...rules });
  const hashes = [
    hashOf({ detectors: DETECTORS }),
    hashOf({ detectors: others }),
    hashOf({ detectors: [...others, detector] }),
    hashOf({ detectors: [{ ...detector, reach: detector.reach + 1 }, ...others] }),
    hashOf({ secrets: rest }),
    hashOf({ secrets: [{ ...first, pattern: `${first.pattern}x` }, ...rest] }),
    hashOf({ secrets: [{ ...first, minEntropy: first.minEntropy + 1 }, ...rest] }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashes[0]).not.toBe(createHash("sha256").update("").digest("hex"));
});
