import type { Price } from "../../core/features.ts";
import { Budget, MAX_STEPS } from "./budget.ts";
import { type Numbers, tokensOut } from "./spend-field.ts";

/**
 * What the wished model costs where the policy has no price for it. Any price may be its own, so it hardly depends on what
 * the same tokens cost elsewhere, and has a dimension of its own.
 */
export type WishedBill = {
  /** 0 where nothing is written. */
  readonly maxOutputTokens: number | null;
  /** Costs in micro-USD that are asked about, ascending. */
  readonly asked: readonly number[];
};

const MICRO = 1_000_000n;
const MOST_PRICE = BigInt(Number.MAX_SAFE_INTEGER);
/** With so many tokens at most there is a price for every cost, since prices are for a million; if it is not too high. */
const FINE = 1_000_000n;

/**
 * For each bill how many of the costs asked about it exceeds: all that does not contradict that more tokens cost no less.
 * Ascending; in the last it exceeds all, as it does where nobody knows the price.
 */
export function wishedCells(
  bills: readonly WishedBill[],
  budget: Budget = new Budget(MAX_STEPS),
): readonly (readonly number[])[] {
  const order = bills
    .map((bill, index) => ({ ...bill, index, bound: bill.maxOutputTokens ?? Number.POSITIVE_INFINITY }))
    .toSorted((one, other) => one.bound - other.bound);
  let partial: readonly { readonly costs: readonly number[]; readonly least: number }[] = [
    { costs: bills.map(() => 0), least: 0 },
  ];
  for (const { asked, index } of order) {
    budget.spend(partial.length * (asked.length + 1));
    partial = partial.flatMap(({ costs, least }) =>
      [...asked, Number.POSITIVE_INFINITY].flatMap((most, cost) => {
        const lower = Math.max(least, cost === 0 ? 0 : (asked[cost - 1] ?? 0) + 1);
        return lower <= most ? [{ costs: costs.with(index, cost), least: lower }] : [];
      }),
    );
  }
  return partial.map(({ costs }) => costs).toSorted(inOrder);
}

/** Numbers of a cell and a price by which they cost so much; null for the price where it must be unknown. */
export function wishedSpending(
  samples: readonly Numbers[],
  bills: readonly WishedBill[],
  costs: readonly number[],
): { readonly numbers: Numbers; readonly price: Price | null } | null {
  const [plainest] = samples;
  if (plainest === undefined) return null;
  if (bills.every(({ asked }, index) => costs[index] === asked.length)) return { numbers: plainest, price: null };
  for (const numbers of samples) {
    const price = pricesFor(numbers, bills).find((one) =>
      bills.every((bill, index) => exceeded(bill, one, numbers) === costs[index]),
    );
    if (price !== undefined) return { numbers, price };
  }
  return null;
}

/**
 * The cells for which `wishedSpending` finds something, as far as the budget goes: where it ends, more cells may have
 * requests than are told.
 */
export function wishedReach(
  samples: readonly Numbers[],
  bills: readonly WishedBill[],
  budget: Budget,
): (costs: readonly number[]) => boolean {
  const found = new Set(samples.length === 0 ? [] : [bills.map(({ asked }) => asked.length).join()]);
  for (const numbers of samples) {
    for (const price of budget.isSpent ? [] : pricesFor(numbers, bills)) {
      if (budget.isSpent) break;
      budget.take(bills.length);
      found.add(bills.map((bill) => exceeded(bill, price, numbers)).join());
    }
  }
  return (costs) => found.has(costs.join());
}

/** Whether it surely can cost anything, without a search. */
export function canCostAnything(samples: readonly Numbers[], bills: readonly WishedBill[]): boolean {
  const [bill, ...others] = bills;
  if (bill === undefined) return samples.length > 0;
  const dearest = BigInt(bill.asked.at(-1) ?? 0) * MICRO;
  const isFine = (tokens: bigint) => tokens > 0n && tokens <= FINE && dearest / tokens <= MOST_PRICE;
  return (
    others.length === 0 &&
    samples.some((numbers) => isFine(numbers.tokens) || isFine(tokensOut(numbers, bill.maxOutputTokens)))
  );
}

/** Prices that bring some bill just to something asked about, or just above it. */
function pricesFor(numbers: Numbers, bills: readonly WishedBill[]): readonly Price[] {
  const asked = [...new Set(bills.flatMap((bill) => bill.asked))].map((cost) => BigInt(cost) * MICRO);
  const outs = [...new Set(bills.map(({ maxOutputTokens }) => tokensOut(numbers, maxOutputTokens)))];
  return around(asked, numbers.tokens, 0n).flatMap((input) => {
    const outputs = new Set([0n, ...outs.flatMap((out) => around(asked, out, input * numbers.tokens))]);
    return [...outputs].map((output) => ({ input: Number(input), output: Number(output) }));
  });
}

function around(asked: readonly bigint[], tokens: bigint, spent: bigint): readonly bigint[] {
  if (tokens === 0n) return [0n];
  const just = asked
    .filter((cost) => cost >= spent)
    .flatMap((cost) => [(cost - spent) / tokens, (cost - spent) / tokens + 1n]);
  return [...new Set([0n, ...just])].filter((price) => price <= MOST_PRICE);
}

function exceeded({ maxOutputTokens, asked }: WishedBill, price: Price, numbers: Numbers): number {
  const total = numbers.tokens * BigInt(price.input) + tokensOut(numbers, maxOutputTokens) * BigInt(price.output);
  return asked.filter((cost) => total > BigInt(cost) * MICRO).length;
}

function inOrder(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((cost, index) => cost !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
