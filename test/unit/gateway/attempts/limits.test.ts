import { describe, expect, test } from "bun:test";
import { NO_ATTEMPT_LIMITS } from "../../../../src/core/attempts.ts";
import { Deadline, limitsOf } from "../../../../src/gateway/attempts/limits.ts";
import { attemptDefaults } from "../../../support/attempt-defaults.ts";

const DEFAULTS = {
  connectTimeoutMs: 5_000,
  timeoutMs: 60_000,
  firstTokenTimeoutMs: 50_000,
  idleTimeoutMs: 40_000,
  deadlineMs: 120_000,
  retries: 2,
};
const said = (limits: Partial<typeof NO_ATTEMPT_LIMITS>) => ({ ...NO_ATTEMPT_LIMITS, ...limits });
const NOTHING = NO_ATTEMPT_LIMITS;

describe("the limits of a target", () => {
  test("are the settings' where neither rule nor provider says anything", () => {
    const limits = limitsOf(NOTHING, NOTHING, DEFAULTS);
    expect(limits).toMatchObject({ connectTimeoutMs: 5_000, retries: 2 });
    expect([limits.whole.ms, limits.firstToken.ms, limits.idle.ms]).toEqual([60_000, 50_000, 40_000]);
  });

  test("are the rule's before the provider's before the settings'", () => {
    const limits = limitsOf(
      said({ connectTimeoutMs: 1, retries: 0 }),
      said({ connectTimeoutMs: 2, retries: 1, timeoutMs: 3 }),
      DEFAULTS,
    );
    expect(limits).toMatchObject({ connectTimeoutMs: 1, retries: 0 });
    expect(limits.whole.ms).toBe(3);
  });

  test("of a stream are the same scope's for a whole answer before the next scope's own", () => {
    const byRule = limitsOf(said({ timeoutMs: 7 }), said({ firstTokenTimeoutMs: 8, idleTimeoutMs: 9 }), DEFAULTS);
    expect([byRule.firstToken.ms, byRule.idle.ms]).toEqual([7, 7]);
    const byProvider = limitsOf(said({ idleTimeoutMs: 6 }), said({ timeoutMs: 8 }), DEFAULTS);
    expect([byProvider.firstToken.ms, byProvider.idle.ms]).toEqual([8, 6]);
  });

  test("let signs of life stand for words as long as for a first token, and no shorter than silence", () => {
    const wordlessOf = (firstTokenTimeoutMs: number, idleTimeoutMs: number) =>
      limitsOf(said({ firstTokenTimeoutMs, idleTimeoutMs }), NOTHING, DEFAULTS).wordless;
    const keptOpenFor = (ms: number) => ({
      ms,
      failure: {
        category: "timeout",
        message: `The provider kept the stream open and said no more for ${ms / 1_000} s (the policy's own limit).`,
      },
    });
    expect<unknown>([wordlessOf(9_000, 8_000), wordlessOf(7_000, 8_000)]).toEqual([9_000, 8_000].map(keptOpenFor));
  });

  test("say which setting set them, and what was late", () => {
    const { whole, firstToken, idle } = limitsOf(NOTHING, NOTHING, DEFAULTS);
    expect([whole, firstToken, idle].map(({ failure }) => failure)).toEqual([
      { category: "timeout", message: "The provider did not answer within 60 s (PROVIDER_TIMEOUT_SECONDS)." },
      {
        category: "timeout",
        message:
          "The provider did not begin to answer within 50 s (PROVIDER_FIRST_TOKEN_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
      },
      {
        category: "timeout",
        message: "The provider was silent for 40 s (PROVIDER_IDLE_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
      },
    ]);
    const { failure } = limitsOf(said({ timeoutMs: 500 }), NOTHING, DEFAULTS).whole;
    expect(failure.message).toBe("The provider did not answer within 0.5 s (the policy's own limit).");
  });
});

describe("a deadline", () => {
  const ruled = (deadlineMs: number | null, limits: Partial<typeof NO_ATTEMPT_LIMITS> = {}) => ({
    ...said(limits),
    deadlineMs,
    maxTargets: null,
  });
  const totalMs = (...[rule, ...providers]: [ReturnType<typeof ruled>, ...(typeof NO_ATTEMPT_LIMITS)[]]) =>
    new Deadline(rule, providers, DEFAULTS, () => 0).totalMs;

  test("is the rule's before the settings', and runs from the start", () => {
    let nowMs = 1_000;
    const deadline = new Deadline(ruled(300), [], attemptDefaults(), () => nowMs);
    expect([deadline.totalMs, deadline.remainingMs, deadline.isOver]).toEqual([300, 300, false]);
    nowMs += 299.5;
    expect([deadline.remainingMs, deadline.isOver]).toEqual([0.5, true]);
    expect(totalMs(ruled(null))).toBe(120_000);
  });

  test("of the settings does not cut short what the policy gives to one call", () => {
    expect(totalMs(ruled(null, { timeoutMs: 300_000 }), NOTHING)).toBe(600_000);
    expect(totalMs(ruled(null), NOTHING, said({ firstTokenTimeoutMs: 200_000 }))).toBe(400_000);
    expect(totalMs(ruled(null, { timeoutMs: 120_000 }), NOTHING)).toBe(120_000);
    expect(totalMs(ruled(null, { timeoutMs: 1_000 }), said({ timeoutMs: 200_000 }))).toBe(120_000);
    expect(totalMs(ruled(2_000, { timeoutMs: 300_000 }), NOTHING)).toBe(2_000);
  });

  test("cuts a limit short that would go beyond it", () => {
    let nowMs = 0;
    const deadline = new Deadline(ruled(300), [], attemptDefaults(), () => nowMs);
    const { whole } = limitsOf(said({ timeoutMs: 100 }), NOTHING, DEFAULTS);
    expect(deadline.within(whole)).toBe(whole);
    nowMs = 250;
    expect(deadline.within(whole)).toEqual({ ms: 50, failure: deadline.failure });
    nowMs = 400;
    expect(deadline.limit.ms).toBe(0);
    expect(deadline.failure).toEqual({
      category: "timeout",
      message: "No provider answered within the 0.3 s of the request (the policy's own limit).",
    });
  });
});
