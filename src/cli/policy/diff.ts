import { effectsBody } from "../../http/policy.ts";
import type { CompiledPolicy } from "../../policy/compiled.ts";
import { CHECKS, type Check, type CheckResult, diffPolicies, type PolicyDiff } from "../../policy/diff.ts";
import type { Arguments } from "../command/arguments.ts";
import { STANDARD_INPUT } from "../command/read-file.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { MAX_NODES, MAX_NODES_OPTION, maxNodesOf } from "./max-nodes.ts";
import { openPolicy, unopenedReport } from "./open-policy.ts";
import { type Compared, renderDiff } from "./render-diff.ts";
import { witnessJson } from "./witness.ts";

/** On the command line, where words are joined by hyphens. */
const OPTION_OF_CHECK: Readonly<Record<Check, string>> = { no_new_cloud: "no-new-cloud", no_new_deny: "no-new-deny" };

export const DIFF: CommandSpec = {
  family: "policy",
  name: "diff",
  summary:
    "Show which requests two policy files decide otherwise, each with an example, and prove what must not change.",
  operands: ["OLD", "NEW"],
  options: {
    check: {
      value: Object.values(OPTION_OF_CHECK).join("|"),
      many: true,
      summary:
        "Fail unless it is proven that no request which OLD kept local, or denied, can leave the local zone under NEW (no-new-cloud), or that NEW denies none which OLD let go (no-new-deny).",
    },
    [MAX_NODES]: MAX_NODES_OPTION,
    json: JSON_OPTION,
  },
  exitCodes: ["compared, whatever differs", "a check that was asked for is not proven, or a file is not sound"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(DIFF, argv, diff);

export async function diff(given: Arguments): Promise<Report> {
  const asJson = given.has("json");
  const checks = given.values("check").map((name) => CHECKS.find((check) => OPTION_OF_CHECK[check] === name));
  if (checks.includes(undefined)) {
    return wrongUsage(DIFF, `--check takes ${Object.values(OPTION_OF_CHECK).join(" or ")}.`);
  }
  const options = maxNodesOf(given);
  if (!options.ok) return wrongUsage(DIFF, options.error);
  if (given.operand(0) === STANDARD_INPUT && given.operand(1) === STANDARD_INPUT) {
    return wrongUsage(DIFF, "standard input can be one of the two files only.");
  }
  const [old, now] = [await openPolicy(given.operand(0), null), await openPolicy(given.operand(1), null)];
  if (!old.ok) return unopenedReport(old.error, asJson);
  if (!now.ok) return unopenedReport(now.error, asJson);
  const compared: Compared = {
    old: { file: old.value.name, policy: old.value.prepared.loaded.policy },
    new: { file: now.value.name, policy: now.value.prepared.loaded.policy },
    diff: diffPolicies(old.value.prepared.loaded.policy, now.value.prepared.loaded.policy, options.value),
    checks: CHECKS.filter((check) => checks.includes(check)),
  };
  const isProven = compared.checks.every((check) => compared.diff.checks[check].result === "proven");
  const exitCode = isProven ? 0 : 1;
  return asJson
    ? jsonReport(exitCode, { file: compared.new.file, ok: isProven, ...diffJson(compared) })
    : { exitCode, stdout: renderDiff(compared), stderr: "" };
}

function diffJson({ old, new: now, diff, checks }: Compared) {
  const { checks: results, changes, moreChanges, reasonChanges, definitions, complete, nodes, maxNodes } = diff;
  return {
    old: policyJson(old),
    new: policyJson(now),
    complete,
    nodes,
    max_nodes: maxNodes,
    checks: Object.fromEntries(
      CHECKS.map((check) => [check, { asked: checks.includes(check), ...resultJson(results[check]) }]),
    ),
    changes: changes.map(({ from, to, ...traffic }) => ({
      from: outcomeJson(from),
      to: outcomeJson(to),
      ...trafficJson(traffic),
    })),
    more_changes: moreChanges,
    reason_changes: reasonChanges.map(trafficJson),
    definitions,
  };
}

const policyJson = ({ file, policy }: { readonly file: string; readonly policy: CompiledPolicy }) => ({
  file,
  name: policy.name,
  version: policy.version,
  hash: policy.hash,
});

/** Under the names that decisions have in answers. */
const outcomeJson = (outcome: PolicyDiff["changes"][number]["from"]) =>
  outcome.denial === null ? { ...outcome, effects: effectsBody(outcome.effects) } : outcome;

const resultJson = (result: CheckResult) => (result.result === "counterexample" ? trafficJson(result) : result);

function trafficJson<T extends { readonly witness: PolicyDiff["changes"][number]["witness"] }>(traffic: T) {
  const { witness, ...others } = traffic;
  return { ...others, witness: { old: witnessJson(witness.old), new: witnessJson(witness.new) } };
}
