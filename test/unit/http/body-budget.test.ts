import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BodyBudget, type BodyLease } from "../../../src/http/body-budget.ts";

const KIB = 1_024;
const MAX = 256 * KIB;

const leaseOf = (budget: BodyBudget, caller: string): BodyLease => {
  const lease = budget.lease(caller);
  if (lease === null) throw new Error("there is no room");
  return lease;
};

describe("the budget of bodies", () => {
  test("refuses what does not fit beside others, and takes it when they are gone", () => {
    const budget = new BodyBudget(MAX);
    const [first, second] = [leaseOf(budget, "one"), leaseOf(budget, "other")];
    expect(first.fits(120 * KIB)).toBe(true);
    expect(second.fits(70 * KIB)).toBe(false);
    first.release();
    expect(second.fits(100 * KIB)).toBe(true);
    second.release();
    expect(budget.heldBytes).toBe(0);
  });

  test("lets one that is alone be as large as any may be", () => {
    const budget = new BodyBudget(MAX);
    const lease = leaseOf(budget, "one");
    expect(lease.fits(10 * MAX)).toBe(true);
    expect(budget.lease("other")).toBeNull();
    lease.release();
    expect(budget.lease("other")).not.toBeNull();
  });

  test("counts a body of which nothing has come", () => {
    const budget = new BodyBudget(MAX);
    const counts = ["one", "other", "third"].map(
      (caller) => Array.from({ length: 100 }, () => budget.lease(caller)).filter((lease) => lease !== null).length,
    );
    // Of sixteen: each takes no more than it leaves.
    expect(counts).toEqual([8, 4, 2]);
  });

  test("is never all of one caller's, however many bodies it sends", () => {
    const budget = new BodyBudget(MAX);
    const greedy = Array.from({ length: 100 }, () => budget.lease("greedy")).filter((lease) => lease !== null);
    for (const lease of greedy) lease.fits(MAX);
    expect(leaseOf(budget, "other").fits(60 * KIB)).toBe(true);
    for (const lease of greedy) lease.release();
    expect(leaseOf(budget, "greedy").fits(60 * KIB)).toBe(true);
  });

  test("never holds more than it may where there are several, and nothing where there are none", () => {
    const step = fc.record({ body: fc.nat({ max: 5 }), bytes: fc.nat({ max: 128 * KIB }), ends: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = new BodyBudget(MAX);
        const open = new Map<number, { lease: BodyLease; held: number }>();
        for (const { body, bytes, ends } of steps) {
          const known = open.get(body);
          if (known === undefined) {
            const lease = budget.lease(String(body));
            if (lease !== null) open.set(body, { lease, held: 16 * KIB });
          } else if (ends) {
            known.lease.release();
            known.lease.release();
            open.delete(body);
          } else {
            const before = budget.heldBytes;
            const wanted = known.held + bytes;
            if (known.lease.fits(wanted)) known.held = wanted;
            else expect([open.size > 1, before + bytes > MAX - wanted, budget.heldBytes]).toEqual([true, true, before]);
          }
          const sum = [...open.values()].reduce((total, { held }) => total + held, 0);
          expect(budget.heldBytes).toBe(sum);
        }
        for (const { lease } of open.values()) lease.release();
        expect(budget.heldBytes).toBe(0);
      }),
    );
  });
});
