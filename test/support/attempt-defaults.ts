import type { AttemptDefaults } from "../../src/core/attempts.ts";

/** Longer than any test may take, so that what ends is not ended by it. */
export const LONG_MS = 60_000;

/** All times of a call the same, and the deadline far off. */
export const attemptDefaults = (timeoutMs = LONG_MS, overrides: Partial<AttemptDefaults> = {}): AttemptDefaults => ({
  connectTimeoutMs: timeoutMs,
  timeoutMs,
  firstTokenTimeoutMs: timeoutMs,
  idleTimeoutMs: timeoutMs,
  deadlineMs: 7_200_000,
  retries: 0,
  ...overrides,
});
