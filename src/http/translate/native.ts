import type { ChatRequest } from "../../core/chat.ts";
import { NO_SAMPLING, PLAIN_CHAT } from "../../core/chat.ts";
import { wishOf } from "../../core/models.ts";
import type { Answer, AnswerError, AnswerHead } from "../../gateway/chat-result.ts";
import { type ChatAnswer, ChatBody } from "../schemas/chat.ts";
import { serverSentEvent } from "../sse.ts";
import type { StreamEncoder, SurfaceTranslation } from "../surface.ts";

/** `POST /v1/chat`, the gateway's native surface. */
export const nativeChat: SurfaceTranslation<typeof ChatBody> = {
  body: ChatBody,
  toRequest,
  toAnswer: (answer, { head }) => nativeAnswer({ ...head, model: answer.model }, answer),
  toStream: ({ head }) => nativeStream(head),
};

function toRequest(body: ChatBody): ChatRequest {
  return {
    surface: "native",
    body,
    task: { ...PLAIN_CHAT, kind: "chat", messages: body.messages, sampling: NO_SAMPLING },
    wish: wishOf(body.model),
    streamed: body.stream === true,
    untranslated: [],
  };
}

function nativeAnswer(head: AnswerHead, answer: Answer): ChatAnswer {
  return {
    ...nativeHead(head),
    content: answer.content,
    finish_reason: answer.finishReason,
    usage: { prompt_tokens: answer.usage.promptTokens, completion_tokens: answer.usage.completionTokens },
    error: null,
  };
}

/** The same shape for a request that was decided and has no answer. */
export function nativeRefusal(head: AnswerHead, { code, message }: AnswerError): ChatAnswer {
  return {
    ...nativeHead(head),
    content: null,
    finish_reason: null,
    usage: { prompt_tokens: null, completion_tokens: null },
    error: { code, message },
  };
}

const nativeHead = ({ requestId, provider, model, reasonCodes }: AnswerHead) => ({
  request_id: requestId,
  provider,
  model,
  reason_codes: [...reasonCodes],
});

function nativeStream(head: AnswerHead): StreamEncoder {
  return {
    contentType: "text/event-stream; charset=utf-8",
    ping: ": ping\n\n",
    open: () => serverSentEvent(nativeHead(head), "decision"),
    // There is nothing but text to show: the native surface asks for no tools and shows no thinking.
    chunk: (chunk) => (chunk.kind === "text" ? serverSentEvent({ content: chunk.text }, "delta") : ""),
    end: ({ model, finishReason, usage }) =>
      serverSentEvent(
        {
          model,
          finish_reason: finishReason,
          usage: { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens },
        },
        "done",
      ),
    failure: ({ code, message }) => serverSentEvent({ code, message }, "error"),
  };
}
