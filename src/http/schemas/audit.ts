import { type Static, Type } from "@sinclair/typebox";
import { ATTEMPT_RESULTS, EVENT_STATUSES } from "../../audit/event.ts";
import { SURFACES, TASKS } from "../../core/chat.ts";
import { EXPORT_FORMATS, type ExportFormat } from "./export-formats.ts";
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

export const AttemptBody = Type.Object({
  provider: Type.String(),
  model: Type.String({ description: "As it was asked for." }),
  result: literals(ATTEMPT_RESULTS),
  sent: Type.Boolean({ description: "False: nothing of the request was sent. True: the provider may have it." }),
  duration_ms: Type.Integer({ minimum: 0 }),
});
export type AttemptBody = Static<typeof AttemptBody>;

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
    answered_model: nullable(Type.String()),
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
    cost_micros: nullable(
      Type.Integer({ description: "In micro-USD, by the usage reported and the policy's prices." }),
    ),
    latency_ms: nullable(Type.Integer()),
    attempts: nullable(
      Type.Array(AttemptBody, {
        description: `Whose turn it was, in order. Null while pending, and where it was interrupted. ${OLDER}`,
      }),
    ),
    streamed: Type.Boolean(),
    instance: nullable(
      Type.Object(
        { id: Type.String({ format: "uuid" }), seq: Type.Integer({ minimum: 1 }) },
        {
          description:
            "The spool that it came by, and its number there. Null while pending, and in rows before the log.",
        },
      ),
    ),
  },
  { description: "The row of the request, or what will be one while it is pending." },
);
export type AuditEventBody = Static<typeof AuditEventBody>;

const Moment = (description: string) =>
  Type.String({
    maxLength: 40,
    description: `${description} A date, or a moment as in RFC 3339, in UTC unless said otherwise.`,
  });
const SETTLED_STATUSES = EVENT_STATUSES.filter((status) => status !== "pending");

const filters = {
  since: Type.Optional(Moment("Received then or later.")),
  until: Type.Optional(Moment("Received before then.")),
  provider: Type.Optional(
    Type.String({ pattern: "^[a-z][a-z0-9_-]{0,31}$", description: "Decided on, or the one that answered." }),
  ),
  zone: Type.Optional(
    Type.String({ pattern: "^[a-z][a-z0-9_-]{0,31}$", description: "Decided on, or that of the one that answered." }),
  ),
  status: Type.Optional(literals(SETTLED_STATUSES)),
  reason: Type.Optional(Type.String({ pattern: "^[a-z][a-z0-9_.]{0,63}$", description: "One of the reason codes." })),
  rule: Type.Optional(Type.String({ pattern: "^[a-z][a-z0-9_-]{0,63}$" })),
  team: Type.Optional(
    Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description: "The caller's label team." }),
  ),
  model: Type.Optional(
    // No control characters: PostgreSQL takes none of code 0.
    Type.String({
      pattern: "^[^\\u0000-\\u001f\\u007f]{1,256}$",
      description: "Decided on, or the one that answered.",
    }),
  ),
  prompt_digest: Type.Optional(
    Type.String({
      pattern: "^hmac-sha256:[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}$",
      description: "As POST /v1/audit/digest gives it.",
    }),
  ),
};

export const AuditFilterQuery = Type.Object(filters, { additionalProperties: false });
export type AuditFilterQuery = Static<typeof AuditFilterQuery>;

export const MAX_PAGE_ROWS = 500;
export const DEFAULT_PAGE_ROWS = 50;

export const AuditQuery = Type.Object(
  {
    ...filters,
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PAGE_ROWS,
        default: DEFAULT_PAGE_ROWS,
        description: "How many rows at most.",
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,16}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description: "`next` of the page before.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;

export const AuditExportQuery = Type.Object(
  {
    ...filters,
    format: Type.Optional(Type.Unsafe<ExportFormat>({ ...literals(EXPORT_FORMATS), default: "ndjson" })),
  },
  { additionalProperties: false },
);
export type AuditExportQuery = Static<typeof AuditExportQuery>;

export const AuditPageBody = Type.Object(
  {
    events: Type.Array(AuditEventBody),
    next: nullable(Type.String({ description: "The cursor of the next page. Null at the end." })),
  },
  {
    description:
      "Newest first. Where few rows fit a page may be short, or empty, and still have a next: so many rows are looked at for one answer, and no more.",
  },
);
export type AuditPageBody = Static<typeof AuditPageBody>;

export const DigestBody = Type.Object(
  {
    prompt_digests: Type.Array(Type.String(), {
      minItems: 1,
      description: "One for each key that this gateway has, the one in use first.",
    }),
  },
  { description: "What `prompt_digest` would be. Nothing was done." },
);
export type DigestBody = Static<typeof DigestBody>;
