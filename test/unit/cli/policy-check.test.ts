import { describe, expect, test } from "bun:test";
import { CHECK, check } from "../../../src/cli/policy/check.ts";
import { MAX_POLICY_BYTES } from "../../../src/store/policy-file.ts";
import { type Files, report } from "../../support/policy-command.ts";
import { KEYWORD, POLICY } from "../../support/sample-policy.ts";

const run = (options: readonly string[] = [], files: Files = { "p.yaml": POLICY }) =>
  report(CHECK, check, ["p.yaml", "--no-env", ...options], files);

describe("policy check", () => {
  test("accepts a sound file and says what it is", async () => {
    const { stdout, stderr, exitCode } = await run();
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout.replace(/[0-9a-f]{64}/, "HASH").split("\n")).toEqual([
      "p.yaml is sound.",
      "",
      "  name     regulated",
      "  version  3",
      "  hash     sha256:HASH",
      "  has      2 providers, 2 signals, 1 constraint, 2 rules and the default",
      "  tests    all 5 pass",
      "",
    ]);
  });

  test("says it as JSON", async () => {
    const { stderr, exitCode, json } = await run(["--json"]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(json()).toEqual({
      file: "p.yaml",
      ok: true,
      name: "regulated",
      version: 3,
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      counts: { providers: 2, signals: 2, constraints: 1, rules: 2, shadow: 0 },
      tests: { total: 5, failed: 0 },
      faults: [],
    });
  });

  test("says all that is wrong at once, with the place and a caret", async () => {
    const files = {
      "p.yaml": POLICY.replace("route: [local, cloud]\n    reason", "rout: [local, cloud]\n    reason").replace(
        "[project, personal] }",
        "[projekt, personal] }",
      ),
    };
    const { stdout, stderr, exitCode } = await run([], files);
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toMatch(/^p\.yaml:23:22: error: /m);
    expect(stderr).toMatch(/^p\.yaml:29:5: error: /m);
    expect(stderr).toMatch(/\^\^\^\^ did you mean "route"\?/);
    expect(stderr).toContain('did you mean "project"?');
    expect(stderr).toMatch(/\n\np\.yaml: 3 errors, 1 warning\n$/);
    const asJson = await run(["--json"], files);
    expect([asJson.stderr, asJson.exitCode]).toEqual(["", 1]);
    expect(asJson.json()).toMatchObject({ file: "p.yaml", ok: false });
    expect(asJson.json().faults).toHaveLength(4);
    for (const fault of asJson.json().faults) {
      const keys = ["severity", "code", "message", "path", "line", "column", "length", "suggestion"];
      expect(Object.keys(fault)).toEqual(keys);
    }
  });

  test("fails where a test of the file fails, and says which and why", async () => {
    const files = { "p.yaml": POLICY.replace("prompt_chars: 101 }\n", "prompt_chars: 99 }\n") };
    const { stdout, stderr, exitCode } = await run([], files);
    expect(exitCode).toBe(1);
    expect(stdout).toStartWith("p.yaml is not sound.\n");
    expect(stdout).toContain("  tests    1 of 5 fail\n");
    expect(stderr).toMatch(/^p\.yaml:\d+:\d+: error: Test "long" fails: expected route cloud, got local, cloud\.$/m);
    expect((await run(["--json"], files)).json()).toMatchObject({
      ok: false,
      tests: { total: 5, failed: 1 },
      faults: [{ code: "test_failed", path: "/tests/4/expect/route" }, { code: "test_failed" }],
    });
  });

  test("fails where a rule can do nothing", async () => {
    const files = { "p.yaml": POLICY.replace("{ stream: true }", "{ prompt_chars: { at_most: 50 } }") };
    const { stderr, exitCode } = await run([], files);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('The rule "streamed" is never reached');
  });

  test("fails at warnings only where it is told to", async () => {
    const files = { "p.yaml": POLICY.replace("signals:\n", "signals:\n  unused:\n    groups: [secret]\n") };
    const lax = await run([], files);
    expect(lax.exitCode).toBe(0);
    expect(lax.stdout).toStartWith("p.yaml is sound.\n");
    expect(lax.stderr).toContain(": warning: ");
    const strict = await run(["--strict"], files);
    expect(strict.exitCode).toBe(1);
    expect(strict.stdout).toStartWith("p.yaml is not sound.\n");
  });

  test("finds a pattern that the scanner cannot hold, and does not show it", async () => {
    const signal = "  badge:\n    patterns:\n      - { id: badge, pattern: 'zq(?=9)', keywords: [zqzq] }\n";
    const files = {
      "p.yaml": POLICY.replace("signals:\n", `signals:\n${signal}`).replace(
        "[project, personal]",
        "[project, badge, personal]",
      ),
    };
    const { stdout, stderr, exitCode } = await run([], files);
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toMatch(/^p\.yaml:19:\d+: error: /m);
    expect(stderr).not.toMatch(/zq/);
  });

  test("says of a file without tests that it has none", async () => {
    const { stdout, exitCode } = await run([], { "p.yaml": POLICY.slice(0, POLICY.indexOf("tests:")) });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("  tests    none\n");
  });
});

describe("a file that is none", () => {
  const refused = async (files: Files, path = "p.yaml") => {
    const text = await report(CHECK, check, [path, "--no-env"], files);
    expect([text.stdout, text.exitCode]).toEqual(["", 1]);
    const asJson = await report(CHECK, check, [path, "--no-env", "--json"], files);
    expect([asJson.stderr, asJson.exitCode]).toEqual(["", 1]);
    expect(asJson.json()).toMatchObject({ file: path, ok: false });
    expect(asJson.json().faults.length).toBeGreaterThan(0);
    return [text.stderr, asJson.json().faults[0].code];
  };

  test("is not there, or is a directory", async () => {
    expect(await refused({})).toEqual(["There is no file p.yaml.\n", "unreadable_file"]);
    expect(await refused({ "p.yaml": POLICY }, "p.yaml/x")).toEqual([
      "There is no file p.yaml/x.\n",
      "unreadable_file",
    ]);
    expect(await refused({}, "/")).toEqual(["/ is a directory.\n", "unreadable_file"]);
  });

  test("is no text, nothing, binary, endless nesting, or too large", async () => {
    expect(await refused({ "p.yaml": Uint8Array.from([0x61, 0xff, 0xfe]) })).toEqual([
      "p.yaml is no text in UTF-8.\n",
      "unreadable_file",
    ]);
    expect(await refused({ "p.yaml": `# ${"x".repeat(MAX_POLICY_BYTES)}\n` })).toEqual([
      `p.yaml is larger than ${MAX_POLICY_BYTES} bytes.\n`,
      "unreadable_file",
    ]);
    for (const content of [
      "",
      "# nothing\n",
      Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]),
      "{".repeat(100_000),
    ]) {
      const [stderr] = await refused({ "p.yaml": content });
      expect(stderr).toMatch(/^p\.yaml:1:\d+: error: /);
    }
  });

  test("is one though it has a byte order mark, or ends its lines as Windows does", async () => {
    for (const text of [`\ufeff${POLICY}`, POLICY.replaceAll("\n", "\r\n"), POLICY.trimEnd()]) {
      const { stderr, exitCode } = await run(["--strict"], { "p.yaml": text });
      expect([stderr, exitCode]).toEqual(["", 0]);
    }
  });

  test("never has its keywords shown, though the line that they stand in is wrong", async () => {
    const { stderr } = await run([], { "p.yaml": POLICY.replace(`[${KEYWORD}]`, `[${KEYWORD}, 7]`) });
    expect(stderr).toContain("p.yaml:18:");
  });
});
