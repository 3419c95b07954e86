import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FAULT_CODES } from "../../../src/policy/fault-codes.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import { ANYWHERE, altered, FULL_POLICY } from "../../support/policy-file.ts";

function loaded(text: string) {
  const result = loadPolicy(text, ANYWHERE);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

describe("a sound file", () => {
  test("gives the document, the policy that decides by it, and where everything stands", () => {
    const { document, policy, warnings, positionOf } = loaded(FULL_POLICY);
    expect(document).toMatchObject({ name: "full", version: 3 });
    expect(policy).toMatchObject({ name: "full", version: 3, document });
    expect(policy.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(policy.constraints.map(({ forbid }) => forbid.zones)).toEqual([
      ["europe", "cloud"].toSorted().toReversed(),
      [],
    ]);
    expect(warnings).toEqual([]);
    expect(positionOf("/rules/1")).toEqual({ line: 68, column: 5, length: 8 });
    expect(positionOf("/signals/project")).toEqual({ line: 45, column: 3, length: 7 });
  });

  test("keeps its prices and gets those of the default table for the models that have none", () => {
    const { prices } = loaded(FULL_POLICY).document;
    expect(prices?.["openai"]?.["gpt-5.4"]).toEqual({ input: 1_250_000, output: 10_000_000 });
    expect(Object.keys(prices?.["openai"] ?? {})).toContain("gpt-5.4-mini");
  });

  test("is the same policy in JSON and in other words of YAML", () => {
    const yaml = loaded(FULL_POLICY);
    const { tests: _tests, prices: _prices, ...others } = yaml.document;
    const json = JSON.stringify({
      ...others,
      prices: { openai: { "gpt-5.4": { input: 1_250_000, output: 10_000_000 } } },
    });
    expect(loaded(json).policy.hash).toBe(yaml.policy.hash);
    expect(loaded(`\u{feff}${FULL_POLICY.replaceAll("\n", "\r\n")}`).policy.hash).toBe(yaml.policy.hash);
    expect(loaded(altered("falcon", "eagle")).policy.hash).not.toBe(yaml.policy.hash);
  });

  test("may have warnings", () => {
    const { warnings } = loaded(altered("zones_except: [local]", "zones: [cloud]"));
    expect(warnings.map(({ severity, code }) => [severity, code])).toEqual([["warning", "zone_left_open"]]);
  });
});

test("a file with an error is refused with all errors and warnings, in the order of the file", () => {
  const text = FULL_POLICY.replace("zones_except: [local]", "zones: [cloud]")
    .replace("version: 3", "version: 0")
    .replace("deny: true", "deny: yes");
  const result = loadPolicy(text, ANYWHERE);
  const told = result.ok ? [] : result.error.map(({ position, severity, code }) => [position.line, severity, code]);
  expect(told).toEqual([
    [4, "error", "out_of_bounds"],
    [56, "warning", "zone_left_open"],
    [77, "error", "wrong_type"],
  ]);
});

test("warnings alone never refuse a file, however many they are", () => {
  const wishes = Array.from({ length: 600 }, (_, at) => `    m${at}: { input: 1, output: 1 }`)
    .slice(0, 499)
    .join("\n");
  const text = altered("    gpt-5.4: { input: 1250000, output: 10000000 }\n", `${wishes}\n`);
  const signals = Array.from({ length: 90 }, (_, at) => `  s${at}: { keywords: [x] }`).join("\n");
  expect(loaded(text.replace("signals:\n", `signals:\n${signals}\n`)).warnings).toHaveLength(499);
});

describe("a file with random changes", () => {
  const scraps = [
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "#",
    "&a ",
    "*a ",
    "!t ",
    "\t",
    "\0",
    "\r",
    "\u{feff}",
    "é😀",
    "\ud800",
    "---\n",
    "~",
    "null",
    "999999999999",
    "__proto__: 1",
    "default",
    "|",
    ">",
    "? ",
    "<<: ",
    "%",
    "@",
  ];
  const change = fc.record({
    at: fc.nat(FULL_POLICY.length),
    remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(200)),
    insert: fc.oneof(
      fc.constantFrom(...scraps),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.nat(FULL_POLICY.length - 40).map((from) => FULL_POLICY.slice(from, from + 40)),
    ),
  });

  test("is loaded or refused, never thrown at, and every fault stands within it", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const text = changes.reduce(
          (all, { at, remove, insert }) => all.slice(0, at) + insert + all.slice(at + remove),
          FULL_POLICY,
        );
        const lines = text.replace(/^\u{feff}/u, "").split("\n");
        const result = loadPolicy(text, ANYWHERE);
        const faults = result.ok ? result.value.warnings : result.error;
        if (!result.ok) expect(faults.some(({ severity }) => severity === "error")).toBe(true);
        for (const { position, code, message } of faults) {
          const line = lines[position.line - 1] ?? expect.unreachable();
          expect(position.column).toBeWithin(1, line.length + 2);
          expect(position.column - 1 + position.length).toBeLessThanOrEqual(Math.max(line.length, position.column));
          expect(Object.keys(FAULT_CODES)).toContain(code);
          expect(message).toMatch(/^[A-Z"].*\.$/);
        }
      }),
      { numRuns: 100 },
    );
  });
});
