import type { Decision, HeldConstraint, ShadowResult } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { BUDGET_EXCEEDED, OPAQUE_PART } from "../core/finding.ts";
import type { DecidablePolicy } from "./compiled.ts";
import { priceOf, reportedCostMicros } from "./cost.ts";
import type { ReadyRule } from "./program.ts";
import type { Bounds, Routed } from "./route.ts";

export type Parts = {
  readonly matched: ReadyRule;
  readonly constraints: readonly HeldConstraint[];
  readonly bounds: Bounds;
  readonly routed: Routed;
  readonly shadow: readonly ShadowResult[];
};

/** The one place that makes a decision, so that its bytes do not depend on who asked. */
export function assemble(policy: DecidablePolicy, features: Features, parts: Parts): Decision {
  const { matched, constraints, bounds, routed, shadow } = parts;
  const { rule } = matched;
  return {
    policyHash: policy.hash,
    candidates: routed.candidates,
    excluded: routed.excluded,
    denial: routed.denial,
    rule: rule.id,
    constraints,
    forbidden: bounds.forbidden,
    reasonCodes: reasonCodes(policy, features, constraints, rule.reason),
    effects: rule.effects,
    estimatedCostMicros: costOfFirst(matched, routed, features),
    shadow,
  };
}

function costOfFirst({ rule, chain }: ReadyRule, { candidates }: Routed, features: Features): number | null {
  const [first] = candidates;
  const provider = first && chain.find(({ id }) => id === first.provider);
  if (first === undefined || provider === undefined) return null;
  return reportedCostMicros(priceOf(provider, first.model, features), features, rule.effects.maxOutputTokens);
}

function reasonCodes(
  policy: DecidablePolicy,
  features: Features,
  constraints: readonly HeldConstraint[],
  reason: string,
): Decision["reasonCodes"] {
  const codes: string[] = [];
  // Over a list, since it hardly ever has more than three.
  const add = (code: string) => {
    if (!codes.includes(code)) codes.push(code);
  };
  let isUncertain = false;
  for (const constraint of constraints) {
    if (constraint.certain) add(constraint.reason);
    else isUncertain = true;
  }
  if (isUncertain && features.scanIncomplete) add(BUDGET_EXCEEDED);
  if (isUncertain && features.opaqueContent && policy.opaqueIsSensitive) add(OPAQUE_PART);
  add(reason);
  const [first = reason, ...others] = codes;
  return [first, ...others];
}

export function shadowResult({ rule }: ReadyRule, watched: Routed, real: Routed): ShadowResult {
  const provider = watched.candidates[0]?.provider ?? null;
  return {
    rule: rule.id,
    outcome: provider === null ? "deny" : "route",
    provider,
    differs: provider !== (real.candidates[0]?.provider ?? null),
  };
}
