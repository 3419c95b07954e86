import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../../src/policy/analyse/budget.ts";
import { type Bill, spendCells } from "../../../../src/policy/analyse/spend.ts";
import { MOST_TOKENS, type Numbers, tokensOut } from "../../../../src/policy/analyse/spend-field.ts";
import { canCostAnything, wishedCells, wishedReach, wishedSpending } from "../../../../src/policy/analyse/wished.ts";

const ascending = (of: fc.Arbitrary<number>, maxLength: number) =>
  fc.uniqueArray(of, { minLength: 1, maxLength }).map((list) => list.toSorted((one, other) => one - other));

const price = fc.record({
  input: fc.constantFrom(0, 1, 150_000, 1_000_000, 3_000_000),
  output: fc.constantFrom(0, 600_000, 1_000_001, 60_000_000),
});
const bill: fc.Arbitrary<Bill> = fc.record({
  price,
  maxOutputTokens: fc.constantFrom(null, 1, 100, 2_000),
  asked: ascending(fc.constantFrom(0, 1, 2, 5, 100, 101, 10_000), 3),
});
const bounds = ascending(fc.constantFrom(0, 1, 10, 1_000, 4_096), 3);
const numbers: fc.Arbitrary<Numbers> = fc.record({
  tokens: fc.oneof(fc.bigInt(0n, 5_000n), fc.bigInt(0n, 10_000_000n), fc.constant(MOST_TOKENS)),
  asked: fc.oneof(fc.bigInt(1n, 200n), fc.bigInt(1n, 100_000n)),
  choices: fc.constantFrom(1n, 1n, 2n, 7n),
});

const costOf = ({ price: { input, output }, maxOutputTokens }: Bill, of: Numbers): bigint =>
  of.tokens * BigInt(input) + tokensOut(of, maxOutputTokens) * BigInt(output);

const placeOf = (tokenBounds: readonly number[], bills: readonly Bill[], of: Numbers) => ({
  tokens: tokenBounds.filter((bound) => BigInt(bound) < of.tokens).length,
  costs: bills.map((one) => one.asked.filter((cost) => costOf(one, of) > BigInt(cost) * 1_000_000n).length),
});

describe("tokens and costs", () => {
  test("all numbers have a cell", () => {
    fc.assert(
      fc.property(
        bounds,
        fc.array(bill, { maxLength: 4 }),
        fc.array(numbers, { minLength: 20 }),
        (rows, bills, all) => {
          const cells = new Set(spendCells(rows, bills).map(({ tokens, costs }) => JSON.stringify({ tokens, costs })));
          for (const one of all) expect(cells.has(JSON.stringify(placeOf(rows, bills, one)))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("every sample of a cell lies in it", () => {
    fc.assert(
      fc.property(bounds, fc.array(bill, { maxLength: 4 }), (rows, bills) => {
        for (const { tokens, costs, samples } of spendCells(rows, bills)) {
          for (const sample of samples) expect(placeOf(rows, bills, sample)).toEqual({ tokens, costs: [...costs] });
        }
      }),
      { numRuns: 200 },
    );
  });

  test("costs that contradict each other are no cell: what is dearer in and out costs no less", () => {
    const cheap = { price: { input: 1_000_000, output: 1_000_000 }, maxOutputTokens: null, asked: [100] };
    const dear = { price: { input: 2_000_000, output: 3_000_000 }, maxOutputTokens: null, asked: [100] };
    const cells = spendCells([], [cheap, dear]);
    expect(cells.map(({ costs }) => costs)).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
    ]);
    expect(cells.every(({ samples }) => samples.length > 0)).toBe(true);
  });

  test("a bound on tokens out bounds the cost of one answer, but not of several", () => {
    const bounded = { price: { input: 0, output: 1_000_000 }, maxOutputTokens: 10, asked: [10] };
    const [, above] = spendCells([], [bounded]);
    expect(Number(above?.samples[0]?.choices)).toBeGreaterThan(1);
  });

  test("the wished model may cost anything, by a price that is found for it", () => {
    const bills = [{ maxOutputTokens: null, asked: [0, 5, 100] }];
    const samples = [{ tokens: 7n, asked: 1_024n, choices: 1n }];
    const found = wishedCells(bills).map((costs) => wishedSpending(samples, bills, costs));
    expect(found.map((one) => one !== null)).toEqual([true, true, true, true]);
    expect(found.at(-1)?.price).toBeNull();
  });

  test("what is found for all cells at once is what is found for each, and less where the budget ends", () => {
    const wishedBill = fc.record({
      maxOutputTokens: fc.constantFrom(null, 0, 1, 100),
      asked: ascending(fc.constantFrom(0, 1, 5, 10_000), 2),
    });
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 2 }), fc.array(wishedBill, { maxLength: 3 }), (samples, bills) => {
        const reaches = wishedReach(samples, bills, new Budget(Number.POSITIVE_INFINITY));
        const reachesFewer = wishedReach(samples, bills, new Budget(10));
        for (const cell of wishedCells(bills)) {
          expect(reaches(cell)).toBe(wishedSpending(samples, bills, cell) !== null);
          if (reachesFewer(cell)) expect(reaches(cell)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("whatever the wished model is said to be able to cost, a price is found for", () => {
    const asked = ascending(fc.constantFrom(0, 1, 5, 10_000, 1_000_000_000_000), 3);
    const bound = fc.constantFrom(null, 0, 1, 100);
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 1, maxLength: 3 }),
        asked,
        bound,
        (samples, costs, maxOutputTokens) => {
          const bills = [{ maxOutputTokens, asked: costs }];
          fc.pre(canCostAnything(samples, bills));
          for (const cell of wishedCells(bills)) expect(wishedSpending(samples, bills, cell)).not.toBeNull();
        },
      ),
      { numRuns: 500 },
    );
  });
});
