import type { SettledStatus } from "../audit/event.ts";
import type { FailureCategory, Logprob, ToolCall, Usage } from "../core/chat.ts";
import type { AllowedTarget, ProviderId } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import type { ErrorReason } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import type { Decided } from "./decided.ts";
import type { Targets } from "./plan.ts";

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

/** A request whose intent is on record, and where it may go. */
export type Admitted = {
  readonly kind: "admitted";
  readonly decided: Decided;
  readonly targets: Targets;
  readonly head: AnswerHead;
};

/** A request that is not answered, and why. `overheadMs` is what the gateway itself took of the time. */
export type Refused = {
  readonly kind: "refused";
  readonly head: AnswerHead;
  readonly overheadMs: number;
  readonly error: AnswerError;
};

/** A request that nobody waits for any more, before anything was decided: there is nothing to put on record. */
export type Abandoned = { readonly kind: "abandoned"; readonly error: AnswerError };

/** `body` is what the client gets. `overheadMs` is what the gateway itself took of the time. */
export type Answered<T> = {
  readonly kind: "answered";
  readonly head: AnswerHead;
  readonly overheadMs: number;
  readonly body: T;
};

/** Translates an answer for its client, or says why this client cannot have it. Throws only for a bug. */
export type Render<T> = (answer: Answer, head: AnswerHead) => Result<T, AnswerError>;

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

export function refused(
  decided: Decided,
  target: AllowedTarget | null,
  error: AnswerError,
  attemptCount: number,
): Refused {
  const head = headOf(decided, target, attemptCount);
  return { kind: "refused", head, overheadMs: decided.stopwatch.overheadMs, error };
}
