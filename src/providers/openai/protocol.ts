import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { NO_USAGE, type ProviderFailure, type Surface, type Usage } from "../../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Upstream } from "../failures.ts";
import { TokenCount } from "../token-count.ts";

/** What is read of the answers of the OpenAI protocol; whatever else they hold is let be. */

const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const AnyObject = Type.Unsafe<JsonObject>(Type.Object({}));

/** More choices or calls than anybody asks for; a bound, since they are counted. */
const Index = Type.Integer({ minimum: 0, maximum: 65_535 });
/** A missing `index` is 0, as servers with one choice leave it out. */
const Choice = { index: Type.Optional(Index), finish_reason: maybe(Type.String()) };
const Logprobs = maybe(Type.Object({ content: maybe(Type.Array(AnyObject)) }));

/** Embeddings count the prompt alone. */
const TokenCounts = Type.Object({ prompt_tokens: maybe(TokenCount), completion_tokens: maybe(TokenCount) });

export const ToolCallPiece = Type.Object({
  index: maybe(Index),
  id: maybe(Type.String()),
  function: maybe(Type.Object({ name: maybe(Type.String()), arguments: maybe(Type.String()) })),
});
export type ToolCallPiece = Static<typeof ToolCallPiece>;

/** A whole message or a piece of one. Thinking is no part of OpenAI's own protocol; servers name it in two ways. */
export const Message = Type.Object({
  content: maybe(Type.String()),
  refusal: maybe(Type.String()),
  reasoning_content: maybe(Type.String()),
  reasoning: maybe(Type.String()),
  tool_calls: maybe(Type.Array(ToolCallPiece)),
});
export type Message = Static<typeof Message>;

const Head = { id: maybe(Type.String()), model: maybe(Type.String()) };

/** `POST /chat/completions`, handed on: the message is the client's to understand. */
export const ChatDocument = Type.Object({
  ...Head,
  choices: Type.Array(Type.Object({ ...Choice, message: AnyObject }), { minItems: 1 }),
  usage: maybe(TokenCounts),
});

/** `POST /chat/completions`, translated. */
export const ChatAnswer = Type.Object({
  ...Head,
  choices: Type.Array(Type.Object({ ...Choice, message: Message, logprobs: Logprobs }), { minItems: 1 }),
  usage: maybe(TokenCounts),
});
export type ChatAnswer = Static<typeof ChatAnswer>;

/** `POST /completions`. */
export const CompletionAnswer = Type.Object({
  ...Head,
  choices: Type.Array(Type.Object({ ...Choice, text: Type.String() }), { minItems: 1 }),
  usage: maybe(TokenCounts),
});
export type CompletionAnswer = Static<typeof CompletionAnswer>;

/** `POST /embeddings`, handed on: floats, or base64 where the client asked for it. */
export const EmbeddingDocument = Type.Object({
  model: maybe(Type.String()),
  data: Type.Array(Type.Object({ embedding: Type.Union([Type.Array(Type.Number()), Type.String()]) }), { minItems: 1 }),
  usage: maybe(TokenCounts),
});

/** `POST /embeddings` with `encoding_format: "float"`. */
export const EmbeddingAnswer = Type.Object({
  model: maybe(Type.String()),
  data: Type.Array(Type.Object({ index: Type.Optional(Type.Integer()), embedding: Type.Array(Type.Number()) })),
  usage: maybe(TokenCounts),
});
export type EmbeddingAnswer = Static<typeof EmbeddingAnswer>;

const EventHead = {
  ...Head,
  created: maybe(Type.Number()),
  usage: Type.Optional(Type.Unknown()),
};

/** An event of a stream that is handed on. */
export const RawEvent = Type.Object({ ...EventHead, choices: maybe(Type.Array(Type.Object(Choice))) });
export type RawEvent = Static<typeof RawEvent>;

const ChoicePiece = Type.Object({
  ...Choice,
  delta: maybe(Message),
  text: maybe(Type.String()),
  logprobs: Logprobs,
});
export type ChoicePiece = Static<typeof ChoicePiece>;

/** An event of a stream that is translated. */
export const TranslatedEvent = Type.Object({ ...EventHead, choices: maybe(Type.Array(ChoicePiece)) });

/** Compiled, since each event of each stream is held to one of them. */
const rawEvent = TypeCompiler.Compile(RawEvent);
const translatedEvent = TypeCompiler.Compile(TranslatedEvent);
export const isRawEvent = (value: JsonValue | undefined): value is RawEvent & JsonObject => rawEvent.Check(value);
export const isTranslatedEvent = (value: JsonValue | undefined): value is Static<typeof TranslatedEvent> & JsonObject =>
  translatedEvent.Check(value);

/** Whether the client speaks this protocol too, on an endpoint that the provider has: then bodies go through as they are. */
export function speaksOpenAi(surface: Surface): boolean {
  return surface === "openai_chat" || surface === "openai_completions" || surface === "openai_embeddings";
}

/** What counts no tokens of its own accord gives none: a count that is wrong does not undo an answer that was given. */
export function usageOf(usage: unknown): Usage {
  if (!Value.Check(TokenCounts, usage)) return NO_USAGE;
  return { promptTokens: usage.prompt_tokens ?? null, completionTokens: usage.completion_tokens ?? null };
}

export const isUsage = (usage: unknown): boolean => typeof usage === "object" && usage !== null;

/** Null where there is none yet: some servers say so by an empty string. */
export function finishReasonOf(reason: string | null | undefined): string | null {
  if (reason === "function_call") return "tool_calls";
  return reason || null;
}

/** Undefined where the text is no JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/**
 * What an answer or an event says of an error, to be read for its category and shown to nobody; null where it tells of
 * none. OpenRouter does so by a finish reason, too.
 */
export function faultOf({ error, choices }: JsonObject): string | null {
  if (error !== undefined && error !== null) return JSON.stringify(error);
  if (!Array.isArray(choices)) return null;
  return choices.some((choice) => isJsonObject(choice) && choice["finish_reason"] === "error") ? "" : null;
}

export function cutByFilter(upstream: Upstream): ProviderFailure {
  return { category: "content_filter", message: `${upstream.label} cut the answer by its content filter.` };
}
