import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { speaksOpenAi } from "./protocol.ts";

/** The first field of a request that the protocol has no place for, by the name that the client of its surface knows. */
export function firstUnsupported(request: ChatRequest): string | null {
  if (speaksOpenAi(request.surface)) return null;
  return request.untranslated[0] ?? unsupportedOfTask(request);
}

function unsupportedOfTask({ surface, task }: ChatRequest): string | null {
  if (task.kind === "embedding") return null;
  if (task.kind === "completion") {
    // The older endpoint gives them without the bytes of the tokens, so that they cannot be told in another protocol.
    return task.sampling.logprobs === true ? "logprobs" : null;
  }
  for (const [index, message] of task.messages.entries()) {
    const field = unsupportedOfMessage(message);
    if (field === "images" && surface !== "ollama_chat") return "messages";
    if (field !== null) return `messages[${index}].${field}`;
  }
  // OpenAI's models think as much as they are told to, not whether to.
  return task.thinking === "on" ? "think" : null;
}

function unsupportedOfMessage(message: ChatMessage): string | null {
  if (message.role === "tool" && message.toolCallId === undefined) return "tool_call_id";
  const showsImage = typeof message.content !== "string" && message.content.some((part) => part.kind === "image");
  return showsImage && message.role !== "user" ? "images" : null;
}
