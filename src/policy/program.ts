import { type AtomTable, tableOf } from "./atoms.ts";
import type { CompiledConstraint, CompiledProvider, CompiledRule, DecidablePolicy } from "./compiled.ts";
import { atomsOf } from "./condition.ts";
import { compileCondition, type Test } from "./evaluate.ts";

/** A policy made ready to be asked many times: conditions as closures, names as what they refer to. */
export type Program = {
  readonly policy: DecidablePolicy;
  readonly atoms: AtomTable;
  /** Where each signal stands in `policy.signals`. */
  readonly signals: ReadonlyMap<string, number>;
  readonly asksCost: boolean;
  readonly constraints: readonly { readonly constraint: CompiledConstraint; readonly test: Test }[];
  readonly rules: readonly ReadyRule[];
  readonly fallback: ReadyRule;
  readonly shadow: readonly ReadyRule[];
};

export type ReadyRule = {
  readonly rule: CompiledRule;
  readonly test: Test;
  /** Empty for a denial. */
  readonly chain: readonly CompiledProvider[];
};

/** By identity, so that a changed copy of a policy is never asked by the program of the original. */
const programs = new WeakMap<DecidablePolicy, Program>();

export function programOf(policy: DecidablePolicy): Program {
  const known = programs.get(policy);
  if (known !== undefined) return known;
  const program = prepare(policy);
  programs.set(policy, program);
  return program;
}

function prepare(policy: DecidablePolicy): Program {
  const asked = [...policy.constraints, ...policy.rules, policy.fallback, ...policy.shadow].flatMap(({ when }) =>
    atomsOf(when),
  );
  const signals = policy.signals.map(({ id }) => id);
  const atoms = tableOf(asked, signals);
  const providers = new Map(policy.providers.map((provider) => [provider.id, provider] as const));
  const ready = (rule: CompiledRule): ReadyRule => ({
    rule,
    test: compileCondition(rule.when, atoms),
    chain: (rule.route ?? []).map((id) => {
      const provider = providers.get(id);
      if (provider === undefined) throw new Error("a rule routes to a provider that the policy does not have");
      return provider;
    }),
  });
  return {
    policy,
    atoms,
    signals: new Map(signals.map((id, index) => [id, index])),
    asksCost: asked.some((atom) => atom.kind === "number" && atom.of === "estimated_cost_micros"),
    constraints: policy.constraints.map((constraint) => ({
      constraint,
      test: compileCondition(constraint.when, atoms),
    })),
    rules: policy.rules.map(ready),
    fallback: ready(policy.fallback),
    shadow: policy.shadow.map(ready),
  };
}
