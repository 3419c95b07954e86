import {
  type Candidate,
  type Decision,
  type Effects,
  type Excluded,
  type Exclusion,
  type Forbidden,
  NOTHING_FORBIDDEN,
} from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { answeringModel } from "./answering-model.ts";
import type { CompiledConstraint, CompiledProvider, DecidablePolicy } from "./compiled.ts";
import { BEYOND_ANY_BOUND, estimatedCostMicros, priceOf } from "./cost.ts";
import type { ReadyRule } from "./program.ts";

/** The constraints that hold for a request, and the union of what they forbid. */
export type Bounds = { readonly held: readonly CompiledConstraint[]; readonly forbidden: Forbidden };

export function boundsOf(held: readonly CompiledConstraint[]): Bounds {
  const [only] = held;
  if (only === undefined) return { held, forbidden: NOTHING_FORBIDDEN };
  if (held.length === 1) return { held, forbidden: only.forbid };
  const union = (of: keyof Forbidden) => unionOf(held.map(({ forbid }) => forbid[of]));
  return { held, forbidden: { zones: union("zones"), providers: union("providers"), models: union("models") } };
}

/** In the order of their first place. Most constraints say nothing of most kinds. */
function unionOf(lists: readonly (readonly string[])[]): readonly string[] {
  const some = lists.filter(({ length }) => length > 0);
  return some.length > 1 ? [...new Set(some.flat())] : (some[0] ?? []);
}

/** How a provider of a chain stands: `by` is null for a candidate, and then there is a model. */
export type Standing = { readonly provider: CompiledProvider } & (
  | { readonly by: null; readonly model: string }
  | { readonly by: Exclusion; readonly model: string | null }
);

export type Routed = Pick<Decision, "candidates" | "excluded" | "denial">;

/** Where one rule sends a request, within the bounds of its constraints; never the least bad where that is nowhere. */
export function route(policy: DecidablePolicy, ready: ReadyRule, bounds: Bounds, features: Features): Routed {
  const standings = ready.chain.map((provider) =>
    standingOf(provider, answeringModel(provider, features), ready.rule.effects, bounds.forbidden, features),
  );
  return routedBy(policy, ready, bounds, standings, (provider) => answeringModel(provider, features));
}

export function routedBy(
  policy: DecidablePolicy,
  { rule }: ReadyRule,
  bounds: Bounds,
  standings: readonly Standing[],
  modelOf: (provider: CompiledProvider) => string | null,
): Routed {
  const candidates: Candidate[] = [];
  for (const { provider, by, model } of standings) {
    if (by === null) candidates.push({ provider: provider.id, zone: provider.zone, model });
  }
  const excluded: Excluded[] = [];
  for (const provider of policy.providers) {
    const standing = standings.find((known) => known.provider === provider);
    if (standing === undefined) {
      excluded.push({ provider: provider.id, model: modelOf(provider), by: "not_in_route", constraints: [] });
    } else if (standing.by !== null) {
      const { model, by } = standing;
      excluded.push({ provider: provider.id, model, by, constraints: forbidders(bounds.held, provider, model, by) });
    }
  }
  return { candidates, excluded, denial: candidates.length > 0 ? null : denialOf(rule.route === null, excluded) };
}

/** By the first exclusion that holds, in the order of `EXCLUSIONS`. */
export function standingOf(
  provider: CompiledProvider,
  model: string | null,
  effects: Effects,
  forbidden: Forbidden,
  features: Features,
): Standing {
  // INVARIANT: I1, what constraints forbid is asked before anything else.
  if (forbidden.zones.includes(provider.zone)) return { provider, model, by: "forbidden_zone" };
  if (forbidden.providers.includes(provider.id)) return { provider, model, by: "forbidden_provider" };
  if (model === null) return { provider, model, by: "no_embedding_model" };
  if (forbidden.models.includes(model)) return { provider, model, by: "forbidden_model" };
  return { provider, model, by: unfitness(provider, model, effects, features) };
}

function unfitness(
  provider: CompiledProvider,
  model: string,
  { maxOutputTokens, maxEstimatedCostMicros }: Effects,
  features: Features,
): Exclusion | null {
  const facts = provider.declared?.get(model);
  if (facts !== undefined) {
    if (features.hasTools && facts.tools === false) return "lacks_tools";
    if (features.hasImages && facts.images === false) return "lacks_images";
    const tokens = features.promptTokens ?? BEYOND_ANY_BOUND;
    if (facts.contextTokens !== null && facts.contextTokens < tokens) return "context_too_small";
  }
  if (maxEstimatedCostMicros === null) return null;
  const cost = estimatedCostMicros(priceOf(provider, model, features), features, maxOutputTokens);
  return cost > maxEstimatedCostMicros ? "over_cost_limit" : null;
}

/** Ids of the constraints that exclude a provider in this way. */
function forbidders(
  held: readonly CompiledConstraint[],
  provider: CompiledProvider,
  model: string | null,
  by: Exclusion,
): readonly string[] {
  const forbids = ({ zones, providers, models }: Forbidden): boolean => {
    if (by === "forbidden_zone") return zones.includes(provider.zone);
    if (by === "forbidden_provider") return providers.includes(provider.id);
    return by === "forbidden_model" && model !== null && models.includes(model);
  };
  return held.filter(({ forbid }) => forbids(forbid)).map(({ id }) => id);
}

function denialOf(denied: boolean, excluded: readonly Excluded[]): NonNullable<Decision["denial"]> {
  if (denied) return "policy.denied";
  const lacksModel = excluded.some(({ by }) => by === "no_embedding_model");
  return lacksModel ? "policy.embedding_model_unavailable" : "policy.no_compliant_route";
}
