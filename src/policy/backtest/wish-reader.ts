import { LOCAL_ZONE, type ProviderId } from "../../core/decision.ts";
import type { Features } from "../../core/features.ts";
import type { CompiledProvider } from "../compiled.ts";
import { asPolicySpells, otherSpelling } from "../features.ts";
import type { KnownPolicy } from "./known-policy.ts";

type Wish = Pick<Features, "wish" | "model" | "wishPrice" | "requestedProvider" | "offeredBy">;

/** What two policies have in common of one model. */
type Comparison = {
  /** Providers of the new policy that stand to this model as they did. */
  readonly same: ReadonlySet<ProviderId>;
  readonly areLocalsSame: boolean;
  readonly areAllSame: boolean;
};

/** Models that clients wish for are few; this bounds what an unusual span of time can gather. */
const MAX_REMEMBERED = 10_000;

/** What a wish that was read under one policy is under a new one, without asking any provider again. */
export class WishReader {
  readonly #past: KnownPolicy;
  readonly #next: KnownPolicy;
  readonly #isOtherStillOther: boolean;
  readonly #newIds: readonly ProviderId[];
  readonly #comparisons = new Map<string, Comparison>();

  constructor(past: KnownPolicy, next: KnownPolicy) {
    this.#past = past;
    this.#next = next;
    this.#newIds = idsOf(next).filter((id) => !idsOf(past).includes(id));
    this.#isOtherStillOther =
      [...next.policy.models].every((model) => past.policy.models.has(model)) &&
      JSON.stringify(past.policy.providers.map(wholly)) === JSON.stringify(next.policy.providers.map(wholly)) &&
      this.#compare([]).areAllSame;
  }

  /** Notes in `missing` what it cannot tell; what it gives for that means nothing. */
  read(features: Features, missing: Set<string>): Wish {
    if (features.wish === "auto") return features;
    if (features.wish === "other") return this.#readOther(features, missing);
    return this.#readKnown(features, missing);
  }

  /** Nobody knows the name any more, only that neither the older policy nor its providers had it. */
  #readOther(features: Features, missing: Set<string>): Wish {
    return this.#isOtherStillOther ? features : this.#unknown(features, missing);
  }

  #unknown(features: Features, missing: Set<string>): Wish {
    for (const key of ["model", "requested_provider", "wish_price"]) missing.add(key);
    for (const id of idsOf(this.#next)) missing.add(`offered_by:${id}`);
    return { ...features, wishPrice: null };
  }

  #readKnown(features: Features, missing: Set<string>): Wish {
    const names = this.#namesOf(features.model ?? "");
    const model = this.#spelled(names);
    if (model === null || this.#mayBeReadOtherwise(features, names)) return this.#unknown(features, missing);
    const compared = this.#compare(names);
    if (!compared.areAllSame) missing.add("requested_provider");
    const offeredBy: ProviderId[] = [];
    for (const provider of this.#next.policy.providers) {
      const isOffered = this.#isOffered(provider, names, features, compared);
      if (isOffered === null) missing.add(`offered_by:${provider.id}`);
      else if (isOffered) offeredBy.push(provider.id);
    }
    const { wish, requestedProvider } = features;
    return {
      wish,
      model,
      wishPrice: this.#wishPrice(features, model, offeredBy, missing),
      requestedProvider,
      offeredBy,
    };
  }

  /**
   * As the client may have written it: the gateway takes `name` and `name:latest` for one model and puts on record what
   * the policy calls it, where that has but one of them.
   */
  #namesOf(model: string): readonly string[] {
    const { models } = this.#past.policy;
    const other = otherSpelling(model);
    return other !== model && models.has(model) && !models.has(other) ? [model, other] : [model];
  }

  /** What the new policy calls it; null where it has a name for each way in which the client may have written it. */
  #spelled(names: readonly string[]): string | null {
    const { policy } = this.#next;
    const spelled = names.map((name) => asPolicySpells(name, policy));
    const [first = null] = spelled;
    return spelled.every((name) => name === first || !policy.models.has(name)) ? first : null;
  }

  /**
   * In `<provider>/<model>` the first part is a provider's name only where there is such a provider, and what kind it is
   * of decides what becomes of a tag.
   */
  #mayBeReadOtherwise({ requestedProvider }: Features, names: readonly string[]): boolean {
    if (this.#newIds.some((id) => names.some((name) => name.startsWith(`${id}/`)))) return true;
    if (requestedProvider === null) return false;
    const [before, after] = [this.#past, this.#next].map(({ stored }) => stored.providers[requestedProvider]?.kind);
    return after === undefined || after !== before;
  }

  /** Null where only the provider, or the name that the client gave, could tell. */
  #isOffered(
    provider: CompiledProvider,
    names: readonly string[],
    features: Features,
    compared: Comparison,
  ): boolean | null {
    const wasOffered = features.offeredBy.includes(provider.id);
    const isNamed = (name: string) => {
      const model = asPolicySpells(name, this.#next.policy);
      return provider.wishes.has(model) || provider.declared?.has(model) === true;
    };
    if (wasOffered && names.every(isNamed)) return true;
    if (provider.declared !== null && !names.some(isNamed)) return false;
    if (!compared.same.has(provider.id)) return null;
    // A provider that may have any model is not asked for one that a local provider is known to have.
    const dependsOnOthers = provider.kind !== "ollama" && provider.declared === null;
    return dependsOnOthers && !compared.areLocalsSame ? null : wasOffered;
  }

  /** The price of the built-in table goes on record only where the policy has none, and counts only there. */
  #wishPrice(
    { model, wishPrice, offeredBy }: Features,
    nextModel: string,
    nextOfferedBy: readonly ProviderId[],
    missing: Set<string>,
  ): Features["wishPrice"] {
    const pricing = this.#next.policy.providers.filter(({ prices }) => prices.has(nextModel));
    if (pricing.some(({ id }) => nextOfferedBy.includes(id))) return null;
    const hadPrice = ({ id, prices }: CompiledProvider) => offeredBy.includes(id) && prices.has(model ?? "");
    const isUnsaid = wishPrice === null && this.#past.policy.providers.some(hadPrice);
    const isKnown = !isUnsaid && !pricing.some(({ id }) => missing.has(`offered_by:${id}`));
    if (isKnown) return wishPrice;
    missing.add("wish_price");
    return null;
  }

  #compare(names: readonly string[]): Comparison {
    const key = names.join(" ");
    const known = this.#comparisons.get(key);
    if (known !== undefined) return known;
    if (this.#comparisons.size >= MAX_REMEMBERED) this.#comparisons.clear();
    const before = standingsOf(this.#past, names);
    const after = standingsOf(this.#next, names);
    const same = new Set([...after.keys()].filter((id) => before.get(id) === after.get(id)));
    const isSame = (id: ProviderId) => same.has(id);
    const comparison = {
      same,
      areLocalsSame: [...localIdsOf(this.#past), ...localIdsOf(this.#next)].every(isSame),
      areAllSame: [...before.keys(), ...after.keys()].every(isSame),
    };
    this.#comparisons.set(key, comparison);
    return comparison;
  }
}

const idsOf = ({ policy }: KnownPolicy): readonly ProviderId[] => policy.providers.map(({ id }) => id);
const localIdsOf = ({ policy }: KnownPolicy): readonly ProviderId[] =>
  policy.providers.filter(({ zone }) => zone === LOCAL_ZONE).map(({ id }) => id);

/** By provider, all that its having a model depends on: the server it is, and what policy says of the two. */
function standingsOf({ policy, stored }: KnownPolicy, names: readonly string[]): ReadonlyMap<ProviderId, string> {
  return new Map(
    policy.providers.map((provider) => {
      const body = stored.providers[provider.id];
      const server = [body?.kind, body?.zone, body?.base_url, body?.api_key ?? null];
      const models = names.map((name) => asPolicySpells(name, policy));
      return [provider.id, JSON.stringify([server, models.map((model) => said(provider, model))])];
    }),
  );
}

const said = ({ declared, wishes, defaultModel, defaultEmbeddingModel }: CompiledProvider, model: string) => [
  declared === null ? "any" : declared.has(model),
  wishes.get(model) ?? null,
  model === defaultModel,
  model === defaultEmbeddingModel,
];

/** What a provider has by the policy's own word. */
const wholly = ({ id, declared, wishes, defaultModel, defaultEmbeddingModel }: CompiledProvider) => [
  id,
  declared === null ? null : [...declared.keys()],
  [...wishes],
  defaultModel,
  defaultEmbeddingModel,
];
