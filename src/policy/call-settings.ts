import { type AttemptLimits, type BreakerSettings, DEFAULT_BREAKER } from "../core/attempts.ts";
import type { Effects } from "../core/decision.ts";
import type { Breaker, ProviderAttempts, RuleBody } from "./document.ts";

/** The limits that a provider or a rule sets. What it leaves out is null: the next wider scope sets it. */
export function attemptLimitsOf(body: ProviderAttempts = {}): AttemptLimits {
  return {
    connectTimeoutMs: body.connect_timeout_ms ?? null,
    timeoutMs: inMs(body.timeout_seconds) ?? null,
    firstTokenTimeoutMs: body.first_token_timeout_ms ?? null,
    idleTimeoutMs: body.idle_timeout_ms ?? null,
    retries: body.retries ?? null,
  };
}

/** The same of a rule, with what only rules set. */
export const attemptsOf = (body: RuleBody["attempts"] = {}): Effects["attempts"] => ({
  ...attemptLimitsOf(body),
  deadlineMs: inMs(body.deadline_seconds) ?? null,
  maxTargets: body.max_targets ?? null,
});

/** No setting says anything of breakers, so what is left out is filled in here. */
export function breakerOf(body: Breaker = {}): BreakerSettings {
  return {
    failurePercent: body.failure_percent ?? DEFAULT_BREAKER.failurePercent,
    minimumCalls: body.minimum_calls ?? DEFAULT_BREAKER.minimumCalls,
    windowMs: inMs(body.window_seconds) ?? DEFAULT_BREAKER.windowMs,
    openMs: inMs(body.open_seconds) ?? DEFAULT_BREAKER.openMs,
  };
}

const inMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1_000);
