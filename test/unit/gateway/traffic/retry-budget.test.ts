import { expect, test } from "bun:test";
import { RetryBudget } from "../../../../src/gateway/traffic/retry-budget.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

const takeAll = (budget: RetryBudget) => {
  let count = 0;
  while (budget.take()) count += 1;
  return count;
};

test("ten retries may be taken at once, however many ask", () => {
  const budget = new RetryBudget(fakeClock().monotonicMs);
  expect(takeAll(budget)).toBe(10);
  expect(budget.take()).toBe(false);
});

test("ten answers earn one, and no more are put by than there were", () => {
  const budget = new RetryBudget(fakeClock().monotonicMs);
  takeAll(budget);
  for (let count = 0; count < 21; count += 1) budget.answered();
  expect(takeAll(budget)).toBe(2);
  for (let count = 0; count < 1_000; count += 1) budget.answered();
  expect(takeAll(budget)).toBe(10);
});

test("time alone brings one every two seconds", () => {
  const clock = fakeClock();
  const budget = new RetryBudget(clock.monotonicMs);
  takeAll(budget);
  clock.advance(1_999);
  expect(budget.take()).toBe(false);
  clock.advance(1);
  expect(takeAll(budget)).toBe(1);
  clock.advance(3_600_000);
  expect(takeAll(budget)).toBe(10);
});
