import type { ChatRequest, ModelWish, Surface, Task } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import { LOCAL_ZONE } from "../core/decision.ts";
import { isOllamaCloudName, parseModelWish, wishOf, withOllamaTag, withoutDefaultTag } from "../core/models.ts";
import type { Provider } from "../core/provider.ts";
import type { CompiledProvider } from "../policy/compiled.ts";
import { asPolicySpells, type WishFacts } from "../policy/features.ts";
import { type ActivePolicy, definitionOf } from "./active-policy.ts";

/** A provider as policy describes it, and the one that answers. */
export type KnownProvider = { readonly spec: CompiledProvider; readonly provider: Provider };

/** What a request wishes for among the providers that there are; null leaves the choice to policy. */
export function readWish(
  { wish, surface }: Pick<ChatRequest, "wish" | "surface">,
  active: ActivePolicy,
): ModelWish | null {
  if (wish === null) return null;
  const read = readModelName(wish, surface, active);
  // `<provider>/auto` leaves the choice to policy as `auto` does: no provider's model is called that.
  return wishOf(read.model) === null ? null : read;
}

/** Clients of Ollama give every name a tag; models of other servers have none, so one that was only added is taken off. */
export function readModelName(name: string, surface: Surface, active: ActivePolicy): ModelWish {
  const wish = parseModelWish(name, active.providers.keys());
  const spec = definitionOf(active, wish.provider);
  const isOnlyAdded = spec?.kind === "openai" && surface.startsWith("ollama_");
  const model = isOnlyAdded ? withoutDefaultTag(wish.model) : wish.model;
  return { ...wish, model: asPolicySpells(model, active.policy) };
}

/** Who can be asked for a wish, as far as is known without asking anybody. */
export function wishFacts(wish: ModelWish | null, task: Task["kind"], active: ActivePolicy): WishFacts {
  if (wish === null) return { model: null, requestedProvider: null, offeredBy: [] };
  const known = knownProviders(active);
  return {
    model: wish.model,
    requestedProvider: wish.provider ?? providerThatHas(wish.model, known),
    offeredBy: known.filter((one) => offers(one, wish, task, known)).map(({ spec }) => spec.id),
  };
}

/** The provider that is named, or the first that is known to have the model, local ones before others. */
export function providerOfWish(wish: ModelWish, active: ActivePolicy): ProviderId | null {
  return wishFacts(wish, "chat", active).requestedProvider;
}

/**
 * A name that means "hosted, by way of the local server" is refused wherever the request would go, so that nobody takes
 * it for a way around policy. One that another provider lists as its own means that.
 */
export function namesCloudModel({ model }: ModelWish, active: ActivePolicy): boolean {
  const known = knownProviders(active);
  const ollamas = known.filter(({ spec }) => spec.kind === "ollama");
  if (ollamas.length === 0) return false;
  const isHosted = isOllamaCloudName(model) || ollamas.some(({ provider }) => provider.has(model) === "remote");
  return isHosted && !known.some((one) => one.spec.kind !== "ollama" && certainlyHas(one, model));
}

export function knownProviders({ policy, providers }: ActivePolicy): readonly KnownProvider[] {
  return policy.providers.flatMap((spec) => {
    const provider = providers.get(spec.id);
    return provider === undefined ? [] : [{ spec, provider }];
  });
}

/** Ollama takes a name without a tag as one with `:latest`. */
export const isSameModel = ({ kind }: CompiledProvider, listed: string, wished: string): boolean =>
  kind === "ollama" ? withOllamaTag(listed) === withOllamaTag(wished) : listed === wished;

function providerThatHas(model: string, known: readonly KnownProvider[]): ProviderId | null {
  const isLocal = ({ spec }: KnownProvider) => spec.zone === LOCAL_ZONE;
  const inOrder = [...known.filter(isLocal), ...known.filter((one) => !isLocal(one))];
  return inOrder.find((one) => certainlyHas(one, model))?.spec.id ?? null;
}

/** What policy declares is taken for what there is. */
function certainlyHas({ spec, provider }: KnownProvider, model: string): boolean {
  if (spec.wishes.has(model)) return true;
  return spec.declared === null ? provider.has(model) === "yes" : spec.declared.has(model);
}

/**
 * A server that lists no models is taken at the client's word, unless the name is one of a local provider's; an Ollama
 * server only for an embedding, which has no other model to fall back on.
 */
function offers(one: KnownProvider, wish: ModelWish, task: Task["kind"], known: readonly KnownProvider[]): boolean {
  const { spec, provider } = one;
  if (wish.provider !== null && wish.provider !== spec.id) return false;
  if (certainlyHas(one, wish.model)) return true;
  if (spec.declared !== null || provider.has(wish.model) !== "unknown") return false;
  if (spec.kind === "ollama") return task === "embedding";
  return wish.provider === spec.id || !known.some((other) => isLocalModelOf(other, wish.model));
}

const isLocalModelOf = (one: KnownProvider, model: string): boolean =>
  one.spec.zone === LOCAL_ZONE && (model === one.spec.defaultModel || certainlyHas(one, model));
