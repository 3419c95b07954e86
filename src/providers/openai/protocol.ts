import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { NO_USAGE, type ProviderFailure, type Surface, type Usage } from "../../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { malformedEnd, type Upstream } from "../failures.ts";
import { tokenCount } from "../token-count.ts";

/** What is read of the answers of the OpenAI protocol; whatever else they hold is let be. */

const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const AnyObject = Type.Unsafe<JsonObject>(Type.Object({}));

/** More choices or calls than anybody asks for; a bound, since they are counted. */
const Index = Type.Integer({ minimum: 0, maximum: 65_535 });
/** A missing `index` is 0, as servers with one choice leave it out. */
const Choice = { index: Type.Optional(Index), finish_reason: maybe(Type.String()) };
const Logprobs = maybe(Type.Object({ content: maybe(Type.Array(AnyObject)) }));

/** Whatever it is, it is no reason to refuse the answer beside it: see `usageOf`. */
const Reported = Type.Optional(Type.Unsafe<JsonValue>(Type.Unknown()));

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
  usage: Reported,
});

/** `POST /chat/completions`, translated. */
export const ChatAnswer = Type.Object({
  ...Head,
  choices: Type.Array(Type.Object({ ...Choice, message: Message, logprobs: Logprobs }), { minItems: 1 }),
  usage: Reported,
});
export type ChatAnswer = Static<typeof ChatAnswer>;

/** `POST /completions`. */
export const CompletionAnswer = Type.Object({
  ...Head,
  choices: Type.Array(Type.Object({ ...Choice, text: Type.String() }), { minItems: 1 }),
  usage: Reported,
});
export type CompletionAnswer = Static<typeof CompletionAnswer>;

/** `POST /embeddings`, handed on: floats, or base64 where the client asked for it. */
export const EmbeddingDocument = Type.Object({
  model: maybe(Type.String()),
  data: Type.Array(Type.Object({ embedding: Type.Union([Type.Array(Type.Number()), Type.String()]) }), { minItems: 1 }),
  usage: Reported,
});

/** `POST /embeddings` with `encoding_format: "float"`. */
export const EmbeddingAnswer = Type.Object({
  model: maybe(Type.String()),
  data: Type.Array(Type.Object({ index: Type.Optional(Type.Integer()), embedding: Type.Array(Type.Number()) })),
  usage: Reported,
});
export type EmbeddingAnswer = Static<typeof EmbeddingAnswer>;

const EventHead = {
  ...Head,
  object: Type.Optional(Type.Unsafe<JsonValue>(Type.Unknown())),
  created: maybe(Type.Number()),
  usage: Reported,
};

/** An event of a stream that is handed on: what its choices say is the client's to understand. */
const RawChoice = Type.Object({ ...Choice, delta: Reported, text: Reported, message: Reported });
export type RawChoice = Static<typeof RawChoice>;
export const RawEvent = Type.Object({ ...EventHead, choices: maybe(Type.Array(RawChoice)) });
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
const toolCallPieces = TypeCompiler.Compile(Type.Array(ToolCallPiece));
const rawEvent = TypeCompiler.Compile(RawEvent);
const translatedEvent = TypeCompiler.Compile(TranslatedEvent);
export const isToolCallPieces = (value: JsonValue | undefined): value is ToolCallPiece[] & JsonValue =>
  toolCallPieces.Check(value);
export const isRawEvent = (value: JsonValue | undefined): value is RawEvent & JsonObject => rawEvent.Check(value);
export const isTranslatedEvent = (value: JsonValue | undefined): value is Static<typeof TranslatedEvent> & JsonObject =>
  translatedEvent.Check(value);

/** Whether a choice of such an event says more than who speaks, and how the answer ended. */
export function hasContent({ delta, text, message }: RawChoice): boolean {
  if (isFilled(text) || isFilled(message)) return true;
  return isJsonObject(delta) && Object.entries(delta).some(([name, value]) => name !== "role" && isFilled(value));
}

const isFilled = (value: JsonValue | undefined): boolean =>
  isGiven(value) && value !== "" && !(Array.isArray(value) && value.length === 0);

/** Whether the client speaks this protocol too, on an endpoint that the provider has: then bodies go through as they are. */
export function speaksOpenAi(surface: Surface): boolean {
  return surface === "openai_chat" || surface === "openai_completions" || surface === "openai_embeddings";
}

/** Each count for itself; embeddings count the prompt alone. */
export function usageOf(usage: JsonValue | undefined): Usage {
  if (!isJsonObject(usage)) return NO_USAGE;
  return { promptTokens: tokenCount(usage["prompt_tokens"]), completionTokens: tokenCount(usage["completion_tokens"]) };
}

/**
 * The words that say how an answer ended: OpenAI's, and those that other servers have for the same. The set is closed,
 * since a word outside it may mean as well that the answer broke off, as `abort` and `insufficient_system_resource` do.
 */
const FINISH_REASONS: ReadonlyMap<string, string> = new Map([
  ["stop", "stop"],
  ["eos", "stop"],
  ["eos_token", "stop"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["tool_calls", "tool_calls"],
  ["tool_use", "tool_calls"],
  ["function_call", "tool_calls"],
  ["content_filter", "content_filter"],
]);

/** OpenAI's word where it has one, else the server's. Null where there is none yet: some servers say so by "". */
export function finishReasonOf(reason: string | null | undefined): string | null {
  return reason ? (FINISH_REASONS.get(reason) ?? reason) : null;
}

/**
 * Why an answer must not be given in the gateway's words, going by what `finishReasonOf` says of its end; null where it
 * may. A client of the server's own protocol reads the server's word itself, so for that one it is not asked.
 */
export function endFailure(reason: string | null, surface: Surface, upstream: Upstream): ProviderFailure | null {
  if (reason === null || !FINISH_REASONS.has(reason)) return malformedEnd(upstream);
  if (reason !== "content_filter" || surface !== "native") return null;
  return { category: "content_filter", message: `${upstream.label} cut the answer by its content filter.` };
}

/**
 * What an answer or an event says of an error, to be read for its category and shown to nobody; null where it tells of
 * none. OpenRouter does so by a finish reason, too; vLLM and FastAPI by a `message` or a `detail` in place of an answer,
 * which stands in `answerField`.
 */
export function faultOf(body: JsonObject, answerField: "choices" | "data" = "choices"): string | null {
  const { error, choices, object, message, detail, type, code, usage } = body;
  if (isGiven(error)) return JSON.stringify(error);
  const failed: JsonValue | undefined = Array.isArray(choices) ? choices.find(isFailed) : undefined;
  if (isJsonObject(failed)) return JSON.stringify(failed["error"] ?? "");
  const given = body[answerField];
  const { promptTokens, completionTokens } = usageOf(usage);
  const isAnswer = (Array.isArray(given) && given.length > 0) || promptTokens !== null || completionTokens !== null;
  if (object !== "error" && (isAnswer || !(isGiven(message) || isGiven(detail)))) return null;
  return JSON.stringify({ message, detail, type, code });
}

const isFailed = (choice: JsonValue): boolean => isJsonObject(choice) && choice["finish_reason"] === "error";

const isGiven = (value: JsonValue | undefined): boolean => value !== undefined && value !== null;
