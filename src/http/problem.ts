import type { ErrorReason } from "../core/reasons.ts";
import { REASONS } from "../core/reasons.ts";

/** The native error body; the same shape whatever went wrong, never with content of the request. */
export type Problem = {
  readonly request_id: string;
  readonly error: { readonly code: ErrorReason; readonly message: string; readonly field: string | null };
};

/** A request refused before a decision. Thrown inside `http` only, where Elysia takes refusals as exceptions. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorReason;
  readonly field: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorReason,
    message: string,
    options: { readonly field?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.field = options.field ?? null;
    this.headers = options.headers ?? {};
  }
}

export function problemResponse(requestId: string, refusal: Refusal): Response {
  const problem: Problem = {
    request_id: requestId,
    error: { code: refusal.code, message: refusal.message, field: refusal.field },
  };
  const status = REASONS[refusal.code].status ?? 500;
  return Response.json(problem, { status, headers: { ...refusal.headers, "x-request-id": requestId } });
}
