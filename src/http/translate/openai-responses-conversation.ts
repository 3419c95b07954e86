import type { ChatMessage, Part, ToolCall } from "../../core/chat.ts";

type Draft = { thinking: string; content: string | readonly Part[] | null; readonly toolCalls: ToolCall[] };

/**
 * Gathers items into messages. What follows a call belongs to the same message until something else comes, since the
 * other protocols want a call's result right after the message that makes the call.
 */
export class Conversation {
  readonly #messages: ChatMessage[] = [];
  readonly #callNames = new Map<string, string>();
  #draft: Draft | null = null;

  nameOfCall(id: string): string | null {
    return this.#callNames.get(id) ?? null;
  }

  addMessage(message: ChatMessage): void {
    this.#close();
    this.#messages.push(message);
  }

  addThinking(text: string): void {
    const draft = this.#open();
    draft.thinking += text;
  }

  addAnswer(content: string | readonly Part[]): void {
    const draft = this.#open();
    draft.content = draft.content === null ? content : [...toParts(draft.content), ...toParts(content)];
  }

  addCall(call: ToolCall): void {
    this.#callNames.set(call.id, call.name);
    this.#draft ??= emptyDraft();
    this.#draft.toolCalls.push(call);
  }

  messages(): readonly ChatMessage[] {
    this.#close();
    return this.#messages;
  }

  /** A text or thought after a text begins a message of its own, unless calls wait for their results. */
  #open(): Draft {
    if (this.#draft !== null && this.#draft.content !== null && this.#draft.toolCalls.length === 0) this.#close();
    this.#draft ??= emptyDraft();
    return this.#draft;
  }

  #close(): void {
    if (this.#draft === null) return;
    const { thinking, content, toolCalls } = this.#draft;
    this.#draft = null;
    this.#messages.push({
      role: "assistant",
      content: content ?? "",
      ...(thinking !== "" && { thinking }),
      ...(toolCalls.length > 0 && { toolCalls }),
    });
  }
}

const emptyDraft = (): Draft => ({ thinking: "", content: null, toolCalls: [] });

const toParts = (content: string | readonly Part[]): readonly Part[] =>
  typeof content === "string" ? [{ kind: "text", text: content }] : content;
