import type OpenAI from "openai";
import type {
  ChatMessage,
  ChatRequest,
  ChatTask,
  CompletionTask,
  EmbeddingTask,
  Part,
  Sampling,
  ToolDefinition,
} from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { limitOpenAiBody, limitTask } from "../output-limit.ts";
import { speaksOpenAi } from "./protocol.ts";

/** What a server of the protocol takes, where servers differ. */
export type Dialect = {
  /**
   * OpenAI's own models that think refuse `max_tokens`, and all of them take `max_completion_tokens`; other servers may
   * know only the former, and ignore what they do not know. To send both is an error at OpenAI.
   */
  readonly maxTokensField: "max_tokens" | "max_completion_tokens";
  /**
   * Whether a server is handed back what a model thought in earlier turns. OpenAI's has no field for it, and forgets the
   * thinking of earlier turns even where it was its own.
   */
  readonly readsThinking: boolean;
};

/** OpenAI makes as many tokens of a completion where nothing is said; other servers differ. */
const OPENAI_COMPLETION_TOKENS = 16;

/** What is asked of which model, and how much of it. */
type Asking = Pick<AllowedTarget, "model" | "maxOutputTokens">;

type UpstreamRequest = { readonly path: `/${string}`; readonly body: object };

const PATHS = { chat: "/chat/completions", completion: "/completions", embedding: "/embeddings" } as const;

/** A client's own body where it speaks the protocol, else one made of the task. Usage is asked of every stream. */
export function toUpstreamRequest(request: ChatRequest, asking: Asking, dialect: Dialect): UpstreamRequest {
  const { streamed } = request;
  const { model, maxOutputTokens } = asking;
  const task = limitTask(request.task, maxOutputTokens);
  const path = PATHS[task.kind];
  if (speaksOpenAi(request.surface)) {
    const { model: _wished, ...others } = limitedBody(request, maxOutputTokens, dialect);
    const streaming = task.kind === "embedding" ? {} : streamFields(request.body, streamed);
    // INVARIANT: the model stands last. A server written in Go takes `Model` for it too, and the last of both.
    return { path, body: { ...others, ...streaming, model } };
  }
  const streaming = streamed ? { stream: true, stream_options: { include_usage: true } } : {};
  return { path, body: { ...bodyOf(task, model, dialect), ...streaming } };
}

function limitedBody({ body, task }: ChatRequest, most: number | null, dialect: Dialect): JsonObject {
  if (most === null || task.kind === "embedding") return body;
  const isOpenAi = dialect.maxTokensField === "max_completion_tokens";
  // Completions are older than the newer field.
  return task.kind === "completion"
    ? limitOpenAiBody(body, most, {
        name: "max_tokens",
        alone: false,
        unsaid: isOpenAi ? OPENAI_COMPLETION_TOKENS : null,
      })
    : limitOpenAiBody(body, most, { name: dialect.maxTokensField, alone: isOpenAi, unsaid: null });
}

/** Whether the client is to get an event with usage; upstream is asked for it in any case. */
export function asksForUsage(body: JsonObject): boolean {
  const options = body["stream_options"];
  return isJsonObject(options) && options["include_usage"] === true;
}

/** How many answers the client asks for at once: `n` for each prompt. A server may give fewer. */
export function choicesAsked({ body, task }: ChatRequest): number {
  const { n, prompt } = body;
  const prompts =
    task.kind === "completion" && Array.isArray(prompt) && typeof prompt[0] !== "number" ? prompt.length : 1;
  return Math.max(1, prompts) * (typeof n === "number" && n > 1 ? n : 1);
}

function streamFields(body: JsonObject, streamed: boolean): JsonObject {
  if (!streamed) return { stream: false };
  const options = body["stream_options"];
  return { stream: true, stream_options: { ...(isJsonObject(options) ? options : {}), include_usage: true } };
}

function bodyOf(task: ChatTask | CompletionTask | EmbeddingTask, model: string, dialect: Dialect): object {
  switch (task.kind) {
    case "chat":
      return chatBody(task, model, dialect);
    case "completion":
      return completionBody(task, model);
    case "embedding":
      return embeddingBody(task, model);
  }
}

function chatBody(task: ChatTask, model: string, dialect: Dialect): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { sampling, tools, thinking } = task;
  return {
    model,
    messages: task.messages.map((message) => toMessage(message, dialect)),
    ...(tools.length > 0 ? { tools: tools.map(toTool) } : {}),
    ...toolChoice(task),
    ...(tools.length === 0 || task.parallelToolCalls === null ? {} : { parallel_tool_calls: task.parallelToolCalls }),
    ...responseFormat(task),
    ...samplingFields(sampling),
    ...(sampling.maxTokens === null ? {} : { [dialect.maxTokensField]: sampling.maxTokens }),
    ...(sampling.logprobs === null ? {} : { logprobs: sampling.logprobs }),
    ...(sampling.topLogprobs === null ? {} : { top_logprobs: sampling.topLogprobs }),
    // `none` is asked of no model: those that do not think refuse the field, and thoughts are left out of the answer.
    ...(thinking === "low" || thinking === "medium" || thinking === "high" ? { reasoning_effort: thinking } : {}),
  };
}

function completionBody(
  { prompt, suffix, sampling }: CompletionTask,
  model: string,
): OpenAI.CompletionCreateParamsNonStreaming {
  return {
    model,
    prompt,
    ...(suffix === null ? {} : { suffix }),
    ...samplingFields(sampling),
    ...(sampling.maxTokens === null ? {} : { max_tokens: sampling.maxTokens }),
  };
}

function embeddingBody({ inputs, dimensions }: EmbeddingTask, model: string): OpenAI.EmbeddingCreateParams {
  return { model, input: [...inputs], encoding_format: "float", ...(dimensions === null ? {} : { dimensions }) };
}

/** The fields that chat and completions share. */
function samplingFields(sampling: Sampling) {
  return {
    ...(sampling.temperature === null ? {} : { temperature: sampling.temperature }),
    ...(sampling.topP === null ? {} : { top_p: sampling.topP }),
    ...(sampling.seed === null ? {} : { seed: sampling.seed }),
    ...(sampling.stop === null ? {} : { stop: [...sampling.stop] }),
    ...(sampling.frequencyPenalty === null ? {} : { frequency_penalty: sampling.frequencyPenalty }),
    ...(sampling.presencePenalty === null ? {} : { presence_penalty: sampling.presencePenalty }),
  };
}

/** Without tools a choice of none of them, or of any, is no choice, and OpenAI refuses the field. */
function toolChoice({ tools, toolChoice: choice }: ChatTask): Pick<OpenAI.ChatCompletionCreateParams, "tool_choice"> {
  if (choice === null || (tools.length === 0 && (choice === "auto" || choice === "none"))) return {};
  return { tool_choice: typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } } };
}

function responseFormat({ format }: ChatTask): Pick<OpenAI.ChatCompletionCreateParams, "response_format"> {
  if (format === null) return {};
  if (format.kind === "json") return { response_format: { type: "json_object" } };
  const { name, schema, strict } = format;
  // OpenAI insists on a name; only OpenAI clients have one to give.
  const jsonSchema = { name: name ?? "answer", schema, ...(strict === null ? {} : { strict }) };
  return { response_format: { type: "json_schema", json_schema: jsonSchema } };
}

function toTool({ name, description, parameters, strict }: ToolDefinition): OpenAI.ChatCompletionFunctionTool {
  return {
    type: "function",
    function: {
      name,
      ...(description === null ? {} : { description }),
      ...(parameters === null ? {} : { parameters }),
      ...(strict === null ? {} : { strict }),
    },
  };
}

function toMessage(message: ChatMessage, { readsThinking }: Dialect): OpenAI.ChatCompletionMessageParam {
  const { content } = message;
  switch (message.role) {
    case "system":
      return { role: "system", content: textContent(content) };
    case "user":
      return { role: "user", content: typeof content === "string" ? content : content.flatMap(toPart) };
    case "tool":
      return { role: "tool", content: textContent(content), tool_call_id: message.toolCallId ?? "" };
    case "assistant":
      return toAssistantMessage(message, readsThinking);
  }
}

function toAssistantMessage({ content, thinking, toolCalls = [] }: ChatMessage, readsThinking: boolean) {
  const said = textContent(content);
  const message: OpenAI.ChatCompletionAssistantMessageParam & { reasoning_content?: string } = {
    role: "assistant",
    content: toolCalls.length > 0 && said.length === 0 ? null : said,
    ...(readsThinking && thinking !== undefined ? { reasoning_content: thinking } : {}),
  };
  if (toolCalls.length === 0) return message;
  const calls = toolCalls.map((call) => ({
    type: "function" as const,
    id: call.id,
    function: { name: call.name, arguments: call.arguments },
  }));
  return { ...message, tool_calls: calls };
}

function textContent(content: ChatMessage["content"]) {
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.kind === "text" ? [{ type: "text" as const, text: part.text }] : []));
}

/** Parts of other kinds are in the request's `untranslated`, so such a request does not come this far. */
function toPart(part: Part): OpenAI.ChatCompletionContentPart[] {
  if (part.kind === "text") return [{ type: "text", text: part.text }];
  if (part.kind === "other") return [];
  // Ollama's protocol does not say; where the bytes do not show it either, this is as good a guess as any.
  const mediaType = part.mediaType ?? "image/png";
  return [{ type: "image_url", image_url: { url: `data:${mediaType};base64,${part.base64}` } }];
}
