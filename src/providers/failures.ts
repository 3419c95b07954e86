import type { FailureCategory, ProviderFailure } from "../core/chat.ts";
import { BrokenAnswer, ResponseTooLarge, UpstreamStatus } from "./guarded-fetch.ts";

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
 * categories apart and goes no further: it may quote the prompt or a key.
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
  if (cause instanceof SyntaxError) return malformed(upstream);
  return {
    category: "unreachable",
    message: `${upstream.label} cannot be reached at ${new URL(upstream.baseUrl).origin}. ${upstream.unreachableHint}`,
  };
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
  const category = categoryOf(answer.status, answer.body.toLowerCase());
  return { category, message: messageFor(category, answer.status, upstream, model) };
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

function messageFor(category: FailureCategory, status: number, upstream: Upstream, model: string): string {
  const { label } = upstream;
  switch (category) {
    case "authentication":
      return `${label} refused the gateway's credentials (HTTP ${status}). ${upstream.authenticationHint}`;
    case "timeout":
      return `${label} timed out (HTTP ${status}).`;
    case "rate_limited":
      return `${label} limits the gateway's rate or quota (HTTP 429). Try again later.`;
    case "model_not_found":
      return `${label} does not have the model "${model}". ${upstream.modelHint(model)}`;
    case "context_length":
      return `The prompt is longer than the context of the model "${model}".`;
    case "content_filter":
      return `${label} refused the request by its content filter.`;
    case "bad_request":
      return `${label} refused the request as invalid (HTTP ${status}).`;
    default:
      return `${label} failed (HTTP ${status}).`;
  }
}
