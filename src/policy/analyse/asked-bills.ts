import type { Price } from "../../core/features.ts";
import type { CompiledPolicy, CompiledProvider } from "../compiled.ts";
import { type Answer, answerOf, type Wish } from "./answers.ts";
import { ascending, type Questions, rulesOf } from "./questions.ts";

/** One way to reckon the cost of answers. `wished`: by the wished model's own price, which the policy does not know. */
export type Reckoning = {
  readonly embeds: boolean;
  readonly price: Price | "wished";
  /** The bound on tokens out; 0 where nothing is written, null where there is no bound. */
  readonly maxOutputTokens: number | null;
};
export type AskedReckoning = Reckoning & { readonly asked: readonly number[] };

/** Null where the cost is known without it: there is no price, or it costs nothing. Equal reckonings have equal keys. */
export function reckoningOf({ price }: Answer, embeds: boolean, maxOutputTokens: number | null): Reckoning | null {
  if (price === null) return null;
  if (price === "wished") return { embeds, price, maxOutputTokens: embeds ? 0 : maxOutputTokens };
  const output = embeds ? 0 : price.output;
  if (price.input === 0 && output === 0) return null;
  return { embeds, price: { input: price.input, output }, maxOutputTokens: output === 0 ? 0 : maxOutputTokens };
}

export const keyOfReckoning = ({ embeds, price, maxOutputTokens }: Reckoning): string =>
  JSON.stringify([embeds, price, maxOutputTokens]);

/** What conditions and limits ask about costs, bill by bill. */
export function askedBills(
  policies: readonly CompiledPolicy[],
  models: readonly (readonly Wish[])[],
  questions: Questions,
): readonly AskedReckoning[] {
  const bills = new Map<string, { readonly bill: Reckoning; readonly asked: number[] }>();
  const ask = (answer: Answer, embeds: boolean, bound: number | null, asked: readonly number[]): void => {
    const bill = reckoningOf(answer, embeds, bound);
    if (bill === null || asked.length === 0) return;
    const key = keyOfReckoning(bill);
    const known = bills.get(key) ?? { bill, asked: [] };
    known.asked.push(...asked);
    bills.set(key, known);
  };
  const compared = questions.bounds("estimated_cost_micros");
  for (const policy of policies) {
    for (const provider of policy.providers) {
      const own = limitsAt(policy, provider);
      for (const { answer, embeds } of answersOf(policy, provider, models)) {
        ask(answer, embeds, policy.limits.maxOutputTokens, compared);
        for (const [maxOutputTokens, asked] of own) ask(answer, embeds, maxOutputTokens, asked);
      }
    }
  }
  return [...bills]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { bill, asked }]) => ({ ...bill, asked: ascending(asked) }));
}

/** By the bound on tokens out, the most that rules let a provider cost under it. */
function limitsAt(policy: CompiledPolicy, { id }: CompiledProvider): ReadonlyMap<number | null, readonly number[]> {
  const limits = new Map<number | null, readonly number[]>();
  for (const { route, effects } of rulesOf(policy)) {
    const { maxOutputTokens, maxEstimatedCostMicros: limit } = effects;
    if (limit === null || route?.includes(id) !== true) continue;
    limits.set(maxOutputTokens, ascending([...(limits.get(maxOutputTokens) ?? []), limit]));
  }
  return limits;
}

/** What conditions and the contexts of declared models ask about tokens. */
export function askedTokens(policies: readonly CompiledPolicy[], questions: Questions): readonly number[] {
  const contexts = policies.flatMap(({ providers }) =>
    providers.flatMap(({ declared }) =>
      [...(declared?.values() ?? [])].flatMap(({ contextTokens }) => (contextTokens === null ? [] : [contextTokens])),
    ),
  );
  return ascending([...questions.bounds("prompt_tokens"), ...contexts]);
}

type Given = { readonly answer: Answer; readonly embeds: boolean };

function answersOf(
  policy: CompiledPolicy,
  provider: CompiledProvider,
  models: readonly (readonly Wish[])[],
): readonly Given[] {
  const both: readonly boolean[] = [false, true];
  return models.flatMap(([wish]) =>
    both.flatMap((isOffered) =>
      both.flatMap((embeds) => {
        const answer = wish === undefined ? null : answerOf(policy, provider, { wish, isOffered, embeds });
        return answer === null ? [] : [{ answer, embeds }];
      }),
    ),
  );
}
