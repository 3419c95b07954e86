import type { ChatRequest } from "../core/chat.ts";
import type { Features } from "../core/features.ts";
import type { Finding } from "../core/finding.ts";
import { codePointCount } from "../core/text.ts";

/** From here on the text is gone: what a decision sees are numbers and booleans. */
export function extractFeatures(request: ChatRequest, findings: readonly Finding[]): Features {
  return {
    sensitiveKeyword: findings.some((finding) => finding.code === "keyword"),
    unscannable: findings.some((finding) => finding.code === "unscannable"),
    promptLength: request.messages.reduce((sum, message) => sum + codePointCount(message.content), 0),
  };
}
