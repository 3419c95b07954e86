import { describe, expect, test } from "bun:test";
import { FORMAT, format } from "../../../src/cli/policy/format.ts";
import { type Files, report } from "../../support/policy-command.ts";

/** No policy for the gateway, and one whose layout can be told. */
const UNTIDY = "apiVersion:   policy-mesh/v1\nname: x\n";

const run = (options: readonly string[] = [], files: Files = { "p.yaml": UNTIDY }) =>
  report(FORMAT, format, ["p.yaml", ...options], files);

describe("policy fmt", () => {
  test("prints the file in its one layout, which is that of what it prints", async () => {
    const { stdout, stderr, exitCode } = await run();
    expect([stdout, stderr, exitCode]).toEqual(["apiVersion: policy-mesh/v1\nname: x\n", "", 0]);
    expect((await run([], { "p.yaml": stdout })).stdout).toBe(stdout);
    expect((await run(["--json"])).json()).toEqual({ file: "p.yaml", ok: true, changed: true, text: stdout });
  });

  test("says with --check whether it is laid out so", async () => {
    const { stdout, stderr, exitCode } = await run(["--check"]);
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toBe("p.yaml is laid out otherwise; `policy-mesh policy fmt --write` changes it.\n");
    expect((await run(["--check", "--json"])).json()).toEqual({ file: "p.yaml", ok: false, changed: true });
    const tidy = await run(["--check"], { "p.yaml": "apiVersion: policy-mesh/v1\nname: x\n" });
    expect(tidy).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("says where the file is no YAML", async () => {
    const { stdout, stderr, exitCode } = await run([], { "p.yaml": "a: [1\n" });
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toMatch(/^p\.yaml:\d+:\d+: error: /);
  });

  test("does not take what does not go together", async () => {
    expect((await run(["--write", "--check"])).exitCode).toBe(2);
    expect(await report(FORMAT, format, ["-", "--write"], {})).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("standard input cannot be written"),
    });
  });
});
