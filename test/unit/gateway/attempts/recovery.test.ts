import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FAILURE_CATEGORIES, type FailureCategory, type ProviderFailure } from "../../../../src/core/chat.ts";
import { recoveryOf } from "../../../../src/gateway/attempts/recovery.ts";

const failure = (category: FailureCategory, more: Partial<ProviderFailure> = {}): ProviderFailure => ({
  category,
  message: "it failed",
  ...more,
});
const CHANCES = { retriesLeft: 2, remainingMs: 10_000, backOffMs: 100 };

const AGAIN: readonly FailureCategory[] = [
  "timeout",
  "unreachable",
  "rate_limited",
  "upstream_error",
  "malformed_response",
];

describe("a failure that may pass", () => {
  test.each(AGAIN)("(%s) is followed by another call of the same target", (category) => {
    expect(recoveryOf(failure(category, { transient: true }), CHANCES)).toEqual({
      kind: "again",
      waitMs: 100,
      isAskedFor: false,
    });
  });

  test("is followed by the next target once the retries are used up", () => {
    const chances = { ...CHANCES, retriesLeft: 0 };
    expect(recoveryOf(failure("upstream_error", { transient: true }), chances)).toEqual({ kind: "next" });
  });

  test("is followed by the next target where a wait would not end before the deadline", () => {
    const chances = { ...CHANCES, backOffMs: 200, remainingMs: 200 };
    expect(recoveryOf(failure("upstream_error", { transient: true }), chances)).toEqual({ kind: "next" });
  });

  test.each([
    ["and the back-off on top", 9_000, 9_100],
    ["alone where there is no time for more", 9_950, 9_950],
  ] as const)("waits as long as the provider asked for, %s", (_how, retryAfterMs, waitMs) => {
    const asked = failure("rate_limited", { transient: true, retryAfterMs });
    expect(recoveryOf(asked, CHANCES)).toEqual({ kind: "again", waitMs, isAskedFor: true });
  });

  test("is left to the next target where the provider asks for more than there is time", () => {
    const asked = failure("rate_limited", { transient: true, retryAfterMs: 10_000 });
    expect(recoveryOf(asked, CHANCES)).toEqual({ kind: "next" });
  });
});

describe("a failure that will not pass", () => {
  test.each(AGAIN)("(%s) is followed by the next target", (category) => {
    expect(recoveryOf(failure(category), CHANCES)).toEqual({ kind: "next" });
  });

  test.each([
    ["authentication", "next"],
    ["model_not_found", "next"],
    ["bad_request", "next"],
    ["remote_model", "next"],
    ["not_local", "next"],
    ["circuit_open", "next"],
    ["paused", "next"],
    ["busy", "next"],
    ["context_length", "larger"],
    ["content_filter", "end"],
  ] as const)("by its kind (%s) is never repeated, whatever it says of itself", (category, kind) => {
    const marked = failure(category, { transient: true, retryAfterMs: 1 });
    expect(recoveryOf(marked, CHANCES)).toEqual({ kind });
  });
});

test("no wait is shorter than the provider asked for or ends after the deadline, and none follows without a retry left", () => {
  const arbitraryFailure = fc.record(
    {
      category: fc.constantFrom(...FAILURE_CATEGORIES),
      message: fc.constant(""),
      transient: fc.constant(true as const),
      retryAfterMs: fc.nat(20_000),
    },
    { requiredKeys: ["category", "message"] },
  );
  const chances = fc.record({
    retriesLeft: fc.nat(2),
    remainingMs: fc.integer({ min: -10, max: 20_000 }),
    backOffMs: fc.double({ min: 0, max: 500, noNaN: true }),
  });
  fc.assert(
    fc.property(arbitraryFailure, chances, (failed, given) => {
      const recovery = recoveryOf(failed, given);
      if (recovery.kind !== "again") return;
      expect(failed.transient).toBe(true);
      expect(given.retriesLeft).toBeGreaterThan(0);
      expect(recovery.waitMs).toBeGreaterThanOrEqual(failed.retryAfterMs ?? 0);
      expect(recovery.waitMs).toBeLessThan(given.remainingMs);
    }),
    { numRuns: 500 },
  );
});
