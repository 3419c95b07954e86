import type { ChatMessage, ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { fold } from "./fold.ts";

export type CompiledScan = {
  /** Folded, non-empty, without duplicates. */
  readonly keywords: readonly string[];
};

/** A keyword that cannot be folded can be in no text that can, so it is dropped. */
export function compileScan(keywords: readonly string[]): CompiledScan {
  const folded = keywords.map((keyword) => fold(keyword.trim()) ?? "").filter((keyword) => keyword !== "");
  return { keywords: [...new Set(folded)] };
}

/**
 * Looks through every message of every role, not only the last of the user. Pure, and never throws: what cannot be
 * scanned is a finding of its own.
 */
export function scan(request: ChatRequest, compiled: CompiledScan): Finding[] {
  if (compiled.keywords.length === 0) return [];
  return request.messages.flatMap((message, index) => {
    const code = scanMessage(message, compiled);
    return code === null ? [] : [{ code, path: `/messages/${index}/content` }];
  });
}

function scanMessage(message: ChatMessage, { keywords }: CompiledScan): Finding["code"] | null {
  const text = fold(message.content);
  if (text === null) return "unscannable";
  return keywords.some((keyword) => text.includes(keyword)) ? "keyword" : null;
}
