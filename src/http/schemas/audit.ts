import { type Static, Type } from "@sinclair/typebox";
import { EVENT_STATUSES } from "../../audit/event.ts";
import { literals, nullable } from "./literals.ts";

export const AuditParams = Type.Object({
  request_id: Type.String({ format: "uuid", description: "The request_id of an answer." }),
});

export const AuditEventBody = Type.Object(
  {
    request_id: Type.String({ format: "uuid" }),
    received_at: Type.String({ format: "date-time" }),
    completed_at: nullable(Type.String({ format: "date-time" })),
    status: literals(EVENT_STATUSES),
    surface: Type.String(),
    decision: literals(["route", "deny"]),
    provider: nullable(Type.String()),
    zone: nullable(Type.String()),
    model: nullable(Type.String()),
    reason_codes: Type.Array(Type.String()),
    findings: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), {
      description: 'How many of each kind the scanner found, by code: {"pii.email": 2}. Never where, and never what.',
    }),
    scan_ruleset: nullable(
      Type.String({ description: "The rules it was scanned by, <version>:<SHA-256>. Null in rows of older versions." }),
    ),
    failure_category: nullable(Type.String()),
    message_count: Type.Integer(),
    prompt_length: Type.Integer({ description: "Unicode code points over all messages." }),
    prompt_digest: Type.String({ description: "hmac-sha256:<key id>:<hex> over the JCS form of the messages." }),
    usage: Type.Object({ prompt_tokens: nullable(Type.Integer()), completion_tokens: nullable(Type.Integer()) }),
    latency_ms: nullable(Type.Integer()),
    streamed: Type.Boolean(),
  },
  { description: "The row of the request." },
);
export type AuditEventBody = Static<typeof AuditEventBody>;
