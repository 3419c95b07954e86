import type { Price } from "../../core/features.ts";
import { Budget, MAX_STEPS } from "./budget.ts";
import {
  answersAtOnce,
  Field,
  type Found,
  MOST_TOKENS,
  type Numbers,
  type PricedBill,
  sweepsOf,
  USUAL,
} from "./spend-field.ts";

/**
 * Tokens and costs together. A cost is no quantity of its own: it follows from tokens in, tokens out and a price, so two
 * costs of one request can contradict each other. Cells are what conditions and limits can tell apart of
 *
 *     tokens in * input + min(tokens asked for, bound) * choices * output <= a cost
 *
 * over all whole numbers of tokens and answers up to the largest safe integer.
 */

/** One way to reckon a cost, by a price that the policy knows. */
export type Bill = {
  readonly price: Price;
  /** The bound on tokens out; 0 where nothing is written, null where there is no bound. */
  readonly maxOutputTokens: number | null;
  /** Costs in micro-USD that are asked about: whether it is at most that. Ascending. */
  readonly asked: readonly number[];
};

export type SpendCell = {
  /** How many of the token bounds the prompt exceeds. */
  readonly tokens: number;
  /** For each bill how many of the costs asked about it exceeds. */
  readonly costs: readonly number[];
  /** Numbers with these costs, the plainest first; none where none were found and none were shown not to exist. */
  readonly samples: readonly Numbers[];
};

const MICRO = 1_000_000n;
/** Of several answers at once so many are tried where bills are under several bounds. */
const SEVERAL: readonly bigint[] = [1n, 2n, 10n];

/** Ascending by tokens, then by costs. `tokenBounds` ascending: questions of the form "at most so many". */
export function spendCells(
  tokenBounds: readonly number[],
  bills: readonly Bill[],
  budget: Budget = new Budget(MAX_STEPS),
): readonly SpendCell[] {
  const written = bills.filter(isWritten);
  const rows = rowsOf(tokenBounds, bills);
  const cells = fieldOf(rows, written.map(pricedBill), budget).cells();
  return cells.map((found) => cellOf(found, rows, tokenBounds, bills)).toSorted(inOrder);
}

function cellOf(
  { row, costs, samples }: Found,
  rows: readonly bigint[],
  tokenBounds: readonly number[],
  bills: readonly Bill[],
): SpendCell {
  const from = row === 0 ? 0n : (rows[row - 1] ?? 0n) + 1n;
  const exceeded = (bounds: readonly bigint[]) => bounds.filter((bound) => bound < from).length;
  const written = costs.values();
  return {
    tokens: exceeded(tokenBounds.map(BigInt)),
    costs: bills.map((bill) => (isWritten(bill) ? (written.next().value ?? 0) : exceeded(endsOf(bill)))),
    samples,
  };
}

const isWritten = ({ price, maxOutputTokens }: Bill): boolean => maxOutputTokens !== 0 && price.output > 0;

const pricedBill = ({ price, maxOutputTokens, asked }: Bill): PricedBill => ({
  input: BigInt(price.input),
  output: BigInt(price.output),
  maxOutputTokens,
  asked,
});

/** The most tokens in that cost no more, where tokens out cost nothing. */
const endsOf = ({ price: { input }, asked }: Bill): readonly bigint[] =>
  asked.map((cost) => (input === 0 ? MOST_TOKENS : (BigInt(cost) * MICRO) / BigInt(input)));

function rowsOf(tokenBounds: readonly number[], bills: readonly Bill[]): readonly bigint[] {
  const ofBills = bills.flatMap((bill) => (isWritten(bill) ? [] : endsOf(bill)));
  const rows = new Set([...tokenBounds.map(BigInt), ...ofBills].filter((bound) => bound < MOST_TOKENS));
  return [...rows].toSorted((one, other) => (one < other ? -1 : 1));
}

/**
 * Bills under one bound share their tokens out, and all their cells are found. Under several bounds those are found that
 * a few answers at once show; the rest of what each bound allows by itself may be there.
 */
function fieldOf(rows: readonly bigint[], bills: readonly PricedBill[], budget: Budget): Field {
  const bounds = [...new Set(bills.map(({ maxOutputTokens }) => maxOutputTokens))];
  const groups = bounds.map((bound) => {
    const members = bills.flatMap((bill, index) => (bill.maxOutputTokens === bound ? [index] : []));
    const own = bills.filter(({ maxOutputTokens }) => maxOutputTokens === bound);
    const field = new Field(rows, own, budget);
    field.findAll(bound);
    return { members, field };
  });
  const [first] = groups;
  if (groups.length === 1 && first !== undefined) return first.field;
  const whole = new Field(rows, bills, budget);
  whole.walk(USUAL);
  const finite = bounds.flatMap((bound) => (bound === null ? [] : [BigInt(bound)]));
  for (const choices of groups.length === 0 ? [] : SEVERAL) {
    for (const sweep of sweepsOf(choices, finite)) whole.follow(sweep);
  }
  if (groups.length > 0) whole.follow(answersAtOnce);
  whole.addPossible(joined(bills, groups, budget));
  return whole;
}

type Group = { readonly members: readonly number[]; readonly field: Field };

/** What each group allows by itself, less what contradicts that more tokens, or higher prices, cost no less. */
function joined(bills: readonly PricedBill[], groups: readonly Group[], budget: Budget): readonly Found[] {
  let cells: readonly Found[] = [];
  for (const [index, { members, field }] of groups.entries()) {
    const own = field.cells().map(({ row, costs }) => {
      const placed = bills.map(() => -1);
      for (const [at, member] of members.entries()) placed[member] = costs[at] ?? 0;
      return { row, costs: placed, samples: [] };
    });
    const byRow = Map.groupBy(own, ({ row }) => row);
    cells =
      index === 0
        ? own
        : cells.flatMap((left) => {
            const beside = byRow.get(left.row) ?? [];
            budget.spend(beside.length * bills.length);
            return beside.flatMap((right) => both(left, right, bills));
          });
  }
  return cells;
}

function both(left: Found, right: Found, bills: readonly PricedBill[]): readonly Found[] {
  const costs = left.costs.map((cost, index) => (cost < 0 ? (right.costs[index] ?? -1) : cost));
  const isInOrder = (low: PricedBill, high: PricedBill, i: number, j: number): boolean => {
    const [lower, upper] = [costs[i] ?? -1, costs[j] ?? -1];
    if (lower < 0 || upper < 0) return true;
    const least = lower === 0 ? 0 : (low.asked[lower - 1] ?? 0) + 1;
    return least <= (high.asked[upper] ?? Number.POSITIVE_INFINITY);
  };
  const isSound = bills.every((low, i) => bills.every((high, j) => !isBelow(low, high) || isInOrder(low, high, i, j)));
  return isSound ? [{ row: left.row, costs, samples: [] }] : [];
}

const isBelow = (low: PricedBill, high: PricedBill): boolean =>
  low !== high &&
  low.input <= high.input &&
  low.output <= high.output &&
  (high.maxOutputTokens === null || (low.maxOutputTokens !== null && low.maxOutputTokens <= high.maxOutputTokens));

function inOrder(one: SpendCell, other: SpendCell): number {
  const [left, right] = [
    [one.tokens, ...one.costs],
    [other.tokens, ...other.costs],
  ] as const;
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
