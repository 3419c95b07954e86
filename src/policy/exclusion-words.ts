import type { Effects, Exclusion } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { CompiledProvider, CompiledRule } from "./compiled.ts";
import { estimatedCostMicros, priceOf } from "./cost.ts";

/** How one provider stands in an explanation. */
type Told = {
  readonly provider: CompiledProvider;
  readonly model: string | null;
  /** Null for a candidate. */
  readonly by: Exclusion | null;
  readonly constraints: readonly string[];
  readonly rule: CompiledRule;
  readonly features: Features;
};

/** Why a provider may answer or not; part of a sentence, without a capital and a full stop. Names and numbers only. */
export function whyOf(told: Told): string {
  const { provider, model, by, constraints, rule } = told;
  const { task, wish } = told.features;
  switch (by) {
    case null:
      return `it is in the route of rule "${rule.id}", and nothing excludes it`;
    case "not_in_route":
      return rule.route === null ? `rule "${rule.id}" denies` : `it is not in the route of rule "${rule.id}"`;
    case "forbidden_zone":
      return `${forbidden(constraints)} zone "${provider.zone}"`;
    case "forbidden_provider":
      return `${forbidden(constraints)} this provider`;
    case "forbidden_model":
      return `${forbidden(constraints)} model "${model}"`;
    case "no_embedding_model":
      return task === "embedding" && wish === "auto"
        ? "it has no default model to embed with"
        : "it does not have the embedding model asked for, and vectors of another one would not compare";
    case "lacks_tools":
      return `its model "${model}" takes no tools`;
    case "lacks_images":
      return `its model "${model}" takes no images`;
    case "context_too_small":
      return tooLong(told);
    case "over_cost_limit":
      return tooDear(told, rule.effects);
  }
}

function forbidden(constraints: readonly string[]): string {
  const names = constraints.map((id) => `"${id}"`).join(", ");
  return constraints.length === 1 ? `constraint ${names} forbids` : `constraints ${names} forbid`;
}

function tooLong({ provider, model, features }: Told): string {
  const most = model === null ? null : provider.declared?.get(model)?.contextTokens;
  const tokens = features.promptTokens;
  const has = tokens === null ? "nobody counted those of the prompt" : `the prompt has ${tokens}`;
  return `its model "${model}" reads at most ${most} tokens, and ${has}`;
}

function tooDear({ provider, model, features }: Told, effects: Effects): string {
  const limit = `at most ${effects.maxEstimatedCostMicros} micro-USD are allowed`;
  const price = model === null ? null : priceOf(provider, model, features);
  if (price === null) return `nobody knows what its model "${model}" costs, and ${limit}`;
  if (features.promptTokens === null) return `nobody counted the tokens of the prompt, and ${limit}`;
  return `it would cost ${estimatedCostMicros(price, features, effects.maxOutputTokens)} micro-USD, and ${limit}`;
}
