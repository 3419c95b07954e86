import type { ChatRequest, ChatTask, CompletionTask, EmbeddingTask } from "../../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { isOwnSurface, readArguments } from "./request.ts";

/**
 * The first field, by the client's own name for it, that Ollama has no means for. Images and thinking are for the model
 * to say. A tool's `strict` is let be: it is about how closely arguments keep to the schema, which Ollama leaves to the
 * model, and several SDKs set it on every tool; a caller has to check arguments anyway.
 */
export function unsupportedField(request: ChatRequest): string | null {
  if (isOwnSurface(request.surface)) return null;
  const [untranslated] = request.untranslated;
  if (untranslated !== undefined) return untranslated;
  const { task, body } = request;
  switch (task.kind) {
    case "chat":
      return unsupportedInChat(task, body) ?? unsupportedLimit(task, body);
    case "completion":
      // Ollama takes an empty prompt for the wish to load the model, and answers nothing.
      return task.prompt === "" ? "prompt" : unsupportedLimit(task, body);
    case "embedding":
      return unsupportedInput(task, body);
  }
}

function unsupportedInChat(task: ChatTask, body: JsonObject): string | null {
  const { toolChoice, format, tools } = task;
  if (toolChoice === "required" || isNamed(toolChoice)) return "tool_choice";
  const mayCall = tools.length > 0 && toolChoice !== "none";
  if (mayCall && task.parallelToolCalls === false) return "parallel_tool_calls";
  // A format binds the answer from its first token on, so that no tool could be called.
  if (mayCall && format !== null) {
    return firstIn(body, ["response_format", "format"]) ?? ("text" in body ? "text.format" : "response_format");
  }
  return unsupportedArguments(task, body);
}

const isNamed = (choice: ChatTask["toolChoice"]): boolean => choice !== null && typeof choice === "object";

function unsupportedArguments(task: ChatTask, body: JsonObject): string | null {
  for (const [at, message] of task.messages.entries()) {
    const call = (message.toolCalls ?? []).findIndex((made) => readArguments(made.arguments) === null);
    if (call !== -1) return argumentsInItems(body["input"]) ?? `messages[${at}].tool_calls[${call}].function.arguments`;
  }
  return null;
}

/** The Responses protocol has calls as items of `input`, not of messages. */
function argumentsInItems(input: JsonValue | undefined): string | null {
  if (!Array.isArray(input)) return null;
  const at = input.findIndex((item: JsonValue) => {
    const written = isJsonObject(item) && item["type"] === "function_call" ? item["arguments"] : undefined;
    return typeof written === "string" && readArguments(written) === null;
  });
  return at === -1 ? null : `input[${at}].arguments`;
}

/** To Ollama nothing at all and less are a wish for an answer without limit. */
function unsupportedLimit({ sampling }: ChatTask | CompletionTask, body: JsonObject): string | null {
  if (sampling.maxTokens === null || sampling.maxTokens > 0) return null;
  return firstIn(body, ["max_completion_tokens", "max_output_tokens"]) ?? "max_tokens";
}

/** Ollama fails at a text without any token. */
function unsupportedInput({ inputs }: EmbeddingTask, body: JsonObject): string | null {
  const at = inputs.indexOf("");
  if (at === -1) return null;
  return Array.isArray(body["input"]) ? `input[${at}]` : "input";
}

const firstIn = (body: JsonObject, names: readonly string[]): string | null =>
  names.find((name) => body[name] !== undefined && body[name] !== null) ?? null;
