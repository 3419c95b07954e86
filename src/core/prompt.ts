import type { ChatMessage, Task } from "./chat.ts";

/** All text of a request that is prompt: messages with their tool calls, a text to continue, or texts to embed. */
export function promptTexts(task: Task): readonly string[] {
  switch (task.kind) {
    case "chat":
      return task.messages.flatMap(messageTexts);
    case "completion":
      return task.suffix === null ? [task.prompt] : [task.prompt, task.suffix];
    case "embedding":
      return task.inputs;
  }
}

/** The text parts of a message, one after the other, on lines of their own unless told otherwise. */
export function textOf({ content }: Pick<ChatMessage, "content">, separator = "\n"): string {
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join(separator);
}

function messageTexts(message: ChatMessage): string[] {
  const calls = (message.toolCalls ?? []).map((call) => call.arguments);
  const thinking = message.thinking === undefined ? [] : [message.thinking];
  return [textOf(message), ...thinking, ...calls];
}

/** A text to continue or to embed counts as a message. */
export function messageCount(task: Task): number {
  return task.kind === "chat" ? task.messages.length : promptTexts(task).length;
}
