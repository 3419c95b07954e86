import type { Usage } from "../core/chat.ts";
import { LOCAL_ZONE } from "../core/decision.ts";
import type { Features, Price } from "../core/features.ts";
import { answeringModel } from "./answering-model.ts";
import type { CompiledProvider, DecidablePolicy } from "./compiled.ts";

/** What a model is assumed to write where the client sets no bound: most answers are shorter. */
export const ASSUMED_OUTPUT_TOKENS = 1_024;

/** What is not known counts as beyond any bound that a policy can set. */
export const BEYOND_ANY_BOUND = Number.MAX_SAFE_INTEGER;

export const FREE: Price = { input: 0, output: 0 };
const TOKENS_PER_PRICE = 1_000_000;

/**
 * What a model costs at a provider; null where nobody knows. The default table is of hosted services, so it says nothing
 * of a local provider, which costs nothing unless the policy says so.
 */
export function priceOf(provider: CompiledProvider, model: string, features: Features): Price | null {
  const price = provider.prices.get(model);
  if (price !== undefined) return price;
  if (provider.zone === LOCAL_ZONE) return FREE;
  return features.wish === "known" && features.model === model ? features.wishPrice : null;
}

/** In micro-USD, rounded up. `maxOutputTokens` is the policy's bound, or null. What is not known is beyond any bound. */
export function estimatedCostMicros(price: Price | null, features: Features, maxOutputTokens: number | null): number {
  if (price === null) return BEYOND_ANY_BOUND;
  const input = features.promptTokens ?? BEYOND_ANY_BOUND;
  const output = outputTokens(features, maxOutputTokens);
  const total = input * price.input + output * features.choices * price.output;
  if (total <= Number.MAX_SAFE_INTEGER) return dividedUp(total);
  return exactly(
    BigInt(input) * BigInt(price.input) + BigInt(output) * BigInt(features.choices) * BigInt(price.output),
  );
}

/** Of the first candidate, as it goes on record; null where there is nothing to reckon with. */
export function reportedCostMicros(
  price: Price | null,
  features: Features,
  maxOutputTokens: number | null,
): number | null {
  if (price === null || (features.promptTokens === null && price.input > 0)) return null;
  return estimatedCostMicros(price, features, maxOutputTokens);
}

/** Of the numbers that a provider reported, in micro-USD, rounded up; null where one is missing that costs something. */
export function usedCostMicros(price: Price | null, usage: Usage, task: Features["task"]): number | null {
  if (price === null) return null;
  const { promptTokens } = usage;
  const completionTokens = task === "embedding" ? 0 : usage.completionTokens;
  if ((promptTokens === null && price.input > 0) || (completionTokens === null && price.output > 0)) return null;
  const [input, output] = [promptTokens ?? 0, completionTokens ?? 0];
  const total = input * price.input + output * price.output;
  if (total <= Number.MAX_SAFE_INTEGER) return dividedUp(total);
  return exactly(BigInt(input) * BigInt(price.input) + BigInt(output) * BigInt(price.output));
}

/** The most that any provider of the policy would cost, whatever is forbidden: what conditions compare. */
export function highestCostMicros({ providers, limits }: DecidablePolicy, features: Features): number {
  let highest = 0;
  for (const provider of providers) {
    const model = answeringModel(provider, features);
    if (model === null) continue;
    const cost = estimatedCostMicros(priceOf(provider, model, features), features, limits.maxOutputTokens);
    if (cost > highest) highest = cost;
  }
  return highest;
}

function outputTokens({ task, maxOutputTokens }: Features, bound: number | null): number {
  if (task === "embedding") return 0;
  const asked = maxOutputTokens ?? ASSUMED_OUTPUT_TOKENS;
  return bound === null ? asked : Math.min(asked, bound);
}

/** By the remainder, which is exact: a quotient of floating point may lose what has to be rounded up. */
function dividedUp(total: number): number {
  const rest = total % TOKENS_PER_PRICE;
  return (total - rest) / TOKENS_PER_PRICE + (rest > 0 ? 1 : 0);
}

function exactly(total: bigint): number {
  const divisor = BigInt(TOKENS_PER_PRICE);
  const micros = (total + divisor - 1n) / divisor;
  return micros > BigInt(BEYOND_ANY_BOUND) ? BEYOND_ANY_BOUND : Number(micros);
}
