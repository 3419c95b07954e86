import type { ProviderId } from "./decision.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** What a client asks of a model, in the gateway's own words; every surface translates into this and back. */

/** The HTTP surface a request came in by; a closed set, so it may be a label and a column. */
export const SURFACES = [
  "native",
  "openai_chat",
  "openai_completions",
  "openai_embeddings",
  "openai_responses",
  "ollama_chat",
  "ollama_generate",
  "ollama_embed",
  "ollama_embeddings",
] as const;
export type Surface = (typeof SURFACES)[number];

export type ChatRequest = {
  readonly surface: Surface;
  /**
   * The client's body, whole and as it was sent. All of it is scanned, and a provider that speaks the client's own
   * protocol gets it, with the fields that nobody here understands.
   */
  readonly body: JsonObject;
  /** What the body asks for, in the gateway's words: all that a provider of another protocol gets. */
  readonly task: Task;
  /** The model as the client names it: a wish that policy may overrule, never a way around it. Null for `auto`. */
  readonly wish: string | null;
  readonly streamed: boolean;
  /**
   * Fields of `body` that `task` does not carry, named as `messages[2].audio`: a provider of another protocol would
   * have to drop them, so it refuses the request by the first.
   */
  readonly untranslated: readonly string[];
};

/** A wish as it is read where it is known which providers there are. */
export type ModelWish = {
  /** Where the client said so, as in `openai/gpt-4o`. */
  readonly provider: ProviderId | null;
  readonly model: string;
};

export type Task = ChatTask | CompletionTask | EmbeddingTask;
export const TASKS = ["chat", "completion", "embedding"] as const satisfies readonly Task["kind"][];

export type ChatTask = {
  readonly kind: "chat";
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  /** Null where the client said nothing. */
  readonly toolChoice: "auto" | "none" | "required" | { readonly name: string } | null;
  /** Whether the model may call several tools at once; null where the client said nothing, and then it may. */
  readonly parallelToolCalls: boolean | null;
  readonly format: AnswerFormat | null;
  readonly sampling: Sampling;
  /** How much the model is to think before it answers; `on` is Ollama's `think: true`. Null: as the model does. */
  readonly thinking: (typeof EFFORTS)[number] | "on" | null;
};

export const EFFORTS = ["none", "low", "medium", "high"] as const;

/** A chat that asks for nothing but an answer. */
export const PLAIN_CHAT: Omit<ChatTask, "kind" | "messages" | "sampling"> = {
  tools: [],
  toolChoice: null,
  parallelToolCalls: null,
  format: null,
  thinking: null,
};

/** Text to be continued, without roles. */
export type CompletionTask = {
  readonly kind: "completion";
  readonly prompt: string;
  /** What is to follow the completion. */
  readonly suffix: string | null;
  readonly sampling: Sampling;
};

export type EmbeddingTask = {
  readonly kind: "embedding";
  readonly inputs: readonly string[];
  readonly dimensions: number | null;
};

export const CHAT_ROLES = ["system", "user", "assistant", "tool"] as const;
export type ChatRole = (typeof CHAT_ROLES)[number];

export type ChatMessage = {
  readonly role: ChatRole;
  readonly content: string | readonly Part[];
  /** What an assistant message shows of its thinking. */
  readonly thinking?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** On a message of the role `tool`: which call it answers, and the function's name where the client gives it. */
  readonly toolCallId?: string;
  readonly toolName?: string;
};

export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** Base64 without a data URL's head. `mediaType` such as `image/png`; null where the protocol names none. */
  | { readonly kind: "image"; readonly mediaType: string | null; readonly base64: string }
  /** What only the client's own protocol has: audio, files, images behind a URL. Always in `untranslated` too. */
  | { readonly kind: "other"; readonly original: JsonValue };

/** `arguments` is the text of a JSON object, as the model wrote it. */
export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string };

export type ToolDefinition = {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments; null for a function without any. */
  readonly parameters: JsonObject | null;
  readonly strict: boolean | null;
};

export type AnswerFormat =
  | { readonly kind: "json" }
  | {
      readonly kind: "json_schema";
      readonly name: string | null;
      readonly schema: JsonObject;
      readonly strict: boolean | null;
    };

/** Null where the client said nothing; then the model's own default holds. */
export type Sampling = {
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[] | null;
  readonly maxTokens: number | null;
  readonly frequencyPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly logprobs: boolean | null;
  readonly topLogprobs: number | null;
};

export const NO_SAMPLING: Sampling = {
  temperature: null,
  topP: null,
  seed: null,
  stop: null,
  maxTokens: null,
  frequencyPenalty: null,
  presencePenalty: null,
  logprobs: null,
  topLogprobs: null,
};

/** Tokens as the provider reported them; null where it reported none. */
export type Usage = { readonly promptTokens: number | null; readonly completionTokens: number | null };

export const NO_USAGE: Usage = { promptTokens: null, completionTokens: null };

/** One token of an answer as OpenAI and Ollama both write it: `{token, logprob, bytes, top_logprobs}`. */
export type Logprob = JsonObject;

/** A piece of an answer. Pieces of one tool call share its `index`; `id` and `name` come with the first of them. */
export type ContentChunk =
  | { readonly kind: "text"; readonly text: string; readonly logprobs?: readonly Logprob[] }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "tool_call"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: "tool_arguments"; readonly index: number; readonly text: string }
  | { readonly kind: "vectors"; readonly vectors: readonly (readonly number[])[] }
  /** Whole events of a stream, already in the client's own protocol: they go out as they are. */
  | { readonly kind: "raw"; readonly bytes: Uint8Array }
  /** A whole answer in the client's own protocol. */
  | { readonly kind: "document"; readonly body: JsonObject };

export type EndChunk = {
  readonly kind: "end";
  readonly model: string;
  /** `stop`, `length`, `tool_calls`, `content_filter`, or another word of the provider's. */
  readonly finishReason: string | null;
  readonly usage: Usage;
  /**
   * After `raw` chunks: the last events in the client's own protocol, from the finish reason on, kept back until the
   * outcome is on record. Holds the protocol's own end marker.
   */
  readonly tail?: Uint8Array;
  /** Events of the stream that were not in the protocol and were left out; the rest is complete. */
  readonly skippedEvents?: number;
};

/** Comes before anything that the model wrote, such as the event that names its role: another target may still answer. */
type Opening = { readonly opening?: true };
/** Whether the model is at work, as when it thinks and that is not shown; else somebody only keeps the connection open. */
type Begun = { readonly working?: true };

/**
 * What a provider yields. A good answer is any number of content chunks and exactly one `end`; a failed one ends with
 * exactly one `failure`. An iteration that stops without either was cut and is never presented as complete.
 * `usage` may come on the way, for the record of an answer that does not reach its end, and `alive` where the upstream
 * said something that is nothing to the client.
 */
export type Chunk =
  | (ContentChunk & Opening)
  | ({ readonly kind: "alive" } & Begun)
  | { readonly kind: "usage"; readonly usage: Usage }
  | EndChunk
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
  "not_local",
  "circuit_open",
  "paused",
  "busy",
] as const;
export type FailureCategory = (typeof FAILURE_CATEGORIES)[number];

/** `message` is ours, safe to show to a caller: it never quotes upstream text, content or credentials. */
export type ProviderFailure = {
  readonly category: FailureCategory;
  readonly message: string;
  /** How long the provider asked to be left alone, where it did. */
  readonly retryAfterMs?: number;
  /** It may pass: the same provider may be asked again. */
  readonly transient?: true;
  /** The provider does not take this request, as one of an endpoint that it lacks: nothing is said of others. */
  readonly ofRequest?: true;
  /** The request was not sent, for what has nothing to do with how the provider does. */
  readonly unasked?: true;
  /** What its caller is told that it is; left out, its category. */
  readonly toldAs?: FailureCategory;
};
