import type { SettledStatus } from "../audit/event.ts";
import type { FailureCategory, Usage } from "../core/chat.ts";
import type { AllowedTarget, ProviderId } from "../core/decision.ts";
import type { ErrorReason, ReasonCode } from "../core/reasons.ts";
import type { Decided } from "./decided.ts";

/** What a surface translates back to its client. `error` is null exactly when there is content. */
export type ChatResult = {
  readonly requestId: string;
  readonly provider: ProviderId | null;
  readonly model: string | null;
  readonly reasonCodes: readonly ReasonCode[];
  readonly content: string | null;
  readonly finishReason: string | null;
  readonly usage: Usage;
  readonly error: { readonly code: ErrorReason; readonly message: string } | null;
};

/** What became of a request, before it is on record and before anybody is told. */
export type Ending = {
  readonly status: SettledStatus;
  readonly failureCategory: FailureCategory | null;
  readonly result: ChatResult;
};

const NO_USAGE: Usage = { promptTokens: null, completionTokens: null };

export function emptyResult(
  decided: Decided,
  target: AllowedTarget | null,
): Omit<ChatResult, "error"> & { error: null } {
  return {
    requestId: decided.call.requestId,
    provider: target?.provider ?? null,
    model: target?.model ?? null,
    reasonCodes: decided.reasonCodes,
    content: null,
    finishReason: null,
    usage: NO_USAGE,
    error: null,
  };
}

export function refused(
  decided: Decided,
  target: AllowedTarget | null,
  code: ErrorReason,
  message: string,
): ChatResult {
  return { ...emptyResult(decided, target), error: { code, message } };
}
