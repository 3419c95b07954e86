import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Scenario } from "./scenarios.ts";

/** What the table shows of one request. */
export type Row = {
  readonly asked: string;
  readonly requestId: string | null;
  readonly status: string;
  readonly provider: string;
  readonly model: string;
  readonly reasons: string;
};

/** Beyond it the row says that there was no answer; the simulated servers take milliseconds. */
const TIMEOUT_MS = 30_000;
const NONE = "-";

const TextOrNull = Type.Union([Type.String(), Type.Null()]);

/** An answer of `/v1/chat`, or the shape of a request refused before it was decided. */
const Answer = Type.Object({
  request_id: Type.String(),
  provider: Type.Optional(TextOrNull),
  model: Type.Optional(TextOrNull),
  reason_codes: Type.Optional(Type.Array(Type.String())),
  error: Type.Union([Type.Object({ code: Type.String() }), Type.Null()]),
});
type Answer = Static<typeof Answer>;

/** Sends one request to the gateway as any client would. Never throws. */
export async function ask(gatewayUrl: string, { asked, messages, model }: Scenario): Promise<Row> {
  try {
    const response = await fetch(`${gatewayUrl}/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages, model }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    return Value.Check(Answer, body) ? answered(asked, response.status, body) : unanswered(asked);
  } catch {
    return unanswered(asked);
  }
}

function answered(asked: string, status: number, body: Answer): Row {
  const codes = new Set([...(body.reason_codes ?? []), ...(body.error === null ? [] : [body.error.code])]);
  return {
    asked,
    requestId: body.request_id,
    status: String(status),
    provider: body.provider ?? NONE,
    model: body.model ?? NONE,
    reasons: [...codes].join(", "),
  };
}

const unanswered = (asked: string): Row => ({
  asked,
  requestId: null,
  status: "no answer",
  provider: NONE,
  model: NONE,
  reasons: NONE,
});
