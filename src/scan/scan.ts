import type { ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { fold } from "./fold.ts";

export type CompiledScan = {
  /** Folded, non-empty, without duplicates. */
  readonly keywords: readonly string[];
};

export function compileScan(keywords: readonly string[]): CompiledScan {
  const folded = keywords.map((keyword) => fold(keyword.trim())).filter((keyword) => keyword !== "");
  return { keywords: [...new Set(folded)] };
}

/** Looks through every message of every role, not only the last of the user. Pure. */
export function scan(request: ChatRequest, compiled: CompiledScan): Finding[] {
  if (compiled.keywords.length === 0) return [];
  return request.messages.flatMap((message, index): Finding[] => {
    const text = fold(message.content);
    const count = compiled.keywords.filter((keyword) => text.includes(keyword)).length;
    return count === 0 ? [] : [{ code: "keyword", path: `/messages/${index}/content`, count }];
  });
}
