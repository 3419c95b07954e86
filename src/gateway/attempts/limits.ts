import { type AttemptDefaults, type AttemptLimits, NO_ATTEMPT_LIMITS } from "../../core/attempts.ts";
import type { ProviderFailure } from "../../core/chat.ts";
import type { Decision, ProviderId } from "../../core/decision.ts";
import { type ActivePolicy, definitionOf } from "../active-policy.ts";

/** Longest stream there is, however lively: its row must not stay pending for ever. */
export const MAX_STREAM_MS = 3_600_000;

/** A time, and what is said when it is over. */
export type Limit = { readonly ms: number; readonly failure: ProviderFailure };

export const ENDLESS: Limit = {
  ms: MAX_STREAM_MS,
  failure: { category: "timeout", message: `The answer was not complete after ${MAX_STREAM_MS / 60_000} minutes.` },
};

/** Of the calls of one target for one request. */
export type Limits = {
  readonly connectTimeoutMs: number;
  /** For an answer that is not streamed. */
  readonly whole: Limit;
  readonly firstToken: Limit;
  readonly idle: Limit;
  /** For how long comments and the like stand for a model at work: as long as for its first token, or as a silence. */
  readonly wordless: Limit;
  /** How often it is asked again. */
  readonly retries: number;
};

type Read = (scope: AttemptLimits) => number | null;

const BY_POLICY = "the policy's own limit";
const ONLY_KEPT_OPEN = "The provider kept the stream open and said no more for";

/** What the policy says of a provider. */
export const saidOf = (active: ActivePolicy, id: ProviderId): AttemptLimits =>
  definitionOf(active, id)?.attempts ?? NO_ATTEMPT_LIMITS;

/**
 * The rule's word goes before the provider's and that before the settings'. Where one of them says nothing of a stream's
 * times, its time for a whole answer holds for them before the word of the next.
 */
export function limitsOf(rule: AttemptLimits, provider: AttemptLimits, defaults: AttemptDefaults): Limits {
  const byPolicy = (read: Read) => read(rule) ?? read(provider);
  const limit = (read: Read, defaultMs: number, whatHappened: string, setting: string): Limit => {
    const policyMs = byPolicy(read);
    const ms = policyMs ?? defaultMs;
    const message = `${whatHappened} ${ms / 1_000} s (${policyMs === null ? setting : BY_POLICY}).`;
    return { ms, failure: { category: "timeout", message } };
  };
  const { connectTimeoutMs, timeoutMs, firstTokenTimeoutMs, idleTimeoutMs, retries } = defaults;
  const firstToken = (whatHappened: string) =>
    limit(
      (scope) => scope.firstTokenTimeoutMs ?? scope.timeoutMs,
      firstTokenTimeoutMs,
      whatHappened,
      "PROVIDER_FIRST_TOKEN_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS",
    );
  const idle = (whatHappened: string) =>
    limit(
      (scope) => scope.idleTimeoutMs ?? scope.timeoutMs,
      idleTimeoutMs,
      whatHappened,
      "PROVIDER_IDLE_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS",
    );
  const [asForFirstToken, asForSilence] = [firstToken(ONLY_KEPT_OPEN), idle(ONLY_KEPT_OPEN)];
  return {
    connectTimeoutMs: byPolicy((scope) => scope.connectTimeoutMs) ?? connectTimeoutMs,
    retries: byPolicy((scope) => scope.retries) ?? retries,
    whole: limit(
      (scope) => scope.timeoutMs,
      timeoutMs,
      "The provider did not answer within",
      "PROVIDER_TIMEOUT_SECONDS",
    ),
    firstToken: firstToken("The provider did not begin to answer within"),
    idle: idle("The provider was silent for"),
    wordless: asForFirstToken.ms > asForSilence.ms ? asForFirstToken : asForSilence,
  };
}

/** The longest time that the policy itself gives to a call of any of these; 0 where it says nothing. */
function longestSaidMs(rule: AttemptLimits, providers: readonly AttemptLimits[]): number {
  const said = providers.flatMap((provider) => [
    rule.timeoutMs ?? provider.timeoutMs ?? 0,
    rule.firstTokenTimeoutMs ?? rule.timeoutMs ?? provider.firstTokenTimeoutMs ?? 0,
  ]);
  return Math.max(0, ...said);
}

/**
 * Of a request over all its attempts and waits, from now on. That of the settings does not cut short what the policy gives
 * to one call of a provider: then it is twice as long as such a call, so that the silence of one leaves as much to the next.
 */
export class Deadline {
  readonly #monotonicMs: () => number;
  readonly #atMs: number;
  readonly totalMs: number;
  /** Always the same one, so that it can be told from a provider's own limit. */
  readonly failure: ProviderFailure;

  /** `providers`: what those that may be asked say of themselves. */
  constructor(
    rule: Decision["effects"]["attempts"],
    providers: readonly AttemptLimits[],
    { deadlineMs }: AttemptDefaults,
    monotonicMs: () => number,
  ) {
    const longestMs = longestSaidMs(rule, providers);
    const saidMs = rule.deadlineMs ?? (longestMs > deadlineMs ? 2 * longestMs : null);
    this.totalMs = saidMs ?? deadlineMs;
    this.#monotonicMs = monotonicMs;
    this.#atMs = monotonicMs() + this.totalMs;
    const setBy = saidMs !== null ? BY_POLICY : "PROVIDER_DEADLINE_SECONDS";
    this.failure = {
      category: "timeout",
      message: `No provider answered within the ${this.totalMs / 1_000} s of the request (${setBy}).`,
    };
  }

  get remainingMs(): number {
    return this.#atMs - this.#monotonicMs();
  }

  /** Also when the rest is less than timers can tell. */
  get isOver(): boolean {
    return this.remainingMs < 1;
  }

  /** The limit, unless less than it is left of the request's own time. */
  within(limit: Limit): Limit {
    return this.remainingMs < limit.ms ? this.limit : limit;
  }

  get limit(): Limit {
    return { ms: Math.max(0, this.remainingMs), failure: this.failure };
  }
}
