import type { FailureCategory, ProviderFailure } from "../core/chat.ts";
import { BrokenAnswer, ResponseTooLarge, Unreachable, UpstreamStatus } from "./guarded-fetch.ts";

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
    return { category: "malformed_response", message: `${upstream.label} broke off its answer.` };
  }
  // What the SDKs say of a body that is no JSON.
  if (cause instanceof SyntaxError) return malformed(upstream);
  if (!(cause instanceof Unreachable)) throw thrown;
  return {
    category: "unreachable",
    message: `${upstream.label} cannot be reached at ${new URL(upstream.baseUrl).origin}. ${upstream.unreachableHint}`,
  };
}

/** An answer that came whole as far as the network can tell, and has no word for its end, or one that nobody knows. */
export function malformedEnd(upstream: Upstream): ProviderFailure {
  return { category: "malformed_response", message: `${upstream.label} did not say whether its answer is complete.` };
}

export function malformed(upstream: Upstream): ProviderFailure {
  return { category: "malformed_response", message: `${upstream.label} sent an answer that is not in its protocol.` };
}

/** SDKs wrap what `fetch` throws, some more than once. */
function rootCause(thrown: unknown): unknown {
  let current = thrown;
  for (let depth = 0; depth < 8 && current instanceof Error && current.cause instanceof Error; depth++) {
    current = current.cause;
  }
  return current;
}

function fromStatus(answer: UpstreamStatus, upstream: Upstream, model: string): ProviderFailure {
  const body = toBeRead(answer.body);
  const category = categoryOf(answer.status, body.toLowerCase());
  const lacking = category === "bad_request" ? lackingCapability(body, model) : null;
  const failure = { category, message: lacking ?? messageFor(category, answer.status, upstream, model) };
  const retryAfterMs = readRetryAfter(answer.headers);
  return retryAfterMs === null ? failure : { ...failure, retryAfterMs };
}

/** An error says what it is at its beginning; what is behind it may be the whole prompt, or an attack on our time. */
const MAX_READ_CHARS = 64 * 1024;
const toBeRead = (text: string): string => text.slice(0, MAX_READ_CHARS);

/** Ollama's word for what a model cannot do, in ours; what else it says is not repeated. */
function lackingCapability(body: string, model: string): string | null {
  const named = /does not support (tools|thinking|insert|embeddings|vision|chat|generate)\b/.exec(body)?.[1];
  return named === undefined ? null : `The model "${model}" does not support ${named}.`;
}

/** Beyond it a provider's wish is not handed on: no caller waits for it, and a date may be wrong by any amount. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** `retry-after-ms` of OpenAI and Azure, else `retry-after` in seconds or as a date (RFC 9110, 10.2.3). */
export function readRetryAfter(headers: Headers, nowMs = Date.now()): number | null {
  const inMs = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  const given = headers.get("retry-after") ?? "";
  const inSeconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - nowMs;
  const waitMs = Math.ceil(Number.isFinite(inMs) ? inMs : inSeconds);
  return waitMs >= 0 && waitMs <= MAX_RETRY_AFTER_MS ? waitMs : null;
}

/** What an error that came inside a stream, without a status of its own, means; `text` is not shown to anybody. */
export function failureInStream(text: string, upstream: Upstream, model: string): ProviderFailure {
  const body = toBeRead(text).toLowerCase();
  const invalid = categoryOfInvalid(body);
  const category =
    invalid !== "bad_request" ? invalid : /rate.?limit|quota/.test(body) ? "rate_limited" : "upstream_error";
  const message =
    category === "upstream_error"
      ? `${upstream.label} failed in the middle of its answer.`
      : messageFor(category, null, upstream, model);
  return { category, message };
}

function categoryOf(status: number, body: string): FailureCategory {
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
