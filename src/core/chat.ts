/** What a client asks of a model, in the gateway's own words; every surface translates into this and back. */

export const CHAT_ROLES = ["system", "user", "assistant"] as const;
export type ChatRole = (typeof CHAT_ROLES)[number];

export type ChatMessage = { readonly role: ChatRole; readonly content: string };

export type ChatRequest = {
  /** The HTTP surface the request came in by; a closed set, so it may be a label. */
  readonly surface: Surface;
  readonly messages: readonly ChatMessage[];
  /** The model the client wishes for; a wish that policy may overrule, never a way around it. */
  readonly modelWish: string | null;
  readonly streamed: boolean;
};

export const SURFACES = ["native"] as const;
export type Surface = (typeof SURFACES)[number];

/** Tokens as the provider reported them; null where it reported none. */
export type Usage = { readonly promptTokens: number | null; readonly completionTokens: number | null };

/**
 * What a provider yields. A good answer is any number of `text` chunks and exactly one `end`; a failed one ends with
 * exactly one `failure`. An iteration that stops without either was cut and is never presented as complete.
 */
export type Chunk =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "end"; readonly model: string; readonly finishReason: string | null; readonly usage: Usage }
  | { readonly kind: "failure"; readonly failure: ProviderFailure };

/** Closed set: it is a metric label, a column and part of reason codes. */
export const FAILURE_CATEGORIES = [
  "timeout",
  "unreachable",
  "authentication",
  "rate_limited",
  "model_not_found",
  "bad_request",
  "content_filter",
  "context_length",
  "upstream_error",
  "malformed_response",
  "remote_model",
] as const;
export type FailureCategory = (typeof FAILURE_CATEGORIES)[number];

/** `message` is ours, safe to show to a caller: it never quotes upstream text, content or credentials. */
export type ProviderFailure = { readonly category: FailureCategory; readonly message: string };
