import { type Decision, type Effects, NOTHING_FORBIDDEN, type ProviderId, type Zone } from "../../core/decision.ts";
import type { CompiledProvider, CompiledRule } from "../compiled.ts";
import { type Diagram, type Operation, operation, terminal, valueIn } from "./diagram.ts";
import { Interned } from "./interned.ts";
import type { Provision } from "./provided.ts";
import type { Reading } from "./reading.ts";
import type { Regions } from "./regions.ts";

/** Where a request goes, or why nowhere, and how: all of a decision but its reasons. Models are none of it. */
export type Outcome = Denied | Routed;
export type Denied = { readonly denial: NonNullable<Decision["denial"]> };
export type Routed = {
  readonly denial: null;
  readonly candidates: readonly { readonly provider: ProviderId; readonly zone: Zone }[];
  readonly effects: Effects;
};

/** What is left of a chain so far, and whether some provider of it has no model to embed with. */
type Chain = { readonly providers: readonly ProviderId[]; readonly lacksModel: boolean };

/** What becomes of a provider of a chain, as values of a diagram; in the rest it is excluded. */
const LACKS_MODEL = 1;
const CANDIDATE = 2;

/** What the rules of one policy come to, under its constraints. */
export class Outcomes {
  readonly reading: Reading;
  /** Where each constraint holds, in the order of the policy. */
  readonly held: readonly Diagram[];
  readonly #regions: Regions;
  readonly #numbers: Interned<Outcome>;
  readonly #chains = new Interned<Chain>();
  readonly #append = new Map<ProviderId, Operation>();
  readonly #ofRules = new Map<string, Diagram>();
  readonly #ofChains = new Map<string, Diagram>();
  readonly #blocked = new Map<ProviderId, Diagram>();

  /** `numbers` are shared by policies that are compared. */
  constructor(reading: Reading, numbers: Interned<Outcome>) {
    this.reading = reading;
    this.#regions = reading.axes.regions;
    this.#numbers = numbers;
    this.held = reading.policy.constraints.map(({ when }) => reading.where(when, "possible"));
  }

  /** The numbers of what a rule comes to, wherever it is the one to decide. */
  of({ route, effects }: CompiledRule): Diagram {
    const key = JSON.stringify(route === null ? null : [route, effects]);
    const known = this.#ofRules.get(key);
    if (known !== undefined) return known;
    const outcome =
      route === null
        ? terminal(this.#numbers.numberOf({ denial: "policy.denied" }))
        : this.#regions.diagrams.map(this.#chain(route, effects), (chain) =>
            this.#numbers.numberOf(this.#outcomeOf(this.#chains.valueOf(chain), effects)),
          );
    this.#ofRules.set(key, outcome);
    return outcome;
  }

  /** Where a rule, if it decides, leaves a provider that may be asked. */
  leavesRoute(rule: CompiledRule): Diagram {
    return this.#regions.having(this.of(rule), (number) => this.#numbers.valueOf(number).denial === null);
  }

  /** Where it leaves none, and not for want of a model to embed with. */
  leavesNothing(rule: CompiledRule): Diagram {
    return this.#regions.having(
      this.of(rule),
      (number) => this.#numbers.valueOf(number).denial === "policy.no_compliant_route",
    );
  }

  /** Where a provider could be asked but for the constraints, with which of its models. */
  fit(provider: CompiledProvider, effects: Effects): readonly { readonly by: Provision; readonly region: Diagram }[] {
    const { provided } = this.reading;
    return provided.by(provider).map((by) => ({ by, region: provided.fitFor(by, effects) }));
  }

  /** Where constraints forbid a provider, whatever it would answer with. */
  #blockedAt({ id, zone }: CompiledProvider): Diagram {
    const known = this.#blocked.get(id);
    if (known !== undefined) return known;
    const { constraints } = this.reading.policy;
    const blocked = this.#regions.any(
      this.held.filter((_, index) => {
        const { zones, providers } = constraints[index]?.forbid ?? NOTHING_FORBIDDEN;
        return zones.includes(zone) || providers.includes(id);
      }),
    );
    this.#blocked.set(id, blocked);
    return blocked;
  }

  #chain(route: readonly ProviderId[], { maxOutputTokens, maxEstimatedCostMicros, ...rest }: Effects): Diagram {
    const limits = {
      maxOutputTokens: maxEstimatedCostMicros === null ? null : maxOutputTokens,
      maxEstimatedCostMicros,
    };
    const key = JSON.stringify([route, limits]);
    const known = this.#ofChains.get(key);
    if (known !== undefined) return known;
    const chain = route.reduce(
      (before, id) => {
        const standing = this.#standing(this.#provider(id), { ...rest, ...limits });
        return this.#regions.diagrams.apply(this.#appending(id), before, standing);
      },
      terminal(this.#chains.numberOf({ providers: [], lacksModel: false })),
    );
    this.#ofChains.set(key, chain);
    return chain;
  }

  #standing(provider: CompiledProvider, effects: Effects): Diagram {
    const { any, without, diagrams } = this.#regions;
    const allowed = this.fit(provider, effects).map(({ by, region }) =>
      without(region, any(by.answer.forbiddenBy.flatMap((constraint) => this.held[constraint] ?? []))),
    );
    const answers = any(this.reading.provided.by(provider).map(({ region }) => region));
    const blocked = this.#blockedAt(provider);
    const candidate = diagrams.map(without(any(allowed), blocked), (value) => value * CANDIDATE);
    const lacksModel = diagrams.map(without(this.#regions.not(answers), blocked), (value) => value * LACKS_MODEL);
    return this.#regions.else(candidate, lacksModel);
  }

  #provider(id: ProviderId): CompiledProvider {
    const provider = this.reading.policy.providers.find((known) => known.id === id);
    if (provider === undefined) throw new Error("a rule routes to a provider that the policy does not have");
    return provider;
  }

  #appending(id: ProviderId): Operation {
    const known = this.#append.get(id);
    if (known !== undefined) return known;
    const append = operation((chain, standing) => {
      if (chain >= 0 || standing >= 0) return null;
      const { providers, lacksModel } = this.#chains.valueOf(valueIn(chain));
      const now = valueIn(standing);
      const next = {
        providers: now === CANDIDATE ? [...providers, id] : providers,
        lacksModel: lacksModel || now === LACKS_MODEL,
      };
      return terminal(this.#chains.numberOf(next));
    });
    this.#append.set(id, append);
    return append;
  }

  #outcomeOf({ providers, lacksModel }: Chain, effects: Effects): Outcome {
    if (providers.length === 0) {
      return { denial: lacksModel ? "policy.embedding_model_unavailable" : "policy.no_compliant_route" };
    }
    const candidates = providers.map((provider) => ({ provider, zone: this.#provider(provider).zone }));
    return { denial: null, candidates, effects };
  }
}
