import { REASONS } from "../core/reasons.ts";
import type { AnswerError } from "../gateway/chat-result.ts";

/** The error object of the OpenAI protocol; its SDKs keep all four fields. */
export type OpenAiErrorBody = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
};

export function openAiErrorBody({
  code,
  message,
  field,
}: Pick<AnswerError, "code" | "message" | "field">): OpenAiErrorBody {
  const { compatible } = REASONS[code];
  return {
    error: { message, type: compatible?.type ?? "server_error", param: field, code: compatible?.code ?? code },
  };
}
