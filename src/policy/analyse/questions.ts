import type { CompiledRule, DecidablePolicy } from "../compiled.ts";
import { type Atom, atomsOf, type Choice, type Quantity } from "../condition.ts";

/** Everything that the conditions of some policies ask. */
export type Questions = {
  readonly atoms: readonly Atom[];
  /** Numbers that something is or is not above, ascending. */
  readonly bounds: (of: Quantity) => readonly number[];
  /** Values that are asked for, in the order of their names. */
  readonly values: (of: Choice) => readonly string[];
  readonly labels: ReadonlyMap<string, readonly string[]>;
};

export const rulesOf = ({ rules, fallback, shadow }: DecidablePolicy): readonly CompiledRule[] => [
  ...rules,
  fallback,
  ...shadow,
];

export function questionsOf(policies: readonly DecidablePolicy[]): Questions {
  const atoms = policies
    .flatMap((policy) => [...policy.constraints, ...rulesOf(policy)])
    .flatMap(({ when }) => atomsOf(when));
  const labels = [...new Set(atoms.flatMap((atom) => (atom.kind === "label" ? [atom.label] : [])))].toSorted();
  return {
    atoms,
    bounds: (of) => boundsIn(atoms.flatMap((atom) => (atom.kind === "number" && atom.of === of ? [atom] : []))),
    values: (of) => sorted(atoms.flatMap((atom) => (atom.kind === "choice" && atom.of === of ? atom.values : []))),
    labels: new Map(
      labels.map((label) => [
        label,
        sorted(atoms.flatMap((atom) => (atom.kind === "label" && atom.label === label ? atom.values : []))),
      ]),
    ),
  };
}

/** Whether anything at all depends on what answers cost. */
export const asksCosts = (policies: readonly DecidablePolicy[], { bounds }: Questions): boolean =>
  bounds("estimated_cost_micros").length > 0 ||
  policies.some((policy) => rulesOf(policy).some(({ effects }) => effects.maxEstimatedCostMicros !== null));

type Range = { readonly atLeast: number; readonly atMost: number };

/** "At least n" is "not at most n - 1". */
export const boundsIn = (ranges: readonly Range[]): readonly number[] =>
  ascending(ranges.flatMap(({ atLeast, atMost }) => [atLeast - 1, atMost]).filter((at) => at >= 0 && at < Infinity));

export const ascending = (numbers: readonly number[]): readonly number[] =>
  [...new Set(numbers)].toSorted((one, other) => one - other);

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted();
