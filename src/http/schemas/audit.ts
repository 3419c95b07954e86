import { type Static, Type } from "@sinclair/typebox";
import { EVENT_STATUSES } from "../../audit/event.ts";
import { SURFACES, TASKS } from "../../core/chat.ts";
import { literals, nullable } from "./literals.ts";

export const AuditParams = Type.Object({
  request_id: Type.String({ format: "uuid", description: "The request_id of an answer." }),
});

const OLDER = "Null in rows of older versions.";
const Count = Type.Integer({ minimum: 0 });

/** Shared by all that shows what a decision depended on. */
export const FeaturesBody = Type.Object(
  {
    surface: literals(SURFACES),
    task: literals(TASKS),
    stream: Type.Boolean(),
    message_count: Count,
    prompt_chars: Type.Integer({ minimum: 0, description: "Unicode code points." }),
    prompt_tokens: nullable(
      Type.Integer({ minimum: 0, description: "Estimated. Null where the policy does not depend on it." }),
    ),
    max_output_tokens: nullable(Type.Integer({ minimum: 0, description: "What the client asks for." })),
    choices: Type.Integer({ minimum: 1 }),
    has_tools: Type.Boolean(),
    has_images: Type.Boolean(),
    opaque_content: Type.Boolean({ description: "Whether some content is no text." }),
    scan_incomplete: Type.Boolean({ description: "Whether the scanner gave up on some text." }),
    signals: Type.Array(Type.String(), { description: "Ids of the policy's signals that were found." }),
    wish: literals(["auto", "known", "other"]),
    model: nullable(Type.String({ description: "The model wished for, where it is known." })),
    wish_price: nullable(
      Type.Object(
        { input: Count, output: Count },
        { description: "Micro-USD per million tokens, by the built-in table." },
      ),
    ),
    requested_provider: nullable(Type.String()),
    offered_by: Type.Array(Type.String(), { description: "Providers that can be asked for the model wished for." }),
    labels: Type.Record(Type.String(), Type.String()),
  },
  { description: "All that the decision depended on: numbers, booleans and names of the policy, never text." },
);
export type FeaturesBody = Static<typeof FeaturesBody>;

export const ShadowResultBody = Type.Object({
  rule: Type.String(),
  outcome: literals(["route", "deny"]),
  provider: nullable(Type.String()),
  differs: Type.Boolean({ description: "Whether the decision's outcome or first provider is another one." }),
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
    answered_provider: nullable(
      Type.String({ description: "Who answered, or was asked last; `provider` is who was to be asked first." }),
    ),
    answered_zone: nullable(Type.String()),
    reason_codes: Type.Array(Type.String()),
    policy: nullable(
      Type.Object(
        { hash: Type.String() },
        { description: `The policy that decided, sha256:<64 hex digits>. ${OLDER}` },
      ),
    ),
    rule: nullable(Type.String({ description: `The rule that matched, or default. ${OLDER}` })),
    features: nullable(FeaturesBody),
    shadow: nullable(
      Type.Array(ShadowResultBody, { description: `What rules that are only watched would have done. ${OLDER}` }),
    ),
    findings: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), {
      description: 'How many of each kind the scanner found, by code: {"pii.email": 2}. Never where, and never what.',
    }),
    scan_ruleset: nullable(Type.String({ description: `The rules it was scanned by, <version>:<SHA-256>. ${OLDER}` })),
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
