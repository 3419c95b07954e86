/**
 * The closed table of codes that the gateway gives: in answers, rows, logs and metrics. A code is never reused for
 * another meaning. `docs/reference/reasons.md` is generated from it.
 */
export type Reason = {
  /** HTTP status of an answer that carries this code as its error; null for reasons of a routing decision. */
  readonly status: number | null;
  /** What clients of the OpenAI and Ollama surfaces are told, in the words that their SDKs act on. */
  readonly compatible: Compatible | null;
  readonly logLevel: "info" | "warn" | "error";
  readonly meaning: string;
};

/** `status` decides which class of error an SDK raises; `type` and `code` are those of the OpenAI protocol. */
export type Compatible = {
  readonly status: number;
  readonly type: string;
  /** The protocol's own code where it has one for this, else ours. */
  readonly code: string | null;
  /** Whether asking again the same way can help: the header `x-should-retry`. */
  readonly retry: boolean;
};

const routing = (meaning: string): Reason => ({ status: null, compatible: null, logLevel: "info", meaning });
const refusal = (status: number, meaning: string): Reason => ({
  status,
  compatible: { status, type: status === 404 ? "not_found_error" : "invalid_request_error", code: null, retry: false },
  logLevel: "info",
  meaning,
});
const denial = (status: number, meaning: string): Reason => ({
  status,
  compatible: { status, type: status === 403 ? "permission_error" : "not_found_error", code: null, retry: false },
  logLevel: "warn",
  meaning,
});
const provider = (status: number, meaning: string, compatible: Partial<Compatible> = {}): Reason => ({
  status,
  compatible: { status, type: "upstream_error", code: null, retry: false, ...compatible },
  logLevel: "warn",
  meaning,
});
const own = (status: number, meaning: string, retry: boolean): Reason => ({
  status,
  compatible: { status, type: "server_error", code: null, retry },
  logLevel: "error",
  meaning,
});

/** Those of the built-in policy. A policy file gives its own, which may be these. */
export const ROUTING_REASONS = {
  sensitive_keyword_match: routing("A sensitivity keyword stands in the request; it stays local."),
  sensitive_data_match: routing(
    "Personal data, a secret or a disguised text stands in the request; it stays local. The audit event says which kinds.",
  ),
  "scan.budget_exceeded": routing("Some text cannot be scanned in reasonable time; the request stays local."),
  "scan.opaque_part": routing(
    "A part cannot be read (an image, audio, a file, token numbers); the request stays local.",
  ),
  embedding_model: routing("An embedding goes to the provider that has the model wished for, else to the local one."),
  cost_prefer_local: routing(
    "The prompt is text of at most COST_MAX_PROMPT_LENGTH_FOR_LOCAL characters; local is cheapest.",
  ),
  default: routing("No rule matched; DEFAULT_PROVIDER answers."),
} as const satisfies Record<string, Reason>;

export const ERROR_REASONS = {
  "request.invalid_json": refusal(400, "The body is not well-formed JSON in UTF-8."),
  "request.invalid_field": refusal(400, "A field of the request has a wrong type or value; `field` names it."),
  "request.unknown_field": refusal(400, "The request has a field that this route does not know."),
  "request.duplicate_key": refusal(
    400,
    "An object of the body has two fields of the same name, and readers of JSON differ in which of them they see.",
  ),
  "request.invalid_unicode": refusal(400, "A string holds a lone surrogate, which no encoding can carry."),
  "request.too_deep": refusal(400, "The body nests deeper than the gateway reads."),
  "request.not_found": refusal(404, "There is no such route."),
  "request.method_not_allowed": refusal(405, "The route exists, the method does not; `allow` lists those that do."),
  "request.invalid_host": refusal(400, "The Host header is missing or no host name."),
  "request.host_not_allowed": refusal(
    421,
    "The Host header names no loopback address, and the gateway serves only those.",
  ),
  "request.body_too_large": refusal(413, "The body is larger than MAX_BODY_BYTES."),
  "request.body_timeout": refusal(408, "The body did not come in time."),
  "request.unsupported_media_type": refusal(415, "The body's content type is not application/json."),
  "request.aborted": refusal(499, "The caller disconnected before the answer; nobody reads this."),
  "request.untranslatable_field": {
    ...refusal(400, "The provider that policy chose speaks another protocol, which cannot carry the field named."),
    logLevel: "warn",
  },
  "request.stored_responses_unsupported": refusal(
    400,
    "The request refers to a stored response or conversation; the gateway stores none.",
  ),
  "request.management_refused": denial(403, "Models are managed on the Ollama server itself, not through the gateway."),
  "request.model_not_found": {
    ...refusal(404, "No provider that the caller may use has a model of this name."),
    compatible: { status: 404, type: "not_found_error", code: "model_not_found", retry: false },
  },
  "policy.cloud_model_refused": denial(
    403,
    "The model is one that Ollama forwards to a hosted service; the gateway refuses those.",
  ),
  "policy.steering_field_refused": denial(
    403,
    "The field asks the server behind a provider to choose another model, host or key, which is for policy to choose.",
  ),
  "policy.denied": denial(403, "A rule of the policy denies this request; the other reason codes say why."),
  "policy.no_compliant_route": denial(403, "No provider may answer this request under its constraints."),
  "policy.embedding_model_unavailable": denial(
    404,
    "No provider that may answer has the embedding model wished for; vectors of another one would not compare. `GET /v1/models` lists what there is.",
  ),
  "provider.timeout": provider(
    504,
    "No provider answered, began or went on in time; the message names the setting or says that policy set the limit.",
    {
      type: "timeout_error",
    },
  ),
  "provider.unreachable": provider(502, "No connection to the provider.", { retry: true }),
  "provider.authentication": provider(502, "The provider refused the gateway's credentials, or none are set."),
  "provider.rate_limited": provider(
    502,
    "The provider limits the gateway's rate or quota, as it said to this request or to one before it.",
    {
      status: 429,
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
      retry: true,
    },
  ),
  "provider.model_not_found": provider(502, "The provider does not have the model.", {
    status: 404,
    type: "not_found_error",
    code: "model_not_found",
  }),
  "provider.bad_request": provider(502, "The provider refused the request as invalid.", {
    status: 400,
    type: "invalid_request_error",
  }),
  "provider.content_filter": provider(502, "The provider's content filter refused the request.", {
    status: 400,
    type: "invalid_request_error",
    code: "content_filter",
  }),
  "provider.context_length": provider(502, "The prompt is longer than the model's context.", {
    status: 400,
    type: "invalid_request_error",
    code: "context_length_exceeded",
  }),
  "provider.upstream_error": provider(502, "The provider failed.", { retry: true }),
  "provider.malformed_response": provider(502, "The provider's answer was cut or not in its protocol.", {
    retry: true,
  }),
  "provider.remote_model": {
    ...provider(502, "The local provider would hand, or handed, the request to a remote host; its answer is withheld."),
    logLevel: "error",
  },
  "provider.not_local": {
    ...provider(
      502,
      "The local provider's name leads to an address that is not the operator's own; nothing was sent there.",
    ),
    logLevel: "error",
  },
  "provider.circuit_open": provider(
    503,
    "The provider failed too often lately, or refused the gateway's credentials, and is left alone for a while.",
    {
      type: "server_error",
      retry: true,
    },
  ),
  "provider.paused": provider(
    503,
    "The provider failed, asked by retry-after to be left alone for a while, and is; nothing was sent.",
    {
      type: "server_error",
      retry: true,
    },
  ),
  "provider.busy": provider(
    503,
    "As many requests as may be, in all or of one caller, are with the provider already, and none ended in time.",
    {
      type: "server_error",
      retry: true,
    },
  ),
  "audit.not_found": refusal(404, "No audit event has this request id."),
  "audit.erased": refusal(410, "The audit event was erased; only its id, its time and its leaf in the log are left."),
  "audit.not_in_log": refusal(404, "The audit event is older than the log, so there is no receipt for it."),
  "audit.no_checkpoint": refusal(404, "No checkpoint of the log has been signed yet."),
  "audit.tile_not_found": refusal(404, "No checkpoint of the log covers such a tile."),
  "audit.unavailable": own(
    503,
    "The audit event could not be put on record, or cannot be read; an answer, or the rest of it, is withheld.",
    true,
  ),
  "gateway.overloaded": {
    ...own(
      503,
      "More requests than the gateway takes at once, in all or of one caller; `retry-after` says when to ask again.",
      true,
    ),
    logLevel: "warn",
  },
  "gateway.stopping": own(503, "The gateway is shutting down and cannot wait for the answer any longer.", true),
  "gateway.internal": own(500, "A bug in the gateway; the log line with this request id has the details.", false),
} as const satisfies Record<string, Reason>;

export type RoutingReason = keyof typeof ROUTING_REASONS;
export type ErrorReason = keyof typeof ERROR_REASONS;
export type ReasonCode = RoutingReason | ErrorReason;

export const REASONS: Readonly<Record<ReasonCode, Reason>> = { ...ROUTING_REASONS, ...ERROR_REASONS };
