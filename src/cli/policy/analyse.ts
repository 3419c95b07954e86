import { type Analysis, analyse as analysePolicy } from "../../policy/analyse/analyse.ts";
import { analysisFaults } from "../../policy/analyse/analysis-faults.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { MAX_NODES, MAX_NODES_OPTION, maxNodesOf } from "./max-nodes.ts";
import { faultJson, openPolicy, unopenedReport } from "./open-policy.ts";
import { type Analysed, renderAnalysis } from "./render-analysis.ts";
import { witnessJson } from "./witness.ts";

export const ANALYSE: CommandSpec = {
  family: "policy",
  name: "analyse",
  summary: "Prove what the rules of a policy file come to, over all requests there could be.",
  operands: ["FILE"],
  options: {
    [MAX_NODES]: MAX_NODES_OPTION,
    json: JSON_OPTION,
  },
  exitCodes: ["nothing is wrong", "a rule can do nothing, the analysis ended at its bound, or the file is not sound"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(ANALYSE, argv, analyse);

export async function analyse(given: Arguments): Promise<Report> {
  const options = maxNodesOf(given);
  if (!options.ok) return wrongUsage(ANALYSE, options.error);
  const opened = await openPolicy(given.operand(0), null);
  if (!opened.ok) return unopenedReport(opened.error, given.has("json"));
  const { name, prepared } = opened.value;
  const { policy, positionOf } = prepared.loaded;
  const analysis = analysePolicy(policy, options.value);
  const faults = analysisFaults(analysis, positionOf);
  const isWrong = !analysis.complete || faults.some(({ severity }) => severity === "error");
  const exitCode = isWrong ? 1 : 0;
  const analysed: Analysed = { file: name, policy, analysis };
  if (!given.has("json")) return { exitCode, stdout: renderAnalysis(analysed), stderr: "" };
  return jsonReport(exitCode, {
    file: name,
    ok: !isWrong,
    name: policy.name,
    version: policy.version,
    hash: policy.hash,
    ...analysisJson(analysis),
    faults: faults.map(faultJson),
  });
}

function analysisJson(analysis: Analysis) {
  return {
    complete: analysis.complete,
    nodes: analysis.nodes,
    max_nodes: analysis.maxNodes,
    unreachable: analysis.unreachable.map(({ coveredBy, ...rule }) => ({ ...rule, covered_by: coveredBy })),
    redundant: analysis.redundant.map(({ insteadBy, changesReasons, ...rule }) => ({
      ...rule,
      instead_by: insteadBy,
      changes_reasons: changesReasons,
    })),
    dead_routes: analysis.deadRoutes.map(({ witness, ...route }) => ({ ...route, witness: witnessJson(witness) })),
    overlaps: analysis.overlaps.map(({ witness, ...overlap }) => ({ ...overlap, witness: witnessJson(witness) })),
    more_overlaps: analysis.moreOverlaps,
    only_default: analysis.onlyDefault && {
      ...analysis.onlyDefault,
      witness: witnessJson(analysis.onlyDefault.witness),
    },
    idle_constraints: analysis.idleConstraints,
    idle_shadow: analysis.idleShadow,
    undecided: analysis.undecided,
  };
}
