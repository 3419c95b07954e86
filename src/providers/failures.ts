import type { FailureCategory, ProviderFailure } from "../core/chat.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { NotLocal } from "./addresses.ts";
import { parseJson } from "./json.ts";
import { readRetryAfter } from "./retry-after.ts";
import { BrokenAnswer, ResponseTooLarge, Unreachable, UnreadableAnswer, UpstreamStatus } from "./upstream-errors.ts";

/** Where an operator can change what is wrong with a provider: in the settings of the environment, or in the policy. */
export type Hints = "settings" | "policy";

/** What a failure message may name: all of it is the operator's own configuration. */
export type Upstream = {
  readonly label: string;
  readonly baseUrl: string;
  readonly unreachableHint: string;
  readonly authenticationHint: string;
  readonly modelHint: (model: string) => string;
};

/**
 * Maps whatever an SDK call threw to a category and a message of our own. The upstream's text is read to tell
 * categories apart and goes no further: it may quote the prompt or a key. What no upstream can cause is a bug of ours,
 * and is thrown on.
 */
export function toFailure(thrown: unknown, upstream: Upstream, model: string): ProviderFailure {
  const cause = rootCause(thrown);
  if (cause instanceof UpstreamStatus) return fromStatus(cause, upstream, model);
  if (cause instanceof ResponseTooLarge) {
    return { category: "malformed_response", message: `${upstream.label} sent an answer that is too large.` };
  }
  if (cause instanceof BrokenAnswer) {
    return { category: "malformed_response", message: `${upstream.label} broke off its answer.`, transient: true };
  }
  // The latter is what the SDKs say of a body that is no JSON.
  if (cause instanceof UnreadableAnswer || cause instanceof SyntaxError) return malformed(upstream);
  const { origin } = new URL(upstream.baseUrl);
  if (cause instanceof NotLocal) {
    const message = `${upstream.label} at ${origin} has an address that is neither local nor allowed. Nothing was sent.`;
    return { category: "not_local", message };
  }
  if (!(cause instanceof Unreachable)) throw thrown;
  const message = `${upstream.label} cannot be reached at ${origin}. ${upstream.unreachableHint}`;
  return { category: "unreachable", message, ...(cause.transient ? { transient: true } : {}) };
}

/** An answer that ended without a word for its end. */
export function cut({ label }: Pick<Upstream, "label">): ProviderFailure {
  const message = `${label} ended its answer before it was complete.`;
  return { category: "malformed_response", message, transient: true };
}

/** An answer that came whole as far as the network can tell, with a word for its end that nobody knows, or none. */
export function malformedEnd(upstream: Upstream): ProviderFailure {
  return { category: "malformed_response", message: `${upstream.label} did not say whether its answer is complete.` };
}

export function malformed(upstream: Upstream): ProviderFailure {
  return { category: "malformed_response", message: `${upstream.label} sent an answer that is not in its protocol.` };
}

/** Deeper than any SDK wraps; a bound, since a cause may be its own. */
const MAX_CAUSES = 8;

/** SDKs wrap what `fetch` throws, some more than once. */
function rootCause(thrown: unknown): unknown {
  let current = thrown;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error && current.cause instanceof Error; depth++) {
    current = current.cause;
  }
  return current;
}

/** Of a server that is overloaded, restarts, or stands behind a proxy that could not reach it; 529 is Anthropic's. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 529]);

/** OpenAI's word for an account without money, told as a limited rate: it does not pass until somebody pays. */
const OUT_OF_QUOTA = /"(code|type)"\s*:\s*"insufficient_quota"/;

function fromStatus(answer: UpstreamStatus, upstream: Upstream, model: string): ProviderFailure {
  const body = toBeRead(answer.body);
  const category = categoryOf(answer.status, body.toLowerCase());
  const lacking = category === "bad_request" ? lackingCapability(body, model) : null;
  const failure = { category, message: lacking ?? messageFor(category, answer.status, upstream, model) };
  if (category === "upstream_error" && isOfRequest(answer.status)) return { ...failure, ofRequest: true };
  if (!TRANSIENT_STATUSES.has(answer.status)) return failure;
  const retryAfterMs = readRetryAfter(answer.headers);
  if (retryAfterMs === null && OUT_OF_QUOTA.test(body)) return failure;
  return { ...failure, transient: true, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
}

/** Of what is asked and not of who pays: any caller can bring it on, as by an endpoint that this provider lacks. */
const isOfRequest = (status: number): boolean => status >= 400 && status < 500 && status !== 402;

/** An error says what it is at its beginning; what is behind it may be the whole prompt, or an attack on our time. */
const MAX_READ_CHARS = 64 * 1024;
const toBeRead = (text: string): string => text.slice(0, MAX_READ_CHARS);

/** Ollama's word for what a model cannot do, in ours; what else it says is not repeated. */
function lackingCapability(body: string, model: string): string | null {
  const named = /does not support (tools|thinking|insert|embeddings|vision|chat|generate)\b/.exec(body)?.[1];
  return named === undefined ? null : `The model "${model}" does not support ${named}.`;
}

/** What an error that came with the status of an answer, or inside one, means; `text` is not shown to anybody. */
export function failureInStream(text: string, upstream: Upstream, model: string): ProviderFailure {
  const body = toBeRead(text).toLowerCase();
  const named = namedIn(toBeRead(text));
  const category = named === null ? categoryInWords(body) : categoryOf(named, body);
  const message =
    category === "upstream_error"
      ? `${upstream.label} failed in the middle of its answer.`
      : messageFor(category, null, upstream, model);
  const isTransient =
    named === null
      ? category === "rate_limited" || (category === "upstream_error" && WORDS_OF_TROUBLE.test(body))
      : TRANSIENT_STATUSES.has(named);
  return { category, message, ...(isTransient ? { transient: true } : {}) };
}

function categoryInWords(body: string): FailureCategory {
  const invalid = categoryOfInvalid(body);
  if (invalid !== "bad_request") return invalid;
  return /rate.?limit|quota/.test(body) ? "rate_limited" : "upstream_error";
}

/** Of a server that is at fault itself, or overloaded, and may not be the next time. */
const WORDS_OF_TROUBLE =
  /overload|capacity|(server|internal).?error|had an error|unavailable|timed.?out|timeout|try again|busy/;

/** Words of OpenAI and Anthropic for refused credentials. */
const REFUSALS_OF_CREDENTIALS: ReadonlySet<unknown> = new Set([
  "invalid_api_key",
  "authentication_error",
  "permission_error",
]);

/**
 * The status that an error without one names, as OpenRouter's `code` does, or stands for; null where there is none. Its
 * fields are read and not its text, which may quote a caller: nobody shall make a provider's key look refused.
 */
function namedIn(text: string): number | null {
  const body = parseJson(text);
  if (!isJsonObject(body)) return null;
  const error: JsonObject = isJsonObject(body["error"]) ? body["error"] : body;
  const named = [error["code"], error["status"], error["status_code"], error["type"]];
  if (named.some((value) => REFUSALS_OF_CREDENTIALS.has(value))) return 401;
  return named.map(Number).find((value) => Number.isInteger(value) && value >= 400 && value < 600) ?? null;
}

/** The field, also of a body that was cut. No text of JSON that quotes a caller looks like it, since quotes are escaped. */
const MODEL_NOT_FOUND = /"code"\s*:\s*"model_not_found"/;

function categoryOf(status: number, body: string): FailureCategory {
  // OpenRouter's word for a prompt that moderation stopped is that of a refused key.
  if (status === 403 && /moderation|content.?(filter|policy)/.test(body)) return "content_filter";
  // OpenAI's word for a model that the key may not use: the others it may, so whoever names that one shuts nobody out.
  if (status === 403 && MODEL_NOT_FOUND.test(body)) return "model_not_found";
  if (status === 401 || status === 403) return "authentication";
  if (status === 408 || status === 504) return "timeout";
  if (status === 429) return "rate_limited";
  if (status === 404) return body.includes("model") ? "model_not_found" : "upstream_error";
  if (status === 400 || status === 413 || status === 422) return categoryOfInvalid(body);
  return "upstream_error";
}

/** Codes and words of OpenAI, llama.cpp, vLLM and Ollama for the invalid requests that a caller can do something about. */
function categoryOfInvalid(body: string): FailureCategory {
  const contextLength = ["context_length_exceeded", "exceed_context_size", "context length", "context size", "num_ctx"];
  if (contextLength.some((words) => body.includes(words))) return "context_length";
  if (/model\b.{0,200}\b(not found|does not exist)/.test(body)) return "model_not_found";
  if (body.includes("content_filter") || body.includes("content_policy_violation")) return "content_filter";
  return "bad_request";
}

function messageFor(category: FailureCategory, status: number | null, upstream: Upstream, model: string): string {
  const { label } = upstream;
  const told = status === null ? "in its answer" : `HTTP ${status}`;
  switch (category) {
    case "authentication":
      return `${label} refused the gateway's credentials (${told}). ${upstream.authenticationHint}`;
    case "timeout":
      return `${label} timed out (${told}).`;
    case "rate_limited":
      return `${label} limits the gateway's rate or quota (${told}). Try again later.`;
    case "model_not_found":
      return `${label} does not have the model "${model}". ${upstream.modelHint(model)}`;
    case "context_length":
      return `The prompt is longer than the context of the model "${model}".`;
    case "content_filter":
      return `${label} refused the request by its content filter.`;
    case "bad_request":
      return `${label} refused the request as invalid (${told}).`;
    default:
      return `${label} failed (${told}).`;
  }
}
