import { REASONS } from "../core/reasons.ts";
import type { AnswerError, AnswerHead } from "../gateway/chat-result.ts";

/** The headers that web pages of an allowed origin may read. */
export const EXPOSED_HEADERS = [
  "x-request-id",
  "x-policy-mesh-provider",
  "x-policy-mesh-model",
  "x-policy-mesh-reason-codes",
  "x-policy-mesh-attempts",
  "x-policy-mesh-overhead-ms",
  "x-should-retry",
  "retry-after",
  "retry-after-ms",
] as const;

type AnswerHeader = (typeof EXPOSED_HEADERS)[number] | "cache-control" | "content-type" | "x-accel-buffering";
type Headers = Readonly<Partial<Record<AnswerHeader, string>>>;

/** What every answer to a decided request says of itself, whatever its surface. */
export function headersOf(
  { requestId, provider, model, reasonCodes, attemptCount }: AnswerHead,
  error: AnswerError | null,
): Headers {
  const codes = new Set([...reasonCodes, ...(error === null ? [] : [error.code])]);
  return {
    "x-request-id": requestId,
    ...(provider === null ? {} : { "x-policy-mesh-provider": provider }),
    ...(model === null ? {} : { "x-policy-mesh-model": model }),
    "x-policy-mesh-reason-codes": [...codes].join(","),
    ...(attemptCount === null ? {} : { "x-policy-mesh-attempts": String(attemptCount) }),
    "cache-control": "no-store",
  };
}

/** Milliseconds that were not the provider's. A stream has none: its headers are gone before anybody knows. */
export const overheadHeader = (overheadMs: number): Headers => ({ "x-policy-mesh-overhead-ms": overheadMs.toFixed(3) });

/** Steers the SDKs, which would otherwise ask again whatever the matter is (`x-should-retry`) and when they like. */
export function retryHeaders({ code, retryAfterMs }: AnswerError): Headers {
  const retry = REASONS[code].compatible?.retry === true;
  if (!retry || retryAfterMs === null) return { "x-should-retry": String(retry) };
  return {
    "x-should-retry": "true",
    "retry-after": String(Math.ceil(retryAfterMs / 1_000)),
    "retry-after-ms": String(retryAfterMs),
  };
}
