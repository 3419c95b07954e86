import type { ProviderFailure, Usage } from "../core/chat.ts";
import { NO_USAGE } from "../core/chat.ts";
import type { AllowedTarget, ProviderId } from "../core/decision.ts";
import { type ErrorReason, REASONS } from "../core/reasons.ts";
import type { AnswerError, Ending } from "./chat-result.ts";
import type { Denial } from "./plan.ts";

/** How a request can end, each as it goes on record and as its caller is told. */

export const succeeded = (model: string, usage: Usage): Ending => ({
  status: "succeeded",
  failureCategory: null,
  model,
  usage,
  error: null,
});

export const failed = (target: AllowedTarget, failure: ProviderFailure, usage = NO_USAGE): Ending => ({
  status: "failed",
  failureCategory: failure.category,
  model: target.model,
  usage,
  error: {
    code: `provider.${failure.toldAs ?? failure.category}`,
    message: failure.message,
    field: null,
    retryAfterMs: failure.retryAfterMs ?? null,
  },
});

/** The provider answered, but not with anything that the client's protocol can say. */
export const unfit = (model: string, usage: Usage, error: AnswerError): Ending => ({
  status: "failed",
  failureCategory: "malformed_response",
  model,
  usage,
  error,
});

export const aborted = (target: AllowedTarget, usage = NO_USAGE): Ending => ({
  status: "client_aborted",
  failureCategory: null,
  model: target.model,
  usage,
  error: errorOf("request.aborted"),
});

/** The process ends before the answer does. */
export const stopped = (target: AllowedTarget, usage = NO_USAGE): Ending => ({
  status: "failed",
  failureCategory: null,
  model: target.model,
  usage,
  error: errorOf("gateway.stopping"),
});

export const denied = ({ code, field, provider }: Denial): Ending => ({
  status: "denied",
  failureCategory: null,
  model: null,
  usage: NO_USAGE,
  error: code === "request.untranslatable_field" ? untranslatable(field, provider) : errorOf(code, field),
});

function untranslatable(field: string | null, provider: ProviderId | null): AnswerError {
  const message = `${field}: the provider that policy chose (${provider}) speaks another protocol, which cannot carry this.`;
  return { code: "request.untranslatable_field", message, field, retryAfterMs: null };
}

/** A bug on the way to an answer ends as a failed request with its row, not as a missing one. */
export const broken = (target: AllowedTarget, usage = NO_USAGE): Ending => ({
  status: "failed",
  failureCategory: null,
  model: target.model,
  usage,
  error: errorOf("gateway.internal"),
});

/** Long enough for a database to fail over once, short enough for a person to wait. */
const AUDIT_RETRY_AFTER_MS = 1_000;

/** INVARIANT: I6, what could not be put on record is not answered. */
export const withheld: AnswerError = { ...errorOf("audit.unavailable"), retryAfterMs: AUDIT_RETRY_AFTER_MS };

export function errorOf(code: ErrorReason, field: string | null = null): AnswerError {
  const message = field === null ? REASONS[code].meaning : `${field}: ${REASONS[code].meaning}`;
  return { code, message, field, retryAfterMs: null };
}
