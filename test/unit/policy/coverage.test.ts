import { describe, expect, test } from "bun:test";
import { runCases } from "../../../src/policy/cases.ts";
import { coverageOf, oneSided, unexercised } from "../../../src/policy/coverage.ts";
import type { TestBody } from "../../../src/policy/document.ts";
import { wordsOf } from "../../../src/policy/words.ts";
import { policyOf } from "../../support/policy.ts";

const policy = policyOf({
  constraints: [
    { id: "pii", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "personal_data" },
    { id: "secrets", when: { signal: "sensitive" }, forbid: { zones: ["cloud"] }, reason: "secret" },
  ],
  rules: [
    { id: "long", when: { prompt_chars: { at_least: 1_000 }, stream: false }, route: ["cloud"], reason: "long" },
    { id: "stream", when: { stream: true }, route: ["local"], reason: "streamed" },
    { id: "tools", when: { has_tools: true }, route: ["local"], reason: "tools" },
  ],
  shadow: [{ id: "no-tools", when: { has_tools: true }, deny: true, reason: "no_tools" }],
});

function coverage(...given: TestBody["given"][]) {
  const tests = given.map((body, index): TestBody => ({ name: `${index}`, given: body, expect: { route: ["local"] } }));
  return coverageOf(
    policy,
    runCases(policy, tests, () => []),
  );
}

const seen = (parts: readonly { id: string; tests: number }[]) =>
  Object.fromEntries(parts.map(({ id, tests }) => [id, tests]));

describe("coverage", () => {
  test("counts the tests that each part takes part in, whether they pass or not", () => {
    const { constraints, rules, shadow } = coverage(
      { prompt_chars: 5_000 },
      { stream: true, signals: ["personal"] },
      { stream: true, has_tools: true },
      {},
    );
    expect(seen(constraints)).toEqual({ pii: 1, secrets: 0 });
    expect(seen(rules)).toEqual({ long: 1, stream: 2, tools: 0, default: 1 });
    expect(seen(shadow)).toEqual({ "no-tools": 1 });
  });

  test("names what no test exercises, the default with the rules, and lets shadow rules be", () => {
    expect(unexercised(coverage({ prompt_chars: 5_000 }))).toEqual({
      constraints: ["pii", "secrets"],
      rules: ["stream", "tools", "default"],
    });
    const all = coverage(
      { prompt_chars: 5_000 },
      { stream: true },
      { has_tools: true },
      { signals: ["personal", "sensitive"] },
    );
    expect(unexercised(all)).toEqual({ constraints: [], rules: [] });
  });

  test("counts how often each question of a condition holds and fails", () => {
    const { atoms } = coverage({ prompt_chars: 5_000 }, { stream: true }, {});
    expect(atoms.map(({ part, id, holds, fails }) => [part, id, holds, fails])).toEqual([
      ["constraint", "pii", 0, 3],
      ["constraint", "secrets", 0, 3],
      ["rule", "long", 1, 2],
      ["rule", "long", 1, 2],
      // Only the tests that reach a rule ask it.
      ["rule", "stream", 1, 1],
      ["rule", "tools", 0, 1],
      ["shadow rule", "no-tools", 0, 3],
    ]);
    expect(atoms[2]?.question).toBe(
      wordsOf({ kind: "number", of: "prompt_chars", atLeast: 1_000, atMost: Number.POSITIVE_INFINITY }),
    );
  });

  test("lists the questions that had one answer only, or none", () => {
    const all = coverage({ prompt_chars: 5_000 }, { stream: true }, {});
    expect(oneSided(all).map(({ id }) => id)).toEqual(["pii", "secrets", "tools", "no-tools"]);
    expect(oneSided(coverage()).length).toBe(7);
  });

  test("counts an unknown signal neither way, as nobody knows whether it is there", () => {
    const { atoms, constraints } = coverage({ scan_incomplete: true });
    expect(atoms.slice(0, 2).map(({ holds, fails }) => [holds, fails])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(seen(constraints)).toEqual({ pii: 1, secrets: 1 });
  });

  test("asks an equal question of one part once", () => {
    const twice = policyOf({
      rules: [{ id: "r", when: { any: [{ stream: true }, { not: { stream: true } }] }, route: ["cloud"], reason: "x" }],
    });
    expect(coverageOf(twice, []).atoms.map(({ question }) => question)).toEqual([
      wordsOf({ kind: "flag", flag: "stream" }),
    ]);
  });
});
