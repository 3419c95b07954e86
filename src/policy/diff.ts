import { Axes } from "./analyse/axes.ts";
import { BudgetExceeded } from "./analyse/budget.ts";
import { Comparison } from "./analyse/comparison.ts";
import { type DefinitionChange, definitionChanges } from "./analyse/definitions.ts";
import type { Described } from "./analyse/describe.ts";
import type { Outcome } from "./analyse/outcomes.ts";
import { spaceOf } from "./analyse/space.ts";
import type { Witness } from "./analyse/witness.ts";
import type { CompiledPolicy } from "./compiled.ts";

/** One request as each of the policies sees and decides it. */
export type DiffWitness = { readonly old: Witness; readonly new: Witness };
export type ChangedTraffic = Described & { readonly witness: DiffWitness };

/** Requests that went one way and go another. */
export type Change = { readonly from: Outcome; readonly to: Outcome } & ChangedTraffic;

/** Requests that go the same way and are given a reason more, or one less. */
export type ReasonChange = { readonly reason: string; readonly change: "added" | "removed" } & ChangedTraffic;

export const CHECKS = ["no_new_cloud", "no_new_deny"] as const;
export type Check = (typeof CHECKS)[number];

export type CheckResult =
  | { readonly result: "proven" }
  | ({ readonly result: "counterexample" } & ChangedTraffic)
  /** The budget ended, or only tokens and costs are left that were neither found nor shown not to exist. */
  | { readonly result: "undecided" };

/** What a change of policy changes, over all requests; see `Dimension` for what these are. */
export type PolicyDiff = {
  /**
   * False where the budget ended, or only tokens and costs are left that were neither found nor shown not to exist: what is
   * listed is proven all the same, but more may have changed.
   */
  readonly complete: boolean;
  readonly nodes: number;
  readonly maxNodes: number;
  /**
   * `no_new_cloud`: no request that the old policy kept in the zone `local`, or denied, may go to another zone under the
   * new one, be it later in a chain, and none goes to another zone by a name that now stands for another place.
   * `no_new_deny`: no request that the old policy let go is denied by the new one.
   */
  readonly checks: Readonly<Record<Check, CheckResult>>;
  /** By what came of it before and after. */
  readonly changes: readonly Change[];
  readonly moreChanges: boolean;
  readonly reasonChanges: readonly ReasonChange[];
  readonly definitions: readonly DefinitionChange[];
};

export type DiffOptions = {
  /** Bounds time and memory alike. */
  readonly maxNodes?: number;
  /** How many changes are listed, and how many lists of conditions for one of them. */
  readonly maxChanges?: number;
  readonly maxConditions?: number;
};

const MAX_NODES = 2_000_000;
const MAX_CHANGES = 100;
const MAX_CONDITIONS = 5;

const UNDECIDED: CheckResult = { result: "undecided" };

/** Pure. Equal policies and options give equal results. */
export function diffPolicies(old: CompiledPolicy, now: CompiledPolicy, options: DiffOptions = {}): PolicyDiff {
  const { maxNodes = MAX_NODES, maxChanges = MAX_CHANGES, maxConditions = MAX_CONDITIONS } = options;
  const checks: Record<Check, CheckResult> = { no_new_cloud: UNDECIDED, no_new_deny: UNDECIDED };
  const changes: Change[] = [];
  const reasonChanges: ReasonChange[] = [];
  let [complete, moreChanges] = [true, false];
  let axes: Axes | null = null;
  try {
    axes = new Axes(spaceOf([old, now], maxNodes), maxNodes);
    const comparison = new Comparison(axes, maxConditions);
    for (const check of CHECKS) checks[check] = comparison.check(check);
    for (const change of comparison.changes()) {
      moreChanges = changes.length === maxChanges;
      if (moreChanges) break;
      changes.push(change);
    }
    for (const change of comparison.reasonChanges()) reasonChanges.push(change);
    complete = !comparison.undecided;
  } catch (problem) {
    if (!(problem instanceof BudgetExceeded)) throw problem;
    complete = false;
  }
  const nodes = axes?.regions.diagrams.spent ?? 0;
  const definitions = definitionChanges(old.document, now.document);
  return { complete, nodes, maxNodes, checks, changes, moreChanges, reasonChanges, definitions };
}
