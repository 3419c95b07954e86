import { createHash, createHmac } from "node:crypto";
import canonicalize from "canonicalize";
import type { ChatMessage } from "../core/chat.ts";

/** A key for prompt digests; its id stands in every digest, so that keys can be rotated and destroyed. */
export type DigestKey = { readonly id: string; readonly secret: Uint8Array };

/** The id is a hash of the secret under a label of its own: it names the key and gives nothing of it away. */
export function digestKey(secret: Uint8Array): DigestKey {
  const id = createHash("sha256").update("policy-mesh digest key id\0").update(secret).digest("hex").slice(0, 16);
  return { id, secret };
}

/**
 * `hmac-sha256:<key id>:<64 hex digits>` over the RFC 8785 form of the messages. Keyed, because short prompts could
 * be found by trial from a bare hash.
 */
export function promptDigest(key: DigestKey, messages: readonly ChatMessage[]): string {
  const canonical = canonicalize(messages.map(({ role, content }) => ({ role, content })));
  if (canonical === undefined) throw new Error("messages have no canonical form");
  return `hmac-sha256:${key.id}:${createHmac("sha256", key.secret).update(canonical).digest("hex")}`;
}
