/**
 * The closed table of codes that the gateway gives: in answers, rows, logs and metrics. A code is never reused for
 * another meaning. `docs/reference/reasons.md` is generated from it.
 */
export type Reason = {
  /** HTTP status of an answer that carries this code as its error; null for reasons of a routing decision. */
  readonly status: number | null;
  /** The `type` that the OpenAI protocol's error object would carry. */
  readonly openaiType: string | null;
  readonly logLevel: "info" | "warn" | "error";
  readonly meaning: string;
};

const routing = (meaning: string): Reason => ({ status: null, openaiType: null, logLevel: "info", meaning });
const refusal = (status: number, meaning: string): Reason => ({
  status,
  openaiType: "invalid_request_error",
  logLevel: "info",
  meaning,
});
const provider = (status: number, meaning: string): Reason => ({
  status,
  openaiType: "upstream_error",
  logLevel: "warn",
  meaning,
});
const own = (status: number, meaning: string): Reason => ({
  status,
  openaiType: "server_error",
  logLevel: "error",
  meaning,
});

export const ROUTING_REASONS = {
  sensitive_keyword_match: routing("A sensitivity keyword stands in some message; the request stays local."),
  "scan.unscannable": routing("Some text cannot be scanned for keywords in reasonable time; the request stays local."),
  cost_prefer_local: routing("The prompt is at most COST_MAX_PROMPT_LENGTH_FOR_LOCAL characters; local is cheapest."),
  default: routing("No rule matched; DEFAULT_PROVIDER answers."),
} as const satisfies Record<string, Reason>;

export const ERROR_REASONS = {
  "request.invalid_json": refusal(400, "The body is not well-formed JSON in UTF-8."),
  "request.invalid_field": refusal(400, "A field of the request has a wrong type or value; `field` names it."),
  "request.unknown_field": refusal(400, "The request has a field that this route does not know."),
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
  "request.unsupported_media_type": refusal(415, "The body's content type is not application/json."),
  "request.aborted": refusal(499, "The caller disconnected before the answer; nobody reads this."),
  "policy.cloud_model_refused": {
    ...refusal(403, "The model is one that Ollama forwards to a hosted service; the gateway refuses those."),
    logLevel: "warn",
  },
  "policy.no_compliant_route": {
    ...refusal(403, "No provider may answer this request under its constraints."),
    logLevel: "warn",
  },
  "provider.timeout": provider(504, "The provider did not answer within PROVIDER_TIMEOUT_SECONDS."),
  "provider.unreachable": provider(502, "No connection to the provider."),
  "provider.authentication": provider(502, "The provider refused the gateway's credentials, or none are set."),
  "provider.rate_limited": provider(502, "The provider limits the gateway's rate or quota."),
  "provider.model_not_found": provider(502, "The provider does not have the model."),
  "provider.bad_request": provider(502, "The provider refused the request as invalid."),
  "provider.content_filter": provider(502, "The provider's content filter refused the request."),
  "provider.context_length": provider(502, "The prompt is longer than the model's context."),
  "provider.upstream_error": provider(502, "The provider failed."),
  "provider.malformed_response": provider(502, "The provider's answer was cut or not in its protocol."),
  "provider.remote_model": {
    ...provider(502, "The local provider would hand, or handed, the request to a remote host; its answer is withheld."),
    logLevel: "error",
  },
  "audit.not_found": refusal(404, "No audit event has this request id."),
  "audit.unavailable": own(503, "The audit event could not be committed, so nothing is answered."),
  "gateway.internal": own(500, "A bug in the gateway; the log line with this request id has the details."),
} as const satisfies Record<string, Reason>;

export type RoutingReason = keyof typeof ROUTING_REASONS;
export type ErrorReason = keyof typeof ERROR_REASONS;
export type ReasonCode = RoutingReason | ErrorReason;

export const REASONS: Readonly<Record<ReasonCode, Reason>> = { ...ROUTING_REASONS, ...ERROR_REASONS };
