import { ASSUMED_OUTPUT_TOKENS, BEYOND_ANY_BOUND } from "../cost.ts";
import type { Budget } from "./budget.ts";

/** What an answer costs at a price that the policy knows; see `spend.ts`. */
export type PricedBill = {
  readonly input: bigint;
  readonly output: bigint;
  readonly maxOutputTokens: number | null;
  readonly asked: readonly number[];
};

/** Answers asked for at once, and the tokens asked for in each. */
export type Answers = { readonly asked: bigint; readonly choices: bigint };
export type Numbers = Answers & { readonly tokens: bigint };

/** Numbers that no question tells apart. */
export type Found = {
  /** How many of the bounds on tokens in are exceeded. */
  readonly row: number;
  /** For each bill how many of its questions have the answer no. */
  readonly costs: readonly number[];
  /** None where nobody knows whether there are such numbers. */
  readonly samples: readonly Numbers[];
};

/** `input * tokens in + output * x <= bound`, where `x` grows with tokens out. */
type Line = { readonly input: bigint; readonly output: bigint; readonly bound: bigint };
/** A line with the place that counts its answers: -1 for rows, else that of its bill. */
type Placed = Line & { readonly place: number };

/** The first tokens out to try, the last, and what they are asked for by. */
type Sweep = {
  readonly from: bigint;
  readonly to: bigint;
  readonly lineOf: (bill: PricedBill, cost: number) => Line;
  readonly answersOf: (at: bigint) => Answers;
};

/** A strip narrower than a token is searched so far for whole numbers in it. */
const SEARCHED = 2_000n;
const MAX_SAMPLES = 3;
/** Of the prompts that are shortest a plain one first, then one that some price makes dear. */
const FEW: readonly bigint[] = [5n, 1_000n, 1n, 0n];
const MICRO = 1_000_000n;
export const MOST_TOKENS = BigInt(BEYOND_ANY_BOUND);
export const USUAL: Answers = { asked: BigInt(ASSUMED_OUTPUT_TOKENS), choices: 1n };

/** The plane of tokens in and tokens out, cut by bounds on tokens in and by questions about bills. */
export class Field {
  readonly #rows: readonly bigint[];
  readonly #bills: readonly PricedBill[];
  readonly #cells = new Map<string, Found & { readonly samples: Numbers[] }>();
  readonly #budget: Budget;

  constructor(rows: readonly bigint[], bills: readonly PricedBill[], budget: Budget) {
    this.#rows = rows;
    this.#bills = bills;
    this.#budget = budget;
  }

  cells(): readonly Found[] {
    return [...this.#cells.values()];
  }

  /**
   * Finds every cell that tokens out under one bound can reach. Between two numbers where lines cross their order is one,
   * and each two that are next to each other hold a cell between them. Where none was found that strip is narrower than a
   * token: it is searched, and what is still not found may be there.
   */
  findAll(bound: number | null): void {
    const sweep = plainSweep(bound);
    const lines = this.#lines(sweep);
    const critical = this.#criticalOf(lines, sweep);
    this.walk(USUAL);
    for (const at of critical) this.walk(sweep.answersOf(at));
    const possible: Found[] = [];
    for (const [index, from] of critical.entries()) {
      const to = critical[index + 1];
      if (to === undefined || to - from < 2n) continue;
      for (const { found, lower, upper } of this.#strips(lines, (from + to) / 2n)) {
        if (this.#cells.has(keyOf(found))) continue;
        this.#budget.spend(Number(SEARCHED) / 10);
        const at = searchStrip(lower, upper, from, to);
        if (at !== null) this.walk(sweep.answersOf(at));
        else if (to - from > SEARCHED) possible.push(found);
      }
    }
    this.addPossible(possible);
  }

  /** Finds what lies where lines cross, along one way for bills under several bounds to grow together. */
  follow(sweep: Sweep): void {
    for (const at of this.#criticalOf(this.#lines(sweep), sweep)) this.walk(sweep.answersOf(at));
  }

  /** Finds every cell with so many tokens out. */
  walk(answers: Answers): void {
    const ends = this.#bills.map((bill) => endsOf(bill, tokensOut(answers, bill.maxOutputTokens)));
    const starts = [0n, ...[...this.#rows, ...ends.flat()].filter(isCut).map((end) => end + 1n)].toSorted(ascending);
    const costs = ends.map(() => 0);
    let row = 0;
    this.#budget.spend(starts.length);
    for (const [index, tokens] of starts.entries()) {
      const next = starts[index + 1] ?? MOST_TOKENS + 1n;
      if (next === tokens) continue;
      row = countBelow(this.#rows, tokens, row);
      for (const [place, own] of ends.entries()) costs[place] = countBelow(own, tokens, costs[place] ?? 0);
      this.#add({ row, costs, samples: [] }, tokens === 0n ? FEW : [tokens, tokens + 1_000n], next, answers);
    }
  }

  /** Cells that may be there although no sample is known. */
  addPossible(cells: readonly Found[]): void {
    for (const { row, costs } of cells) {
      const key = keyOf({ row, costs });
      if (!this.#cells.has(key)) this.#cells.set(key, { row, costs, samples: [] });
    }
  }

  #lines({ lineOf }: Sweep): readonly Placed[] {
    const ofBills = this.#bills.flatMap((bill, place) => bill.asked.map((cost) => ({ ...lineOf(bill, cost), place })));
    return [...this.#rows.map((bound) => ({ input: 1n, output: 0n, bound, place: -1 })), ...ofBills];
  }

  /** Cells between neighbours along tokens in, as if tokens were no whole numbers; lines that are the same are one. */
  #strips(lines: readonly Placed[], at: bigint): readonly { found: Found; lower: Line; upper: Line }[] {
    const left = ({ output, bound }: Line) => bound - output * at;
    const ahead = lines.filter((line) => line.input > 0n && left(line) >= 0n);
    const sorted = ahead.toSorted((one, other) => ascending(left(one) * other.input, left(other) * one.input));
    const costs = this.#bills.map(() => 0);
    for (const line of lines) if (line.place >= 0 && left(line) < 0n) costs[line.place] = (costs[line.place] ?? 0) + 1;
    let row = 0;
    return sorted.flatMap((lower, index) => {
      if (lower.place < 0) row++;
      else costs[lower.place] = (costs[lower.place] ?? 0) + 1;
      const upper = sorted[index + 1];
      if (upper === undefined || left(lower) * upper.input === left(upper) * lower.input) return [];
      return [{ found: { row, costs: [...costs], samples: [] }, lower, upper }];
    });
  }

  #add(found: Found, tokens: readonly bigint[], before: bigint, answers: Answers): void {
    const key = keyOf(found);
    const known = this.#cells.get(key) ?? { row: found.row, costs: [...found.costs], samples: [] };
    this.#cells.set(key, known);
    for (const one of tokens) {
      if (one < before && known.samples.length < MAX_SAMPLES) known.samples.push({ ...answers, tokens: one });
    }
  }

  /** Each two lines are compared, which takes a part of a step. */
  #criticalOf(lines: readonly Line[], sweep: Sweep): readonly bigint[] {
    this.#budget.spend(lines.length ** 2 / 4);
    return criticalOf(lines, sweep);
  }
}

/** All tokens out that there can be, in the plainest way under a bound that all bills share. */
const plainSweep = (bound: number | null): Sweep => ({ ...answersAtOnce, answersOf: (at) => answersFor(at, bound) });

/** So many answers with more and more tokens asked for in each, from one bound to the next. */
export function sweepsOf(choices: bigint, bounds: readonly bigint[]): readonly Sweep[] {
  const ends = [0n, ...bounds.toSorted(ascending), MOST_TOKENS / choices];
  return ends.slice(1).map((to, index) => {
    const from = (ends[index] ?? 0n) + 1n;
    const lineOf = ({ input, output, maxOutputTokens }: PricedBill, cost: number): Line => {
      const bound = BigInt(cost) * MICRO;
      if (maxOutputTokens === null || BigInt(maxOutputTokens) >= to) return { input, output: output * choices, bound };
      return { input, output: 0n, bound: bound - output * choices * BigInt(maxOutputTokens) };
    };
    return { from, to, lineOf, answersOf: (asked) => ({ asked, choices }) };
  });
}

/** More and more answers with one token asked for in each, which no bound makes fewer. */
export const answersAtOnce: Sweep = {
  from: 1n,
  to: MOST_TOKENS,
  lineOf: ({ input, output }, cost) => ({ input, output, bound: BigInt(cost) * MICRO }),
  answersOf: (choices) => ({ asked: 1n, choices }),
};

/** Where the order of lines along tokens in may change, with the whole numbers on both sides. */
function criticalOf(lines: readonly Line[], { from, to }: Sweep): readonly bigint[] {
  const real = lines.flatMap((line, index) => {
    if (line.bound < 0n) return [];
    const alone = line.output > 0n ? [line.bound / line.output] : [];
    return [...alone, ...lines.slice(index + 1).flatMap((other) => crossing(line, other))];
  });
  const whole = new Set([from, to, ...real.flatMap((at) => [at, at + 1n])].filter((at) => at >= from && at <= to));
  return [...whole].toSorted(ascending);
}

const keyOf = ({ row, costs }: Pick<Found, "row" | "costs">): string => `${row} ${costs.join(" ")}`;
const ascending = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0);
const isCut = (end: bigint): boolean => end >= 0n && end < MOST_TOKENS;

function countBelow(ends: readonly bigint[], tokens: bigint, known: number): number {
  let count = known;
  while (count < ends.length && (ends[count] ?? tokens) < tokens) count++;
  return count;
}

export function tokensOut({ asked, choices }: Answers, bound: number | null): bigint {
  const each = bound === null || asked < BigInt(bound) ? asked : BigInt(bound);
  return each * choices;
}

/** For each question the most tokens in with the answer yes; -1 where there are none. */
function endsOf({ input, output, asked }: PricedBill, out: bigint): readonly bigint[] {
  return asked.map((cost) => {
    const left = BigInt(cost) * MICRO - output * out;
    if (left < 0n) return -1n;
    return input === 0n ? MOST_TOKENS : left / input;
  });
}

/** Rounded down; none for lines that are parallel or cross where there are no tokens. */
function crossing(one: Line, other: Line): readonly bigint[] {
  const slope = one.output * other.input - other.output * one.input;
  if (slope === 0n) return [];
  const rise = one.bound * other.input - other.bound * one.input;
  if (rise !== 0n && rise > 0n !== slope > 0n) return [];
  const at = rise / slope;
  return one.output * at > one.bound && other.output * at > other.bound ? [] : [at];
}

function searchStrip(lower: Line, upper: Line, from: bigint, to: bigint): bigint | null {
  const end = ({ input, output, bound }: Line, at: bigint) => (bound - output * at) / input;
  for (let at = from + 1n; at < to && at <= from + SEARCHED; at++) {
    if (end(lower, at) < end(upper, at)) return at;
  }
  return null;
}

/** The plainest way to so many tokens out under a bound: one answer if it can be, as few as are found if not. */
function answersFor(out: bigint, bound: number | null): Answers {
  if (bound === null || out <= BigInt(bound)) return { asked: out, choices: 1n };
  for (let choices = 2n; choices <= 16n; choices++) {
    if (out % choices === 0n && out / choices <= BigInt(bound)) return { asked: out / choices, choices };
  }
  return { asked: 1n, choices: out };
}
