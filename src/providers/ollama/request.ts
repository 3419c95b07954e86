import type {
  AnswerFormat,
  ChatMessage,
  ChatRequest,
  ChatTask,
  CompletionTask,
  EmbeddingTask,
  Sampling,
  Surface,
  Task,
  ToolDefinition,
} from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import { type JsonObject, type JsonValue, parseJsonObject } from "../../core/json.ts";
import { textOf } from "../../core/prompt.ts";
import { limitOllamaOptions, limitTask } from "../output-limit.ts";
import type { Endpoint } from "./client.ts";

/** One request to the server. */
export type Call = {
  readonly endpoint: Endpoint;
  readonly body: JsonObject;
  readonly streamed: boolean;
  /** The client speaks Ollama's protocol and gets the server's own words. */
  readonly ownProtocol: boolean;
  /** What was asked of an embedding whose answer is translated. */
  readonly embedding: EmbeddingTask | null;
};

const OWN_ENDPOINTS: Partial<Record<Surface, Endpoint>> = {
  ollama_chat: "chat",
  ollama_generate: "generate",
  ollama_embed: "embed",
  ollama_embeddings: "embeddings",
};

export const isOwnSurface = (surface: Surface): boolean => OWN_ENDPOINTS[surface] !== undefined;

export function toCall(request: ChatRequest, asking: Pick<AllowedTarget, "model" | "maxOutputTokens">): Call {
  const { model, maxOutputTokens } = asking;
  const own = OWN_ENDPOINTS[request.surface];
  const endpoint = own ?? endpointFor(request.task);
  const generates = endpoint === "chat" || endpoint === "generate";
  const streamed = request.streamed && generates;
  return {
    endpoint,
    streamed,
    ownProtocol: own !== undefined,
    embedding: own === undefined && request.task.kind === "embedding" ? request.task : null,
    body:
      own === undefined
        ? bodyFor(limitTask(request.task, maxOutputTokens), model, streamed)
        : asSent(request.body, model, streamed, generates ? maxOutputTokens : null),
  };
}

/**
 * The client's body with all that it has, as an Ollama client expects, its own or the server's way with a long prompt
 * included.
 * INVARIANT: `model` stands last, and options with policy's limit behind all of the client's. The server reads names in
 * any letter case and takes the last one, so that a `Model` after it would answer in place of the one that policy allowed.
 */
function asSent(body: JsonObject, model: string, streamed: boolean, maxOutputTokens: number | null): JsonObject {
  const { model: _wished, stream: _asked, ...rest } = body;
  if (maxOutputTokens === null) return { ...rest, stream: streamed, model };
  const { options, ...others } = rest;
  return { ...others, options: limitOllamaOptions(options, maxOutputTokens), stream: streamed, model };
}

const endpointFor = ({ kind }: Task): Endpoint =>
  kind === "chat" ? "chat" : kind === "completion" ? "generate" : "embed";

/**
 * Without `truncate: false` the server drops what does not fit its context and answers the rest as if nothing were
 * missing; without `shift: false` it forgets the beginning on the way and goes on, where other protocols end by length.
 */
const UNCUT = { truncate: false, shift: false };

function bodyFor(task: Task, model: string, stream: boolean): JsonObject {
  switch (task.kind) {
    case "chat":
      return { model, ...chatFields(task), stream, ...UNCUT };
    case "completion":
      return { model, ...completionFields(task), stream, ...UNCUT };
    case "embedding":
      return { model, ...given({ input: task.inputs, dimensions: task.dimensions }), truncate: false };
  }
}

function chatFields(task: ChatTask): JsonObject {
  const tools = task.toolChoice === "none" ? [] : task.tools.map(toTool);
  return given({
    messages: task.messages.map((message, at) => toMessage(message, task.messages.slice(0, at))),
    tools: tools.length > 0 ? tools : null,
    format: task.format === null ? null : toFormat(task.format),
    think: task.thinking === "on" ? true : task.thinking === "none" ? false : task.thinking,
    ...samplingFields(task.sampling),
  });
}

function completionFields({ prompt, suffix, sampling }: CompletionTask): JsonObject {
  return given({ prompt, suffix, ...samplingFields(sampling) });
}

function samplingFields(sampling: Sampling): JsonObject {
  const options = given({
    temperature: sampling.temperature,
    top_p: sampling.topP,
    seed: sampling.seed,
    stop: sampling.stop,
    num_predict: sampling.maxTokens,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
  });
  return {
    options: Object.keys(options).length > 0 ? options : null,
    logprobs: sampling.logprobs || null,
    top_logprobs: sampling.topLogprobs,
  };
}

function toMessage(message: ChatMessage, earlier: readonly ChatMessage[]): JsonObject {
  const images = imagesOf(message);
  const calls = (message.toolCalls ?? []).map((call) => ({
    id: call.id,
    function: { name: call.name, arguments: requireArguments(call.arguments) },
  }));
  return given({
    role: message.role,
    content: textOf(message),
    thinking: message.thinking ?? null,
    images: images.length > 0 ? images : null,
    tool_calls: calls.length > 0 ? calls : null,
    tool_name: message.role === "tool" ? (message.toolName ?? nameOfCall(message.toolCallId, earlier)) : null,
    tool_call_id: message.toolCallId ?? null,
  });
}

export function imagesOf({ content }: ChatMessage): readonly string[] {
  return typeof content === "string" ? [] : content.flatMap((part) => (part.kind === "image" ? [part.base64] : []));
}

/** Ollama's templates go by the function's name, which OpenAI's clients give only with the call. */
function nameOfCall(id: string | undefined, earlier: readonly ChatMessage[]): string | null {
  const calls = earlier.flatMap((message) => message.toolCalls ?? []);
  return calls.findLast((call) => call.id === id)?.name ?? null;
}

/** Null where the text is no JSON object. Blank text is a call without arguments: some models write it so. */
export function readArguments(text: string): JsonObject | null {
  return text.trim() === "" ? {} : parseJsonObject(text);
}

function requireArguments(text: string): JsonObject {
  const read = readArguments(text);
  if (read === null) throw new Error("a request that Ollama's protocol cannot carry was not refused");
  return read;
}

/** `strict` is left out: see `unsupportedField`. */
function toTool({ name, description, parameters }: ToolDefinition): JsonObject {
  const schema = parameters ?? { type: "object", properties: {} };
  return { type: "function", function: given({ name, description, parameters: schema }) };
}

const toFormat = (format: AnswerFormat): JsonValue => (format.kind === "json" ? "json" : format.schema);

/** Null means that nobody said anything. */
function given(fields: { readonly [name: string]: JsonValue }): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
