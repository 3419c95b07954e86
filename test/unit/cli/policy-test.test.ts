import { describe, expect, test } from "bun:test";
import { test as runTests, TEST } from "../../../src/cli/policy/test.ts";
import { type Files, report } from "../../support/policy-command.ts";
import { POLICY } from "../../support/sample-policy.ts";

const run = (options: readonly string[] = [], files: Files = { "p.yaml": POLICY }) =>
  report(TEST, runTests, ["p.yaml", ...options], files);
const noTests = { "p.yaml": POLICY.slice(0, POLICY.indexOf("tests:")) };

describe("policy test", () => {
  test("says how each test went", async () => {
    const good = await run();
    expect([good.stderr, good.exitCode]).toEqual(["", 0]);
    expect(good.stdout.split("\n")).toEqual([
      "ok    the project stays here",
      "ok    mail addresses stay here",
      "ok    short",
      "ok    a stream",
      "ok    long",
      "",
      "p.yaml: 5 passed, 0 failed",
      "",
    ]);
    const bad = await run([], { "p.yaml": POLICY.replace("prompt_chars: 100 }", "prompt_chars: 1000 }") });
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toContain("\nFAIL  short\n      route  expected local, cloud, got cloud\nok    a stream\n");
    expect(bad.stdout).toEndWith("\np.yaml: 4 passed, 1 failed\n");
  });

  test("says it as JSON", async () => {
    const { json, exitCode } = await run(["--json"]);
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject({ file: "p.yaml", ok: true, passed: 5, failed: 0 });
    expect(json().tests[0]).toEqual({ index: 0, name: "the project stays here", passed: true, mismatches: [] });
    expect(json().coverage).toBeUndefined();
  });

  test("fails where there is nothing to run", async () => {
    const { stdout, exitCode } = await run([], noTests);
    expect([stdout, exitCode]).toEqual(["p.yaml has no tests.\n", 1]);
    const asJson = await run(["--json"], noTests);
    expect([asJson.json().ok, asJson.exitCode]).toEqual([false, 1]);
  });

  test("says with --coverage what is exercised", async () => {
    const { stdout, exitCode } = await run(["--coverage"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`
Exercised by tests
  constraints  1 of 1
  rules        3 of 3
  conditions   4 of 4 seen both to hold and to fail
`);
  });

  test("fails with --coverage where a rule or constraint is not exercised, and lists what was never seen", async () => {
    const start = POLICY.indexOf("  - name: a stream");
    const fewer = { "p.yaml": POLICY.slice(0, start) };
    expect((await run([], fewer)).exitCode).toBe(0);
    const { stdout, exitCode } = await run(["--coverage"], fewer);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`
  rules        1 of 3; not streamed, default
  conditions   2 of 4 seen both to hold and to fail
    - rule short: the prompt has at most 100 characters: never seen to fail
    - rule streamed: the answer is to be streamed: never asked
`);
    const { json } = await run(["--coverage", "--json"], fewer);
    expect(json().ok).toBe(false);
    expect(json().coverage.unexercised).toEqual({ constraints: [], rules: ["streamed", "default"] });
    expect(json().coverage.one_sided).toHaveLength(2);
    const silent = await run(["--coverage"], noTests);
    expect(silent.exitCode).toBe(1);
    expect(silent.stdout).toContain("constraints  0 of 1; not keep-project");
  });

  test("needs no environment, and shows nothing of a name that would move a cursor", async () => {
    const { stdout, exitCode } = await run([], { "p.yaml": POLICY.replace("name: short", 'name: "sh\\u001b[2Jort"') });
    if (exitCode === 0) expect(stdout).toContain("ok    sh [2Jort\n");
    expect(stdout).not.toContain("\u001b");
  });
});
