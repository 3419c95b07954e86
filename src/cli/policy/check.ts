import { namesOf } from "../../config/environment.ts";
import { analyse } from "../../policy/analyse/analyse.ts";
import { analysisFaults } from "../../policy/analyse/analysis-faults.ts";
import { caseFaults } from "../../policy/cases.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { faultJson, faultText, openPolicy, unopenedReport } from "./open-policy.ts";
import { type Checked, countsOf, renderCheck } from "./render-check.ts";

export const CHECK: CommandSpec = {
  family: "policy",
  name: "check",
  summary: "Check a policy file: its shape, its references, its patterns, its tests, and what its rules come to.",
  operands: ["FILE"],
  options: {
    "no-env": { value: null, summary: "Do not ask for the environment variables that the file refers to." },
    strict: { value: null, summary: "Fail at warnings, too." },
    json: JSON_OPTION,
  },
  exitCodes: ["sound", "an error, or with --strict a warning"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(CHECK, argv, check);

export async function check(given: Arguments): Promise<Report> {
  const asJson = given.has("json");
  const opened = await openPolicy(given.operand(0), given.has("no-env") ? null : namesOf(process.env));
  if (!opened.ok) return unopenedReport(opened.error, asJson);
  const { name, text, prepared } = opened.value;
  const { policy, positionOf, warnings } = prepared.loaded;
  const analysis = analyse(policy, {});
  const found = [...warnings, ...caseFaults(prepared.cases, positionOf), ...analysisFaults(analysis, positionOf)];
  const faults = found.toSorted((one, other) => one.position.line - other.position.line);
  const isWrong = faults.some(({ severity }) => severity === "error" || given.has("strict"));
  const exitCode = isWrong ? 1 : 0;
  const checked: Checked = { file: name, policy, cases: prepared.cases, isSound: !isWrong };
  if (!asJson) return { exitCode, stdout: renderCheck(checked), stderr: faultText(name, text, faults) };
  return jsonReport(exitCode, {
    file: name,
    ok: !isWrong,
    name: policy.name,
    version: policy.version,
    hash: policy.hash,
    counts: countsOf(policy),
    tests: { total: prepared.cases.length, failed: prepared.cases.filter(({ passed }) => !passed).length },
    faults: faults.map(faultJson),
  });
}
