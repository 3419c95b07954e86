import { describe, expect, test } from "bun:test";
import { DIFF, diff } from "../../../src/cli/policy/diff.ts";
import { type Files, report } from "../../support/policy-command.ts";
import { POLICY } from "../../support/sample-policy.ts";

const same: Files = { "old.yaml": POLICY, "new.yaml": POLICY.replace("version: 3", "version: 4") };
/** Personal data may leave. */
const looser: Files = { "old.yaml": POLICY, "new.yaml": POLICY.replace("[project, personal]", "[project]") };
const stricter: Files = { "old.yaml": POLICY, "new.yaml": POLICY.replace("route: [cloud]", "deny: true") };

const run = (files: Files, ...options: readonly string[]) =>
  report(DIFF, diff, ["old.yaml", "new.yaml", ...options], files);

describe("policy diff", () => {
  test("says where nothing changes", async () => {
    const { stdout, stderr, exitCode } = await run(same, "--check", "no-new-cloud", "--check", "no-new-deny");
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout.replace(/\d+\nnodes|\d+ nodes/, "N nodes").split("\n")).toEqual([
      "old: old.yaml (regulated, version 3)",
      "new: new.yaml (regulated, version 4)",
      "",
      "Checks",
      "  - no-new-cloud: proven, no request that was kept local, or denied, can leave",
      "    the local zone now",
      "  - no-new-deny: proven, no request that was let go is denied now",
      "",
      "Every request goes the same way, for the same reasons. The comparison is",
      "complete: it holds for every request there could be (N nodes).",
      "",
    ]);
  });

  test("shows what changes with a request for each, and is done", async () => {
    const { stdout, exitCode } = await run(stricter);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Requests that go another way\n  - cloud (zone cloud) -> denied (policy.denied)\n");
    expect(stdout.replace(/\n +/g, " ")).toMatch(
      /- for example chat by .*: cloud, by the default -> denied \(policy\.denied\)/,
    );
    expect(stdout).not.toContain("Checks");
  });

  test("fails where a check that is asked for has a counterexample", async () => {
    const denies = await run(stricter, "--check=no-new-deny");
    expect(denies.exitCode).toBe(1);
    expect(denies.stdout).toContain("  - no-new-deny: NOT so for requests like these\n");
    expect((await run(stricter, "--check=no-new-cloud")).exitCode).toBe(0);
    const leaves = await run(looser, "--check=no-new-cloud", "--json");
    expect(leaves.exitCode).toBe(1);
    expect(leaves.json()).toMatchObject({
      file: "new.yaml",
      ok: false,
      old: { file: "old.yaml", version: 3 },
      checks: {
        no_new_cloud: { asked: true, result: "counterexample", witness: { old: {}, new: {} } },
        no_new_deny: { asked: false },
      },
    });
    const { witness } = leaves.json().checks.no_new_cloud;
    const zones = ({ decision }: { decision: { candidates: { zone: string }[] } }) =>
      decision.candidates.map(({ zone }) => zone);
    expect(zones(witness.old)).not.toContain("cloud");
    expect(zones(witness.new)).toContain("cloud");
  });

  test("gives effects in JSON under the names that answers give them", async () => {
    const limits = "limits: { max_output_tokens: 5 }\n";
    const { changes } = (await run({ "old.yaml": POLICY, "new.yaml": `${POLICY}${limits}` }, "--json")).json();
    expect(changes.map(({ to }: { to: { effects: { limits: object } } }) => to.effects.limits)).toContainEqual({
      max_output_tokens: 5,
      max_estimated_cost_micros: null,
    });
  });

  test("fails where a check cannot be decided within the bound", async () => {
    const { stdout, exitCode } = await run(same, "--check=no-new-cloud", "--max-nodes=3");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("no-new-cloud: not proven");
    expect(stdout).toContain("The comparison ended at its bound of 3 nodes");
    expect((await run(same, "--max-nodes=3")).exitCode).toBe(0);
  });

  test("names what stands for something else now", async () => {
    const files = { "old.yaml": POLICY, "new.yaml": POLICY.replace("default_model: llama3.1", "default_model: qwen3") };
    const { stdout } = await run(files);
    expect(stdout).toContain('  - /providers/local/default_model: "llama3.1" -> "qwen3"\n');
  });

  test("names settings of attempts that change, of a provider and of a rule", async () => {
    const changed = POLICY.replace(
      "default_model: llama3.1",
      "default_model: llama3.1\n    attempts: { retries: 0 }",
    ).replace("reason: default\n", "reason: default\n  attempts: { deadline_seconds: 30, retries: 1 }\n");
    const { stdout } = await run({ "old.yaml": POLICY, "new.yaml": changed });
    expect(stdout).toContain("  - /providers/local/attempts/retries: null -> 0\n");
    expect(stdout.replace(/\n +/g, " ")).toContain(
      "- cloud (zone cloud) -> cloud (zone cloud); at most 30000 ms for all attempts; a provider asked again at most 1 time",
    );
    const { changes } = (await run({ "old.yaml": POLICY, "new.yaml": changed }, "--json")).json();
    expect(changes[0].to.effects.attempts).toMatchObject({ deadline_ms: 30_000, retries: 1, idle_timeout_ms: null });
  });

  test("needs two sound files, and checks that there are", async () => {
    const wrong = { "old.yaml": POLICY, "new.yaml": POLICY.replace("version: 3", "version: x") };
    const unsound = await run(wrong);
    expect([unsound.stdout, unsound.exitCode]).toEqual(["", 1]);
    expect(unsound.stderr).toStartWith("new.yaml:3:");
    expect((await run({ "new.yaml": POLICY })).stderr).toBe("There is no file old.yaml.\n");
    const unknown = await run(same, "--check", "no-new-clouds");
    expect([unknown.stdout, unknown.exitCode]).toEqual(["", 2]);
    expect(unknown.stderr).toStartWith("policy-mesh policy diff: --check takes no-new-cloud or no-new-deny.\n");
    expect((await report(DIFF, diff, ["-", "-"], {})).exitCode).toBe(2);
  });
});
