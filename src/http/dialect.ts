import { type ErrorReason, REASONS } from "../core/reasons.ts";
import type { AnswerError, AnswerHead } from "../gateway/chat-result.ts";
import { openAiErrorBody } from "./openai-error.ts";
import { nativeRefusal } from "./translate/native.ts";

/** How the clients of a route are told that something went wrong. */
export type Dialect = {
  readonly statusOf: (code: ErrorReason) => number;
  /** Before a decision. */
  readonly problem: (requestId: string, error: AnswerError) => unknown;
  /** After one. */
  readonly refusal: (head: AnswerHead, error: AnswerError) => unknown;
};

export const NATIVE: Dialect = {
  statusOf: (code) => REASONS[code].status ?? 500,
  problem: (requestId, { code, message, field }) => ({ request_id: requestId, error: { code, message, field } }),
  refusal: nativeRefusal,
};

const compatibleStatus = (code: ErrorReason): number => REASONS[code].compatible?.status ?? 500;

export const OPENAI: Dialect = {
  statusOf: compatibleStatus,
  problem: (_, error) => openAiErrorBody(error),
  refusal: (_, error) => openAiErrorBody(error),
};

export const OLLAMA: Dialect = {
  statusOf: compatibleStatus,
  problem: (_, { message }) => ({ error: message }),
  refusal: (_, { message }) => ({ error: message }),
};

/** With what the gateway does not serve of the protocol, so that its clients read why. */
const OPENAI_PATHS =
  /^\/v1\/(chat\/completions|completions|embeddings|responses|models|files|uploads|images|audio|videos|moderations|batches|fine_tuning|assistants|threads|vector_stores|conversations|realtime|evals|organization)(\/|$)/;

/** By the path, so that what goes wrong before a route is found is told in its clients' words too. */
export function dialectOf(path: string): Dialect {
  if (OPENAI_PATHS.test(path)) return OPENAI;
  return path === "/" || path.startsWith("/api/") ? OLLAMA : NATIVE;
}
