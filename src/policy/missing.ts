import { LOCAL_ZONE } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { answeringModel, modelForWish, modelInstead } from "./answering-model.ts";
import { ANYTHING, FALSE, type Facts, TRUE, UNKNOWN, type Value } from "./atoms.ts";
import type { CompiledProvider, DecidablePolicy } from "./compiled.ts";
import type { Atom, Choice, Quantity } from "./condition.ts";
import { BEYOND_ANY_BOUND, estimatedCostMicros, FREE, priceOf } from "./cost.ts";
import { type Asker, factsOf, isUnread } from "./facts.ts";
import type { Program } from "./program.ts";

/** Both ends of what is possible: where every atom fails that may fail, and where every atom holds that may hold. */
type Ends = { readonly lowest: Facts; readonly highest: Facts };

/** Keys of what is missing of a request's features; `decidePartially` says which there are. */
export type Missing = ReadonlySet<string>;

export function endsOf(program: Program, features: Features, missing: Missing, asker: Asker): Ends {
  const facts = factsOf(program, features, asker);
  const least: Record<Quantity, number> = { ...facts.toAtLeast };
  const most: Record<Quantity, number> = { ...facts.toAtMost };
  if (missing.has("prompt_tokens")) {
    least.prompt_tokens = 0;
    most.prompt_tokens = BEYOND_ANY_BOUND;
  }
  if (program.asksCost) {
    const cost = highestCosts(program.policy, features, missing);
    least.estimated_cost_micros = cost.least;
    most.estimated_cost_micros = cost.most;
  }
  const unread = isUnread(program.policy, features);
  const unfound = !unread ? FALSE : asker === "constraint" ? UNKNOWN : TRUE;
  return {
    lowest: { ...replaced(program, facts, missing, unfound, null), toAtLeast: least, toAtMost: most },
    highest: { ...replaced(program, facts, missing, TRUE, ANYTHING), toAtLeast: most, toAtMost: least },
  };
}

const LABEL_KEY = "label:";

function replaced(program: Program, facts: Facts, missing: Missing, truth: number, value: Value): Facts {
  const signals = new Uint8Array(facts.signals);
  for (const [signal, index] of program.signals) {
    if (missing.has(`signal:${signal}`)) signals[index] = truth;
  }
  const choices: Record<Choice, Value> = { ...facts.choices };
  if (missing.has("model")) choices.model = value;
  if (missing.has("requested_provider")) choices.requested_provider = value;
  const labels: Record<string, Value> = { ...facts.labels };
  for (const key of missing) if (key.startsWith(LABEL_KEY)) labels[key.slice(LABEL_KEY.length)] = value;
  return { ...facts, signals, choices, labels };
}

/** All models that a provider may answer with; null where that may be any at all. */
export function possibleModels(
  provider: CompiledProvider,
  features: Features,
  missing: Missing,
): readonly (string | null)[] | null {
  const { id, declared } = provider;
  const instead = modelInstead(provider, features.task);
  const offered = missing.has(`offered_by:${id}`) ? null : features.offeredBy.includes(id);
  if (missing.has("model")) {
    const unwished = answeringModel(provider, { ...features, wish: "auto", model: null });
    if (offered === false) return unique([instead, unwished]);
    return declared === null ? null : unique([...declared.keys(), instead, unwished]);
  }
  if (offered === null && features.wish === "known" && features.model !== null) {
    return unique([modelForWish(provider, features.model) ?? instead, instead]);
  }
  return [answeringModel(provider, features)];
}

const unique = <T>(list: readonly T[]): readonly T[] => [...new Set(list)];

/**
 * The request as it would cost and need least, and most, if `model` answered. More tokens and a higher price exclude
 * all that fewer and a lower one do, so what both ends say holds for everything between them.
 */
export function extremesOf(features: Features, missing: Missing, model: string | null): readonly [Features, Features] {
  const lacksTokens = missing.has("prompt_tokens");
  const lacksWish = missing.has("model");
  const lacksPrice = lacksWish || missing.has("wish_price");
  const cheapest: Features = {
    ...features,
    ...(lacksTokens ? { promptTokens: 0 } : {}),
    ...(lacksWish && model !== null ? { wish: "known", model } : {}),
    ...(lacksPrice ? { wishPrice: FREE } : {}),
  };
  const dearest: Features = {
    ...features,
    ...(lacksTokens ? { promptTokens: null } : {}),
    ...(lacksWish ? { wish: "other", model: null } : {}),
    ...(lacksPrice ? { wishPrice: null } : {}),
  };
  return [cheapest, dearest];
}

type Range = { readonly least: number; readonly most: number };

function highestCosts(policy: DecidablePolicy, features: Features, missing: Missing): Range {
  const costs = policy.providers.map((provider) => costsOf(provider, policy, features, missing));
  return {
    least: Math.max(0, ...costs.map(({ least }) => least)),
    most: Math.max(0, ...costs.map(({ most }) => most)),
  };
}

function costsOf(provider: CompiledProvider, { limits }: DecidablePolicy, features: Features, missing: Missing): Range {
  const models = possibleModels(provider, features, missing);
  const isFree = provider.zone === LOCAL_ZONE && provider.prices.size === 0;
  if (models === null) return { least: 0, most: isFree ? 0 : BEYOND_ANY_BOUND };
  const costs = models.flatMap((model) =>
    model === null
      ? [0]
      : extremesOf(features, missing, model).map((request) =>
          estimatedCostMicros(priceOf(provider, model, request), request, limits.maxOutputTokens),
        ),
  );
  return { least: Math.min(...costs), most: Math.max(...costs) };
}

/** What has to be known for an atom to have an answer. */
export function keysOf(atom: Atom, { providers }: DecidablePolicy): readonly string[] {
  switch (atom.kind) {
    case "signal":
      return [`signal:${atom.signal}`];
    case "label":
      return [`${LABEL_KEY}${atom.label}`];
    case "number":
      if (atom.of === "estimated_cost_micros") return providers.flatMap(({ id }) => keysOfRoute(id));
      return [atom.of];
    case "choice":
      return [atom.of];
    case "flag":
      return [];
  }
}

/** What has to be known to tell with which model, and whether, a provider may answer. */
export const keysOfRoute = (provider: string): readonly string[] => [
  `offered_by:${provider}`,
  "model",
  "wish_price",
  "prompt_tokens",
];
