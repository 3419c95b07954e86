import type { ChatRequest } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { type Finding, type FindingGroup, groupOf, KEYWORD, OPAQUE_PART } from "../core/finding.ts";
import { promptTexts } from "../core/prompt.ts";
import { codePointCount } from "../core/text.ts";

/** What is no keyword and says nothing of the scanner itself. A group that comes to be is sensitive until it is here. */
const NOT_DATA: ReadonlySet<FindingGroup> = new Set(["keyword", "scan"]);

/** From here on the text is gone: what a decision sees are numbers, booleans and closed sets. */
export function extractFeatures(
  request: ChatRequest,
  findings: readonly Finding[],
  wishedProvider: ProviderId | null,
): Features {
  return {
    sensitiveKeyword: findings.some(({ code }) => code === KEYWORD),
    sensitiveData: findings.some(({ code }) => !NOT_DATA.has(groupOf(code))),
    budgetExceeded: findings.some(({ code }) => groupOf(code) === "scan" && code !== OPAQUE_PART),
    opaque: findings.some(({ code }) => code === OPAQUE_PART),
    task: request.task.kind,
    promptLength: promptTexts(request.task).reduce((sum, text) => sum + codePointCount(text), 0),
    wishedProvider,
  };
}
