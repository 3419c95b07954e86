import type { Effects } from "../../core/decision.ts";
import type { CompiledPolicy, CompiledProvider } from "../compiled.ts";
import { type Answer, answerOf, type Wish } from "./answers.ts";
import { keyOfReckoning, reckoningOf } from "./asked-bills.ts";
import type { Axes } from "./axes.ts";
import { type Diagram, FALSE, TRUE } from "./diagram.ts";
import { offeringSide, type Side } from "./wishes.ts";

/** A model that a provider answers with, and where it does. */
export type Provision = { readonly answer: Answer; readonly embeds: boolean; readonly region: Diagram };

type Limits = Pick<Effects, "maxOutputTokens" | "maxEstimatedCostMicros">;

/** What the providers of one policy would answer with, what that costs and what it is fit for. Says nothing of what is allowed. */
export class Provided {
  readonly #axes: Axes;
  readonly #policy: CompiledPolicy;
  readonly #side: Side;
  readonly #provisions = new Map<CompiledProvider, readonly Provision[]>();

  constructor(axes: Axes, policy: CompiledPolicy, side: Side) {
    this.#axes = axes;
    this.#policy = policy;
    this.#side = side;
  }

  /** Apart from each other; what is in none of them is an embedding that it has no model for. */
  by(provider: CompiledProvider): readonly Provision[] {
    const known = this.#provisions.get(provider);
    if (known !== undefined) return known;
    const provisions = [false, true].flatMap((embeds) => this.#for(provider, embeds));
    this.#provisions.set(provider, provisions);
    return provisions;
  }

  /** Where a model may be asked at all: it has what the request needs, room for it, and costs no more than it may. */
  fitFor({ answer, embeds, region }: Provision, limits: Limits): Diagram {
    const { regions } = this.#axes;
    const { tools, images, contextTokens } = answer.facts;
    const unfit = [
      tools === false ? this.#axes.where("form", ([form]) => form?.hasTools === true) : FALSE,
      images === false ? this.#axes.where("form", ([form]) => form?.content === "image") : FALSE,
      contextTokens === null
        ? FALSE
        : this.#axes.whereSpend(({ tokens }, { bounds }) => tokens > bounds.indexOf(contextTokens)),
    ];
    const { maxEstimatedCostMicros: limit, maxOutputTokens } = limits;
    const affordable = limit === null ? TRUE : this.#atMost(limit, answer, embeds, maxOutputTokens);
    return regions.without(regions.and(region, affordable), regions.any(unfit));
  }

  /** Where the provider that would cost most costs no more, under the bound of the policy as a whole. */
  costsAtMost(micros: number): Diagram {
    const { regions } = this.#axes;
    const { maxOutputTokens } = this.#policy.limits;
    const above = this.#policy.providers.flatMap((provider) =>
      this.by(provider).map(({ answer, embeds, region }) =>
        regions.without(region, this.#atMost(micros, answer, embeds, maxOutputTokens)),
      ),
    );
    return regions.not(regions.any(above));
  }

  #atMost(micros: number, answer: Answer, embeds: boolean, maxOutputTokens: number | null): Diagram {
    if (answer.price === null) return FALSE;
    const reckoning = reckoningOf(answer, embeds, maxOutputTokens);
    if (reckoning === null) return TRUE;
    const { price, maxOutputTokens: bound } = reckoning;
    if (price === "wished") {
      return this.#axes.where(
        "wished",
        (costs, { bills }) => isAtMost(costs, bills, (bill) => bill.maxOutputTokens === bound, micros),
        (dimension) => dimension.embeds === embeds,
      );
    }
    const key = keyOfReckoning(reckoning);
    return this.#axes.where(
      "spend",
      ({ costs }, { bills }) => isAtMost(costs, bills, (bill) => keyOfReckoning({ ...bill, embeds }) === key, micros),
      (dimension) => dimension.embeds === embeds,
    );
  }

  #for(provider: CompiledProvider, embeds: boolean): readonly Provision[] {
    const { regions, space } = this.#axes;
    const task = this.#axes.where("form", ([form]) => (form?.task === "embedding") === embeds);
    const found = new Map<string, { readonly answer: Answer; readonly regions: Diagram[] }>();
    for (const isOffered of [false, true]) {
      for (const [side] of space.policies.entries()) {
        const offered = this.#axes.where(
          "offered",
          (cell) => cell,
          (one) => one.provider === provider.id && one.side === side,
        );
        const where = isOffered ? offered : regions.not(offered);
        for (const { wish, cell } of this.#wishes(provider, side)) {
          const answer = answerOf(this.#policy, provider, { wish, isOffered, embeds });
          if (answer === null) continue;
          const key = JSON.stringify(answer);
          const known = found.get(key) ?? { answer, regions: [] };
          known.regions.push(regions.and(cell, where));
          found.set(key, known);
        }
      }
    }
    return [...found.values()].map(({ answer, regions: parts }) => ({
      answer,
      embeds,
      region: regions.and(task, regions.any(parts)),
    }));
  }

  /** Those of which the dimension of one side says whether they are offered. */
  #wishes(provider: CompiledProvider, side: Side): readonly { readonly wish: Wish; readonly cell: Diagram }[] {
    const { policies, dimensions } = this.#axes.space;
    const cells = dimensions.flatMap((dimension) => (dimension.kind === "model" ? dimension.cells : []));
    return cells.flatMap((wishes) => {
      const [wish] = wishes;
      if (wish === undefined || offeringSide(policies, this.#side, provider, wish) !== side) return [];
      return [{ wish, cell: this.#axes.where("model", (other) => other === wishes) }];
    });
  }
}

/** Whether the costs of a cell answer a question with yes. */
function isAtMost<T extends { readonly asked: readonly number[] }>(
  costs: readonly number[],
  bills: readonly T[],
  isMeant: (bill: T) => boolean,
  micros: number,
): boolean {
  const index = bills.findIndex(isMeant);
  const asked = bills[index]?.asked.indexOf(micros) ?? -1;
  if (asked < 0) throw new Error("a space was not cut by a cost that is asked about");
  return (costs[index] ?? 0) <= asked;
}
