import type { ChatRequest } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { Finding } from "../core/finding.ts";
import { promptTexts } from "../core/prompt.ts";
import { codePointCount } from "../core/text.ts";

/** From here on the text is gone: what a decision sees are numbers, booleans and closed sets. */
export function extractFeatures(
  request: ChatRequest,
  findings: readonly Finding[],
  wishedProvider: ProviderId | null,
): Features {
  return {
    sensitiveKeyword: findings.some((finding) => finding.code === "keyword"),
    unscannable: findings.some((finding) => finding.code === "unscannable"),
    opaque: findings.some((finding) => finding.code === "opaque"),
    task: request.task.kind,
    promptLength: promptTexts(request.task).reduce((sum, text) => sum + codePointCount(text), 0),
    wishedProvider,
  };
}
