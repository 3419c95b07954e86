import type { FailureCategory, ProviderFailure } from "../../core/chat.ts";

/** What follows the failure of a call. */
export type Recovery =
  /** The same target, not before so long; out of the retries of all requests together where the provider did not ask for it. */
  | { readonly kind: "again"; readonly waitMs: number; readonly isAskedFor: boolean }
  /** The next target, or else this failure is the request's. */
  | { readonly kind: "next" }
  /** The next one whose model is known to take more. */
  | { readonly kind: "larger" }
  /** Nobody else is asked. */
  | { readonly kind: "end" };

/**
 * By category. `again`: where the provider marked the failure as one that may pass, and else the next. A limit of ours is
 * never marked, so who was silent is not asked twice.
 */
const AFTER: Readonly<Record<FailureCategory, Recovery["kind"]>> = {
  timeout: "again",
  unreachable: "again",
  rate_limited: "again",
  upstream_error: "again",
  malformed_response: "again",
  // The same credentials would be refused again.
  authentication: "next",
  model_not_found: "next",
  bad_request: "next",
  remote_model: "next",
  not_local: "next",
  circuit_open: "next",
  paused: "next",
  busy: "next",
  context_length: "larger",
  // A refusal is an answer: nobody is asked until somebody says what another would not.
  content_filter: "end",
};

export type Chances = {
  readonly retriesLeft: number;
  /** Until the request's deadline. */
  readonly remainingMs: number;
  /** What is waited where the provider does not say how long. */
  readonly backOffMs: number;
};

/**
 * The only place that says what is done after a failure. A wait that the provider asked for is kept to the full, with the
 * back-off on top where there is time, since others may have been told the same; where it would not end before the
 * deadline, the target is not asked again. Pure.
 */
export function recoveryOf(failure: ProviderFailure, { retriesLeft, remainingMs, backOffMs }: Chances): Recovery {
  const kind = AFTER[failure.category];
  if (kind !== "again") return { kind };
  const { retryAfterMs } = failure;
  const spreadMs = (retryAfterMs ?? 0) + backOffMs;
  const waitMs = spreadMs < remainingMs ? spreadMs : (retryAfterMs ?? backOffMs);
  const mayRepeat = failure.transient === true && retriesLeft > 0 && waitMs < remainingMs;
  return mayRepeat ? { kind: "again", waitMs, isAskedFor: retryAfterMs !== undefined } : { kind: "next" };
}
