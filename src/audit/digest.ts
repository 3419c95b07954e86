import { createHash, createHmac } from "node:crypto";
import canonicalize from "canonicalize";
import type { ChatMessage, Task } from "../core/chat.ts";
import { promptTexts, textOf } from "../core/prompt.ts";

/** A key for prompt digests; its id stands in every digest, so that keys can be rotated and destroyed. */
export type DigestKey = { readonly id: string; readonly secret: Uint8Array };

/** The id is a hash of the secret under a label of its own: it names the key and gives nothing of it away. */
export function digestKey(secret: Uint8Array): DigestKey {
  const id = createHash("sha256").update("policy-mesh digest key id\0").update(secret).digest("hex").slice(0, 16);
  return { id, secret };
}

/**
 * `hmac-sha256:<key id>:<64 hex digits>` over the RFC 8785 form of the prompt: a list of messages, each with `role` and
 * `content` and, where it has them, images and tool calls. A text to continue or to embed is a message of the user, so
 * the same text has the same digest whatever surface it came by. Keyed, because short prompts could be found by trial
 * from a bare hash.
 */
export function promptDigest(key: DigestKey, task: Task): string {
  const canonical = canonicalize(messagesOf(task));
  if (canonical === undefined) throw new Error("messages have no canonical form");
  return `hmac-sha256:${key.id}:${createHmac("sha256", key.secret).update(canonical).digest("hex")}`;
}

function messagesOf(task: Task): readonly unknown[] {
  if (task.kind === "chat") return task.messages.map(canonicalMessage);
  return promptTexts(task).map((content) => ({ role: "user", content }));
}

/** A message of text alone is `{role, content}`, with its parts joined as a provider would get them. */
function canonicalMessage(message: ChatMessage): unknown {
  const { role, content, thinking, toolCalls, toolCallId, toolName } = message;
  const isText = typeof content === "string" || content.every((part) => part.kind === "text");
  return { role, content: isText ? textOf(message) : content, ...given({ thinking, toolCalls, toolCallId, toolName }) };
}

/** The canonical form has no word for what is not there. */
function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
