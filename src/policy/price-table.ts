import { calcPrice, type ModelPrice, type PriceCalculation, type PriceOptions } from "@pydantic/genai-prices";
import { LOCAL_ZONE } from "../core/decision.ts";
import type { Price } from "../core/features.ts";
import type { PolicyDocument, ProviderBody } from "./document.ts";

const MICROS_PER_UNIT = 1_000_000;
/** Prices are decimals of few places; below these lies only what binary fractions add. */
const NANOS_PER_MICRO = 1_000;
/** Any date will do: it only keeps the package from asking the clock, and no price depends on it here. */
const SOME_DATE = new Date(0);

/**
 * What a model costs by the price table of the package, whose version is pinned: nothing is ever downloaded. Names are
 * matched as the package matches them, dated variants too: as OpenAI's, else as those of the one maker whose models are
 * so called. Null where the table does not know the model, or knows no price by tokens.
 *
 * Only tokens of text count. Of prices that depend on the length of a prompt or on the time of day the highest holds, of
 * those that follow each other the last, and discounts for cached tokens do not count: an estimate is rather too high.
 */
export function defaultPrice(model: string): Price | null {
  const remembered = looked.get(model);
  if (remembered !== undefined) return remembered;
  const price = lookUp(model);
  if (looked.size >= MAX_LOOKED) looked.clear();
  looked.set(model, price);
  return price;
}

/** A look-up tries some hundred patterns, and requests ask for the same few models. */
const looked = new Map<string, Price | null>();
const MAX_LOOKED = 1_000;

/** Where the package knows who answers at an address, their price of the model holds before that of its maker. */
function priceAt(baseUrl: string, model: string): Price | null {
  const found = find(model, { providerApiUrl: baseUrl });
  return (found === null ? null : priceOf(found)) ?? defaultPrice(model);
}

function lookUp(model: string): Price | null {
  const found = find(model, { providerId: "openai" }) ?? find(model, {});
  return found === null ? null : priceOf(found);
}

function find(model: string, by: Pick<PriceOptions, "providerId" | "providerApiUrl">): PriceCalculation | null {
  return calcPrice({}, model, { timestamp: SOME_DATE, ...by });
}

function priceOf(found: PriceCalculation): Price | null {
  const prices = lasting(found.model.prices);
  const input = highest(prices, "input_mtok");
  // Embeddings have no output to be paid for.
  return input === null ? null : { input, output: highest(prices, "output_mtok") ?? 0 };
}

/** The last by date, and those for times of the day. */
function lasting(prices: PriceCalculation["model"]["prices"]): readonly ModelPrice[] {
  if (!Array.isArray(prices)) return [prices];
  const last = prices.findLastIndex(({ constraint }) => constraint?.type !== "time_of_date");
  return prices
    .filter(({ constraint }, at) => at === last || constraint?.type === "time_of_date")
    .map((one) => one.prices);
}

/** In micro-USD for a million tokens, rounded up. */
function highest(prices: readonly ModelPrice[], key: "input_mtok" | "output_mtok"): number | null {
  const given = prices.flatMap((one) => {
    const price = one[key];
    if (price === undefined) return [];
    return typeof price === "number" ? [price] : [price.base, ...price.tiers.map((tier) => tier.price)];
  });
  if (given.length === 0) return null;
  return Math.ceil(Math.round(Math.max(...given) * MICROS_PER_UNIT * NANOS_PER_MICRO) / NANOS_PER_MICRO);
}

/**
 * The document with prices for the models that it names and does not price itself, where the table knows them. Providers
 * in the local zone are left alone: what has no price there is free. The result is what the policy's hash is made of, so
 * that a new table is a new policy.
 */
export function fillPrices(document: PolicyDocument): PolicyDocument {
  const given = document.prices ?? {};
  const filled = Object.entries(document.providers).flatMap(([id, provider]): [string, PricesOfProvider][] => {
    const prices = pricesOf(provider, ownOf(given, id) ?? {});
    return Object.keys(prices).length === 0 ? [] : [[id, prices]];
  });
  // Whatever the document prices for others is not this function's to judge.
  const all = { ...given, ...Object.fromEntries(filled) };
  return Object.keys(all).length === 0 ? document : { ...document, prices: all };
}

type PricesOfProvider = NonNullable<PolicyDocument["prices"]>[string];

function pricesOf(provider: ProviderBody, given: PricesOfProvider): PricesOfProvider {
  if (provider.zone === LOCAL_ZONE) return given;
  const added = modelsOf(provider).flatMap((model): [string, Price][] => {
    const price = Object.hasOwn(given, model) ? null : priceAt(provider.base_url, model);
    return price === null ? [] : [[model, price]];
  });
  return { ...given, ...Object.fromEntries(added) };
}

/** In the order of their names, so that the order of a file is nothing to the result. */
function modelsOf({ default_model, default_embedding_model, models, wishes }: ProviderBody): readonly string[] {
  const named = [
    default_model,
    ...(default_embedding_model === undefined ? [] : [default_embedding_model]),
    ...Object.keys(models ?? {}),
    ...Object.values(wishes ?? {}),
  ];
  return [...new Set(named)].toSorted();
}

const ownOf = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
