import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ALWAYS, type Condition } from "../../../src/policy/condition.ts";
import { impliesByForm } from "../../../src/policy/implies.ts";

const SIGNALS = ["a", "b", "c"] as const;
const signal = (name: string): Condition => ({ kind: "signal", signal: name });
const [a, b, c] = [signal("a"), signal("b"), signal("c")];
const all = (...of: Condition[]): Condition => ({ kind: "all", of });
const any = (...of: Condition[]): Condition => ({ kind: "any", of });
const not = (of: Condition): Condition => ({ kind: "not", of });

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(a, b, c),
    fc.array(tie("condition"), { maxLength: 3 }).map((of): Condition => ({ kind: "all", of })),
    fc.array(tie("condition"), { maxLength: 3 }).map((of): Condition => ({ kind: "any", of })),
    tie("condition").map(not),
  ),
}));

function holds(of: Condition, found: ReadonlySet<string>): boolean {
  if (of.kind === "all") return of.of.every((part) => holds(part, found));
  if (of.kind === "any") return of.of.some((part) => holds(part, found));
  if (of.kind === "not") return !holds(of.of, found);
  return of.kind === "signal" && found.has(of.signal);
}

const WORLDS = Array.from({ length: 8 }, (_, bits) => new Set(SIGNALS.filter((_, index) => bits & (1 << index))));

describe("impliesByForm", () => {
  test.each([
    ["a condition itself", a, a],
    ["a part of what holds together", all(a, b), a],
    ["some of what holds together", all(a, b, c), all(c, a)],
    ["more ways to hold", a, any(b, a)],
    ["more ways than there were", any(a, b), any(c, b, a)],
    ["what each way has", any(all(a, b), all(a, c)), a],
    ["the condition that always holds", a, ALWAYS],
    ["anything, of what never holds", any(), a],
  ])("sees %s", (_, premise, conclusion) => {
    expect(impliesByForm(premise, conclusion)).toBe(true);
  });

  test.each([
    ["another condition", a, b],
    ["more than holds", a, all(a, b)],
    ["one way of several", any(a, b), a],
    ["anything, of what always holds", ALWAYS, a],
    ["the opposite", a, not(a)],
  ])("does not see %s", (_, premise, conclusion) => {
    expect(impliesByForm(premise, conclusion)).toBe(false);
  });

  test("never says so where some request has the one and not the other", () => {
    fc.assert(
      fc.property(condition, condition, (premise, conclusion) => {
        fc.pre(impliesByForm(premise, conclusion));
        for (const world of WORLDS) {
          if (holds(premise, world)) expect(holds(conclusion, world)).toBe(true);
        }
      }),
    );
  });
});
