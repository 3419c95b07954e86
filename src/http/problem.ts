import type { ErrorReason } from "../core/reasons.ts";
import type { AnswerError } from "../gateway/chat-result.ts";
import { retryHeaders } from "./answer-headers.ts";
import type { Dialect } from "./dialect.ts";

/** A request refused before a decision. Thrown inside `http` only, where Elysia takes refusals as exceptions. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorReason;
  readonly field: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | null;

  constructor(
    code: ErrorReason,
    message: string,
    options: {
      readonly field?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly retryAfterMs?: number;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.field = options.field ?? null;
    this.headers = options.headers ?? {};
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

export function problemResponse(
  requestId: string,
  { code, message, field, headers, retryAfterMs }: Refusal,
  dialect: Dialect,
): Response {
  const error: AnswerError = { code, message, field, retryAfterMs };
  return Response.json(dialect.problem(requestId, error), {
    status: dialect.statusOf(code),
    headers: { ...headers, ...retryHeaders(error), "x-request-id": requestId },
  });
}
