import { describe, expect, test } from "bun:test";
import { ANALYSE, analyse } from "../../../src/cli/policy/analyse.ts";
import { renderAnalysis } from "../../../src/cli/policy/render-analysis.ts";
import { decide } from "../../../src/policy/decide.ts";
import { featuresOf, policyOf } from "../../support/policy.ts";
import { type Files, report } from "../../support/policy-command.ts";
import { POLICY } from "../../support/sample-policy.ts";

const run = (options: readonly string[] = [], files: Files = { "p.yaml": POLICY }) =>
  report(ANALYSE, analyse, ["p.yaml", ...options], files);

describe("policy analyse", () => {
  test("says what holds for every request there could be", async () => {
    const { stdout, stderr, exitCode } = await run();
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toStartWith("p.yaml: regulated, version 3\n");
    expect(stdout).toContain("The analysis is complete");
    const { json } = await run(["--json"]);
    expect(json()).toMatchObject({ file: "p.yaml", ok: true, complete: true, unreachable: [] });
    expect(json().only_default.witness).toMatchObject({ features: { stream: false }, decision: { rule: "default" } });
  });

  test("fails where a rule can do nothing", async () => {
    const files = { "p.yaml": POLICY.replace("{ stream: true }", "{ prompt_chars: { at_most: 50 } }") };
    const { stdout, exitCode } = await run([], files);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      "Rules that are never reached\n  - streamed: all that it asks for goes by short before it\n",
    );
    const { json } = await run(["--json"], files);
    expect(json()).toMatchObject({ ok: false, unreachable: [{ rule: "streamed", covered_by: ["short"] }] });
  });

  test("says where it did not come to an end, and fails", async () => {
    const { stdout, exitCode } = await run(["--max-nodes", "3"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("The analysis ended at its bound of 3 nodes");
    expect((await run(["--max-nodes", "3", "--json"])).json()).toMatchObject({
      ok: false,
      complete: false,
      max_nodes: 3,
    });
  });

  test.each(["0", "-1", "1e6", "many", "999999999", "1.5"])("takes no bound of %s", async (bound) => {
    const { stdout, stderr, exitCode } = await run([`--max-nodes=${bound}`]);
    expect([stdout, exitCode]).toEqual(["", 2]);
    expect(stderr).toStartWith("policy-mesh policy analyse: --max-nodes takes a whole number");
  });
});

describe("an analysis", () => {
  const features = featuresOf({ signals: ["sensitive"], streamed: true, hasTools: true, labels: { team: "x" } });
  const witness = { features, decision: decide(policyOf(), features) };
  const traffic = { when: [["signal is found"], []], more: true, witness };

  test("is told in sections, of which none is empty", () => {
    const text = renderAnalysis({
      file: "p.yaml",
      policy: { name: "plain", version: 1 },
      analysis: {
        complete: true,
        nodes: 7,
        maxNodes: 9,
        unreachable: [{ rule: "a", path: "/rules/0", coveredBy: [] }],
        redundant: [{ rule: "b", path: "/rules/1", insteadBy: ["c"], changesReasons: true }],
        deadRoutes: [{ rule: "d", path: "/rules/2", always: false, constraints: ["e"], ...traffic }],
        overlaps: [{ first: "f", second: "g", witness }],
        moreOverlaps: true,
        onlyDefault: traffic,
        idleConstraints: [
          { constraint: "h", path: "/constraints/0", why: "never_holds" },
          { constraint: "i", path: "/constraints/1", why: "forbids_nothing" },
        ],
        idleShadow: [{ rule: "j", path: "/shadow/0", why: "dead_route" }],
        undecided: [{ about: "dead_route", id: "k" }],
      },
    });
    const example = [
      "    - for example chat by native, 1 message, 20 characters, 5 tokens, streamed,",
      "      tools, signals sensitive, team=x: cloud, by the default",
    ];
    expect(text.split("\n")).toEqual([
      "p.yaml: plain, version 1",
      "",
      "Rules that are never reached",
      "  - a: its condition contradicts itself",
      "",
      "Routes that leave nobody to ask",
      "  - d: for some that it decides, by e",
      "    - signal is found",
      "    - always",
      "    - and more",
      ...example,
      "",
      "Rules that could be left out",
      "  - b: c would do the same, and give other reasons",
      "",
      "Constraints that do nothing",
      "  - h: its condition contradicts itself",
      "  - i: no rule routes to what it forbids, wherever it holds",
      "",
      "Watched rules that say nothing",
      "  - j: nobody of its route is ever left to ask",
      "",
      "Rules that overlap: the first decides, and the other would decide otherwise",
      "  - f, then g",
      ...example,
      "  - and more",
      "",
      "What only the default decides",
      "    - signal is found",
      "    - always",
      "    - and more",
      ...example,
      "",
      "Could not be told either way",
      "  - k: dead route",
      "",
      "The analysis is complete: it holds for every request there could be (7 nodes).",
      "",
    ]);
  });
});
