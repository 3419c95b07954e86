import { LOCAL_ZONE, type ProviderId } from "../../core/decision.ts";
import type { Price } from "../../core/features.ts";
import { AUTO_MODEL } from "../../core/models.ts";
import { modelForWish, modelInstead } from "../answering-model.ts";
import type { CompiledProvider, DecidablePolicy, ModelFacts } from "../compiled.ts";
import { FREE } from "../cost.ts";
import { asPolicySpells } from "../features.ts";

/**
 * What a client asks for: no model, one that a policy names, or any other. `provider` stands before the model where only
 * one of the policies takes it for a provider.
 */
export type Wish =
  | { readonly kind: "auto" }
  | { readonly kind: "named" | "another"; readonly model: string; readonly provider?: ProviderId };

/** What a client writes. */
export const nameOf = (wish: Wish): string => {
  if (wish.kind === "auto") return AUTO_MODEL;
  return wish.provider === undefined ? wish.model : `${wish.provider}/${wish.model}`;
};

/** The model that a policy takes the wish for, as the gateway reads it. */
export function modelIn(policy: DecidablePolicy, wish: Wish): string {
  const isProvider = wish.kind !== "auto" && policy.providers.some(({ id }) => id === wish.provider);
  return wish.kind === "auto" ? AUTO_MODEL : asPolicySpells(isProvider ? wish.model : nameOf(wish), policy);
}

/** A model that a provider would answer with, as far as decisions can depend on it. */
export type Answer = {
  /** The constraints that forbid it, by their place. */
  readonly forbiddenBy: readonly number[];
  readonly facts: ModelFacts;
  /** Null where nobody can know it. */
  readonly price: Price | "wished" | null;
};

export type Asked = { readonly wish: Wish; readonly isOffered: boolean; readonly embeds: boolean };

const NO_FACTS: ModelFacts = { contextTokens: null, tools: null, images: null };

/** Null where it has no model to embed with. */
export function answerOf(policy: DecidablePolicy, provider: CompiledProvider, asked: Asked): Answer | null {
  const wished = modelIn(policy, asked.wish);
  const model = modelOf(provider, wished, asked);
  if (model === null) return null;
  return {
    forbiddenBy: policy.constraints.flatMap(({ forbid }, index) => (forbid.models.includes(model) ? [index] : [])),
    facts: provider.declared?.get(model) ?? NO_FACTS,
    price: priceOf(provider, model, wished),
  };
}

function modelOf(provider: CompiledProvider, name: string, { wish, isOffered, embeds }: Asked): string | null {
  if (wish.kind === "auto") return embeds ? provider.defaultEmbeddingModel : provider.defaultModel;
  const wished = isOffered ? modelForWish(provider, name) : null;
  return wished ?? modelInstead(provider, embeds ? "embedding" : "chat");
}

function priceOf(provider: CompiledProvider, model: string, wished: string): Answer["price"] {
  const price = provider.prices.get(model);
  if (price !== undefined) return price;
  if (provider.zone === LOCAL_ZONE) return FREE;
  return wished === model ? "wished" : null;
}
