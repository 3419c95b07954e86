import type { AnswerError } from "../../gateway/chat-result.ts";

/** An answer of a provider that the client's protocol cannot say. */
export const malformedAnswer = (message: string): AnswerError => ({
  code: "provider.malformed_response",
  message,
  field: null,
  retryAfterMs: null,
});
