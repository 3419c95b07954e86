import type { SettledStatus } from "../audit/event.ts";
import type { FailureCategory, Logprob, ToolCall, Usage } from "../core/chat.ts";
import type { AllowedTarget, ProviderId } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import type { ErrorReason } from "../core/reasons.ts";
import type { Decided } from "./decided.ts";

/** A whole answer. */
export type Answer = {
  readonly content: string;
  /** Empty where the model showed none. */
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  readonly logprobs: readonly Logprob[];
  readonly vectors: readonly (readonly number[])[];
  /** The provider's answer as it came, where it speaks the client's own protocol; then the fields above are empty. */
  readonly document: JsonObject | null;
  readonly model: string;
  readonly finishReason: string | null;
  readonly usage: Usage;
};

/** Why there is no answer; safe to show. */
export type AnswerError = {
  readonly code: ErrorReason;
  readonly message: string;
  /** The field of the request at fault, where one is. */
  readonly field: string | null;
  /** How long to wait before asking again, where that is known. */
  readonly retryAfterMs: number | null;
};

/** What every answer and every stream says of itself. */
export type AnswerHead = {
  readonly requestId: string;
  readonly provider: ProviderId | null;
  readonly model: string | null;
  readonly reasonCodes: readonly string[];
  /** Calls of providers so far; null before it is known. */
  readonly attemptCount: number | null;
};

/** What became of a request, before it is on record and before anybody is told. `model` is the one that answered, else the one asked. */
export type Ending = {
  readonly status: SettledStatus;
  readonly failureCategory: FailureCategory | null;
  readonly model: string | null;
  readonly usage: Usage;
  readonly error: AnswerError | null;
};

export function headOf(decided: Decided, target: AllowedTarget | null, attemptCount: number | null): AnswerHead {
  return {
    requestId: decided.call.requestId,
    provider: target?.provider ?? null,
    model: target?.model ?? null,
    reasonCodes: decided.reasonCodes,
    attemptCount,
  };
}
