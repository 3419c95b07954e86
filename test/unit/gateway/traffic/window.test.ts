import { expect, test } from "bun:test";
import fc from "fast-check";
import { SlidingCounts } from "../../../../src/gateway/traffic/window.ts";

const WINDOW_MS = 1_000;

test("what is counted is what happened in this tenth of the window and the nine before", () => {
  const event = fc.record({ afterMs: fc.integer({ min: 0, max: 700 }), isFailure: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat(2_000), (events, laterMs) => {
      const counts = new SlidingCounts(WINDOW_MS);
      const all: { readonly atMs: number; readonly isFailure: boolean }[] = [];
      let nowMs = 0;
      const check = () => {
        const fromMs = Math.floor(nowMs / 100) * 100 - 900;
        const lately = all.filter(({ atMs }) => atMs >= fromMs);
        const failureCount = lately.filter(({ isFailure }) => isFailure).length;
        expect(counts.within(nowMs)).toEqual({ callCount: lately.length, failureCount });
      };
      for (const { afterMs, isFailure } of events) {
        nowMs += afterMs;
        counts.count(nowMs, isFailure);
        all.push({ atMs: nowMs, isFailure });
        check();
      }
      nowMs += laterMs;
      check();
    }),
  );
});

test.each([0, 5_000])("nothing is left once it is cleared, also right after the clock began (%d)", (nowMs) => {
  const counts = new SlidingCounts(WINDOW_MS);
  counts.count(nowMs, true);
  counts.clear();
  expect(counts.within(nowMs)).toEqual({ callCount: 0, failureCount: 0 });
  counts.count(nowMs + 1, false);
  expect(counts.within(nowMs + 1)).toEqual({ callCount: 1, failureCount: 0 });
});
