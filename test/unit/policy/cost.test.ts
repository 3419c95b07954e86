import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Features, Price } from "../../../src/core/features.ts";
import {
  ASSUMED_OUTPUT_TOKENS,
  BEYOND_ANY_BOUND,
  estimatedCostMicros,
  reportedCostMicros,
} from "../../../src/policy/cost.ts";
import { decide } from "../../../src/policy/decide.ts";
import { featuresOf, PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

const ONE: Price = { input: 1_000_000, output: 1_000_000 };
const costOf = (price: Price | null, features: Partial<Features>, bound: number | null = null) =>
  estimatedCostMicros(price, featuresOf(features), bound);

describe("the estimated cost", () => {
  test.each<[string, Price | null, Partial<Features>, number | null, number]>([
    [
      "counts what is read and what is written",
      { input: 1_000_000, output: 2_000_000 },
      { promptTokens: 3, maxOutputTokens: 5 },
      null,
      13,
    ],
    ["counts every answer that is asked for", ONE, { promptTokens: 3, maxOutputTokens: 5, choices: 4 }, null, 23],
    ["assumes a length where the client sets none", ONE, { promptTokens: 0 }, null, ASSUMED_OUTPUT_TOKENS],
    ["takes the policy's bound where it is lower", ONE, { promptTokens: 0, maxOutputTokens: 50 }, 7, 7],
    ["takes the client's where that is lower", ONE, { promptTokens: 0, maxOutputTokens: 7 }, 50, 7],
    ["bounds the assumed length too", ONE, { promptTokens: 0 }, 7, 7],
    ["counts no output of an embedding", ONE, { task: "embedding", promptTokens: 3, maxOutputTokens: 5 }, null, 3],
    ["rounds the least of it up", { input: 1, output: 0 }, { promptTokens: 1 }, null, 1],
    ["rounds up by one only", { input: 1, output: 0 }, { promptTokens: 1_000_001 }, null, 2],
    ["leaves whole numbers alone", { input: 1, output: 0 }, { promptTokens: 1_000_000 }, null, 1],
    ["is nothing for what is free", { input: 0, output: 0 }, { promptTokens: null }, null, 0],
    ["is beyond any bound without a price", null, { promptTokens: 0 }, null, BEYOND_ANY_BOUND],
    [
      "ends at the largest safe integer",
      { input: 1_000_000_000_000, output: 0 },
      { promptTokens: null },
      null,
      BEYOND_ANY_BOUND,
    ],
    [
      "knows what is written where nothing is read",
      { input: 0, output: 1_000_000 },
      { promptTokens: null, maxOutputTokens: 5 },
      null,
      5,
    ],
  ])("%s", (_, price, features, bound, expected) => {
    expect(costOf(price, features, bound)).toBe(expected);
  });

  test("is exact, rounded up, wherever it is a safe integer", () => {
    const count = fc.integer({ min: 0, max: 1_000_000_000 });
    const price = fc.integer({ min: 0, max: 1_000_000_000_000 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.integer({ min: 1, max: 128 }),
        price,
        price,
        (read, written, choices, input, output) => {
          const total = BigInt(read) * BigInt(input) + BigInt(written) * BigInt(choices) * BigInt(output);
          const up = total / 1_000_000n + (total % 1_000_000n > 0n ? 1n : 0n);
          const exact = up > BigInt(BEYOND_ANY_BOUND) ? BEYOND_ANY_BOUND : Number(up);
          const features = { promptTokens: read, maxOutputTokens: written, choices };
          expect(costOf({ input, output }, features)).toBe(exact);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("is reported only where there is something to reckon with", () => {
    const reported = (price: Price | null, promptTokens: number | null) =>
      reportedCostMicros(price, featuresOf({ promptTokens, maxOutputTokens: 1 }), null);
    expect([reported(null, 1), reported(ONE, null), reported({ input: 0, output: 1 }, null), reported(ONE, 1)]).toEqual(
      [null, null, 1, 2],
    );
  });
});

describe("the price of a decision", () => {
  const wishPrice: Price = { input: 1_000_000, output: 0 };
  const priced = (features: Partial<Features>, route: [string], prices = {}) =>
    decide(policyOf({ prices, default: { route, reason: "r" } }), featuresOf({ promptTokens: 10, ...features }))
      .estimatedCostMicros;
  const wished: Partial<Features> = { wish: "known", model: "m", offeredBy: ["local", "cloud"], wishPrice };

  test("is the policy's, before that of the default table", () => {
    expect(priced(wished, ["cloud"], { cloud: { m: { input: 2_000_000, output: 0 } } })).toBe(20);
  });

  test("is that of the default table for a wish that the policy has no price for", () => {
    expect(priced(wished, ["cloud"])).toBe(10);
  });

  test("is none for another model than was wished for", () => {
    expect(priced({ ...wished, offeredBy: [] }, ["cloud"])).toBeNull();
  });

  test("is nothing in the local zone, unless the policy has one", () => {
    expect(priced(wished, ["local"])).toBe(0);
    expect(priced(wished, ["local"], { local: { m: wishPrice } })).toBe(10);
  });

  test("that a condition compares is the highest of all providers, under the policy's own bound", () => {
    const prices = { local: { "llama3.1": { input: 0, output: 1_000_000 } }, cloud: { "gpt-4o-mini": ONE } };
    const costs = (micros: number, limits?: { max_output_tokens: number }) =>
      decide(
        policyOf({
          prices,
          ...(limits === undefined ? {} : { limits }),
          rules: [
            {
              id: "asked",
              when: { estimated_cost_micros: { at_least: micros, at_most: micros } },
              route: ["local"],
              reason: "r",
              limits: { max_output_tokens: 1 },
            },
          ],
        }),
        featuresOf({ promptTokens: 10, maxOutputTokens: 100 }),
      ).rule;
    expect([costs(110), costs(30, { max_output_tokens: 20 })]).toEqual(["asked", "asked"]);
  });
});
