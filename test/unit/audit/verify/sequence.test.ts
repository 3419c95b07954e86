import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RetentionCheck } from "../../../../src/audit/verify/retention-check.ts";
import { SequenceCheck } from "../../../../src/audit/verify/sequence-check.ts";

const NONE = new Map<string, ReadonlySet<number>>();

describe("the numbers of instances", () => {
  test("are each without gaps in whatever way instances take turns", () => {
    const property = fc.property(fc.array(fc.constantFrom("a", "b", "c")), (turns) => {
      const check = new SequenceCheck(true, NONE);
      const next = new Map<string, number>();
      for (const [index, instance] of turns.entries()) {
        const seq = next.get(instance) ?? 1;
        next.set(instance, seq + 1);
        expect(check.see(instance, seq, index)).toBeNull();
      }
      expect(check.finish()).toBeNull();
    });
    fc.assert(property);
  });

  test("have a gap where one is left out, in the middle and at the start of the log", () => {
    const check = new SequenceCheck(true, NONE);
    expect(check.see("a", 2, 0)).toMatchObject({ code: "sequence_broken", leafIndex: 0 });
    expect(check.see("a", 3, 1)).toBeNull();
    expect(check.see("a", 5, 2)).toMatchObject({ leafIndex: 2 });
  });

  test("may begin anywhere where only the end of the log is read", () => {
    const check = new SequenceCheck(false, NONE);
    expect(check.see("a", 900, 5_000)).toBeNull();
    expect(check.see("a", 902, 5_001)).not.toBeNull();
  });

  test("neither repeat nor go back", () => {
    const check = new SequenceCheck(true, NONE);
    expect(check.see("a", 1, 0)).toBeNull();
    expect(check.see("a", 1, 1)).toMatchObject({ leafIndex: 1 });
    expect(check.see("a", 2, 2)).toBeNull();
  });

  test("go over those that were quarantined", () => {
    const check = new SequenceCheck(true, new Map([["a", new Set([1, 2, 4])]]));
    expect(check.see("a", 3, 0)).toBeNull();
    expect(check.see("a", 5, 1)).toBeNull();
    expect(check.see("b", 3, 2)).not.toBeNull();
  });

  test("go over as many as leaves say nothing, and not over more", () => {
    const check = new SequenceCheck(true, NONE);
    expect(check.see("a", 1, 0)).toBeNull();
    check.silent();
    check.silent();
    expect(check.see("a", 4, 3)).toBeNull();
    expect(check.see("a", 6, 4)).not.toBeNull();
    expect(check.finish()).toBeNull();
  });

  test("of two instances cannot both miss the one leaf that says nothing", () => {
    const check = new SequenceCheck(true, NONE);
    check.silent();
    expect(check.see("a", 2, 1)).toBeNull();
    expect(check.see("b", 2, 2)).toBeNull();
    expect(check.finish()).toMatchObject({ code: "sequence_broken" });
  });
});

describe("rows that were dropped", () => {
  const action = (first: number | null, last: number | null, count: number) => ({
    ...{ partition: "audit_events_20261101", before: 0, unlogged_count: 0 },
    leaf_count: count,
    first_leaf_index: first,
    last_leaf_index: last,
  });
  const missed = (check: RetentionCheck, indices: readonly number[]) => indices.filter((at) => !check.isDropped(at));

  test("are those that actions name, as many, also where days overlap", () => {
    const check = new RetentionCheck([action(5, 9, 3), action(0, 6, 4), action(null, null, 0), action(20, 20, 1)]);
    expect(missed(check, [0, 2, 4, 5, 6, 7, 9, 20])).toEqual([]);
    expect(check.finish(0, 100)).toEqual([]);
  });

  test("are no others", () => {
    const check = new RetentionCheck([action(5, 9, 3)]);
    expect(missed(check, [4, 5, 7, 9, 10])).toEqual([4, 10]);
  });

  test("are not more, nor fewer, where all of them were read", () => {
    const check = new RetentionCheck([action(5, 9, 3)]);
    expect(missed(check, [5, 6, 7, 9])).toEqual([]);
    expect(check.finish(0, 100)).toMatchObject([{ code: "retention_differs", leafIndex: 5 }]);
    expect(check.finish(7, 100)).toEqual([]);
  });
});
