import type { CompiledPolicy } from "../compiled.ts";
import type { AnalyseOptions, Analysis, Draft } from "./analysis.ts";
import { Axes } from "./axes.ts";
import { BudgetExceeded } from "./budget.ts";
import { constraintFindings } from "./find-constraints.ts";
import { overlapFindings } from "./find-overlaps.ts";
import { routeFindings } from "./find-routes.ts";
import { ruleFindings } from "./find-rules.ts";
import { shadowFindings } from "./find-shadow.ts";
import { Interned } from "./interned.ts";
import { spaceOf } from "./space.ts";
import { Study } from "./study.ts";

/** A second or two, and about 100 MB. */
const MAX_NODES = 1_000_000;
const MAX_OVERLAPS = 50;
const MAX_CONDITIONS = 5;

export type { AnalyseOptions, Analysis } from "./analysis.ts";

/** Pure. Equal policies and options give equal analyses. */
export function analyse(policy: CompiledPolicy, options: AnalyseOptions = {}): Analysis {
  const { maxNodes = MAX_NODES, maxOverlaps = MAX_OVERLAPS, maxConditions = MAX_CONDITIONS } = options;
  const draft: Draft = {
    unreachable: [],
    redundant: [],
    deadRoutes: [],
    overlaps: [],
    moreOverlaps: false,
    onlyDefault: null,
    idleConstraints: [],
    idleShadow: [],
    undecided: [],
  };
  let axes: Axes | null = null;
  try {
    axes = new Axes(spaceOf([policy], maxNodes), maxNodes);
    const study = new Study(axes, 0, new Interned());
    ruleFindings(study, draft);
    routeFindings(study, draft, maxConditions);
    constraintFindings(study, draft);
    shadowFindings(study, draft);
    overlapFindings(study, draft, maxOverlaps);
    return { complete: true, nodes: axes.regions.diagrams.spent, maxNodes, ...draft };
  } catch (problem) {
    if (!(problem instanceof BudgetExceeded)) throw problem;
    return { complete: false, nodes: axes?.regions.diagrams.spent ?? 0, maxNodes, ...draft };
  }
}
