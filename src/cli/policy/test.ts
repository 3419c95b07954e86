import { coverageOf, oneSided, unexercised } from "../../policy/coverage.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { openPolicy, unopenedReport } from "./open-policy.ts";
import { renderTests, type Tested } from "./render-test.ts";

export const TEST: CommandSpec = {
  family: "policy",
  name: "test",
  summary: "Run the tests of a policy file.",
  operands: ["FILE"],
  options: {
    coverage: { value: null, summary: "Say what the tests exercise; fail where some rule or constraint is not." },
    json: JSON_OPTION,
  },
  exitCodes: ["all tests pass", "one fails, there is none, or with --coverage some rule or constraint has none"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(TEST, argv, test);

export async function test(given: Arguments): Promise<Report> {
  const asJson = given.has("json");
  const opened = await openPolicy(given.operand(0), null);
  if (!opened.ok) return unopenedReport(opened.error, asJson);
  const { name, prepared } = opened.value;
  const tested: Tested = {
    file: name,
    cases: prepared.cases,
    coverage: given.has("coverage") ? coverageOf(prepared.loaded.policy, prepared.cases) : null,
  };
  const exitCode = isEnough(tested) ? 0 : 1;
  return asJson ? jsonReport(exitCode, testedJson(tested)) : { exitCode, stdout: renderTests(tested), stderr: "" };
}

function isEnough({ cases, coverage }: Tested): boolean {
  if (cases.length === 0 || cases.some(({ passed }) => !passed)) return false;
  if (coverage === null) return true;
  const { constraints, rules } = unexercised(coverage);
  return constraints.length + rules.length === 0;
}

function testedJson(tested: Tested) {
  const { file, cases, coverage } = tested;
  const failed = cases.filter(({ passed }) => !passed).length;
  return {
    file,
    ok: isEnough(tested),
    passed: cases.length - failed,
    failed,
    tests: cases.map(({ index, name, passed, mismatches }) => ({ index, name, passed, mismatches })),
    ...(coverage === null
      ? {}
      : { coverage: { ...coverage, unexercised: unexercised(coverage), one_sided: oneSided(coverage) } }),
  };
}
