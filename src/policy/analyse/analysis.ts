import type { Traffic } from "./study.ts";
import type { Witness } from "./witness.ts";

/** Whose condition holds for no request that gets as far. */
export type UnreachableRule = {
  readonly rule: string;
  /** JSON Pointer into the policy file, here and below. */
  readonly path: string;
  /** Rules before it that take all its requests, each of them needed for that; none where it never holds at all. */
  readonly coveredBy: readonly string[];
};

/** Without which every request would go where it goes now, in the same way. */
export type RedundantRule = {
  readonly rule: string;
  readonly path: string;
  /** The rules that would decide in its place. */
  readonly insteadBy: readonly string[];
  /** Whether some request would be given other reasons. */
  readonly changesReasons: boolean;
};

/** A rule that routes, and has nobody left to ask: for all requests that it decides, or by `policy.no_compliant_route` for some. */
export type DeadRoute = {
  readonly rule: string;
  readonly path: string;
  readonly always: boolean;
  /** Constraints that forbid a provider of the chain there that could be asked but for them; none where they are not why. */
  readonly constraints: readonly string[];
} & Traffic;

/** Two rules that both hold for some request and would send it different ways: their order decides. */
export type Overlap = { readonly first: string; readonly second: string; readonly witness: Witness };

export type IdleConstraint = {
  readonly constraint: string;
  readonly path: string;
  /** `never_holds`, or wherever it holds nothing that it forbids could be asked even without any constraint. */
  readonly why: "never_holds" | "forbids_nothing";
};

/** A watched rule that says nothing: it never holds, or where it holds nothing of its chain is left. */
export type IdleShadow = { readonly rule: string; readonly path: string; readonly why: "never_holds" | "dead_route" };

/** What could neither be shown nor be shown to be false: tokens and costs that may exist were not found. */
export type Undecided = {
  readonly about:
    | "unreachable_rule"
    | "redundant_rule"
    | "dead_route"
    | "constraint"
    | "shadow"
    | "overlap"
    | "default";
  readonly id: string;
};

/**
 * What can be proven of a policy over all requests, within a model in which what `Dimension` keeps apart is free of each
 * other. Lists are in the order of the policy.
 */
export type Analysis = {
  /** False where the budget ended: what is listed is proven all the same, but more may be true. */
  readonly complete: boolean;
  /** Nodes and remembered results that were made, of at most `maxNodes`. */
  readonly nodes: number;
  readonly maxNodes: number;
  readonly unreachable: readonly UnreachableRule[];
  readonly redundant: readonly RedundantRule[];
  readonly deadRoutes: readonly DeadRoute[];
  readonly overlaps: readonly Overlap[];
  /** Whether there are more overlaps than are listed. */
  readonly moreOverlaps: boolean;
  /** What no rule takes; null where rules take everything. */
  readonly onlyDefault: Traffic | null;
  readonly idleConstraints: readonly IdleConstraint[];
  readonly idleShadow: readonly IdleShadow[];
  readonly undecided: readonly Undecided[];
};

export type AnalyseOptions = {
  /** Bounds time and memory alike. */
  readonly maxNodes?: number;
  /** How many overlaps are listed, and how many lists of conditions for one region. */
  readonly maxOverlaps?: number;
  readonly maxConditions?: number;
};

/** What is found so far. Only what is proven is ever put there. */
export type Draft = {
  readonly unreachable: UnreachableRule[];
  readonly redundant: RedundantRule[];
  readonly deadRoutes: DeadRoute[];
  readonly overlaps: Overlap[];
  moreOverlaps: boolean;
  onlyDefault: Traffic | null;
  readonly idleConstraints: IdleConstraint[];
  readonly idleShadow: IdleShadow[];
  readonly undecided: Undecided[];
};
