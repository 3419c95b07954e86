import type { Task } from "../core/chat.ts";
import { LOCAL_ZONE, type ProviderId } from "../core/decision.ts";
import { parseModelWish, wishOf, withOllamaTag } from "../core/models.ts";
import type { CompiledPolicy, CompiledProvider } from "./compiled.ts";
import { asPolicySpells, type WishFacts } from "./features.ts";

/** What a test of a policy says of the model that a client wishes for; undefined is unsaid. */
type SaidOfWish = {
  /** As a client writes it, `auto` and `<provider>/<model>` too. */
  readonly name: string | undefined;
  readonly provider: ProviderId | undefined;
  readonly offeredBy: readonly ProviderId[] | undefined;
  readonly task: Task["kind"];
};

/**
 * What a running gateway would find out of its providers, where there are none to ask: that they have what the policy
 * says they have, that a local one has nothing else, and that any other one takes what it is asked for. It is what
 * `gateway/wish.ts` makes of providers that were not asked yet.
 */
export function assumedWish(policy: CompiledPolicy, said: SaidOfWish): WishFacts {
  const name = wishOf(said.name);
  const ids = policy.providers.map(({ id }) => id);
  const { model: wished = null, provider: inName = null } = name === null ? {} : parseModelWish(name, ids);
  const model = wished === null ? null : asPolicySpells(wished, policy);
  const named = said.provider ?? inName;
  if (model === null) return { model, requestedProvider: named, offeredBy: [] };
  const offers = (one: CompiledProvider): boolean =>
    said.offeredBy?.includes(one.id) ?? isAsked(one, { model, named, task: said.task }, policy);
  const offering = policy.providers.filter(offers);
  const certain = said.offeredBy === undefined ? policy.providers.filter((one) => isSaidToHave(one, model)) : offering;
  const first = certain.find(isLocal) ?? certain[0];
  return { model, requestedProvider: named ?? first?.id ?? null, offeredBy: offering.map(({ id }) => id) };
}

/** Whether the policy itself says that a provider has a model. */
export function isSaidToHave({ kind, declared, wishes, ...defaults }: CompiledProvider, model: string): boolean {
  if (wishes.has(model)) return true;
  if (declared !== null) return declared.has(model);
  // To Ollama a name without a tag is one with `:latest`.
  const nameOf = (name: string) => (kind === "ollama" ? withOllamaTag(name) : name);
  return [defaults.defaultModel, defaults.defaultEmbeddingModel].some(
    (name) => name !== null && nameOf(name) === nameOf(model),
  );
}

type Wish = { readonly model: string; readonly named: ProviderId | null; readonly task: Task["kind"] };

function isAsked(provider: CompiledProvider, { model, named, task }: Wish, policy: CompiledPolicy): boolean {
  if (named !== null && named !== provider.id) return false;
  if (isSaidToHave(provider, model)) return true;
  if (provider.declared !== null) return false;
  // It has no other model to fall back on for an embedding.
  if (provider.kind === "ollama") return task === "embedding";
  const isOfLocal = policy.providers.some((other) => isLocal(other) && isSaidToHave(other, model));
  return !isLocal(provider) && (named === provider.id || !isOfLocal);
}

const isLocal = ({ zone }: CompiledProvider): boolean => zone === LOCAL_ZONE;
