import type { Chunk, Logprob } from "../../core/chat.ts";
import type { Message } from "./protocol.ts";
import type { ToolCalls } from "./tool-calls.ts";

/**
 * A message, or a piece of one, in the gateway's words: thinking, then text, then tool calls. Null where it is not in
 * the protocol. A refusal of the model is text like any other.
 */
export function messageChunks(
  message: Message,
  logprobs: readonly Logprob[],
  calls: ToolCalls,
  showThinking: boolean,
): Chunk[] | null {
  const chunks: Chunk[] = [];
  const thinking = message.reasoning_content || message.reasoning || "";
  const text = message.content || message.refusal || "";
  if (showThinking && thinking.length > 0) chunks.push({ kind: "thinking", text: thinking });
  if (text.length > 0 || logprobs.length > 0) {
    chunks.push({ kind: "text", text, ...(logprobs.length > 0 ? { logprobs } : {}) });
  }
  for (const piece of message.tool_calls ?? []) {
    const ofCall = calls.chunks(piece);
    if (ofCall === null) return null;
    chunks.push(...ofCall);
  }
  return chunks;
}
