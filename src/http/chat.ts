import { Elysia } from "elysia";
import type { ChatRequest } from "../core/chat.ts";
import { REASONS } from "../core/reasons.ts";
import type { ChatResult } from "../gateway/chat-result.ts";
import type { Deps } from "../gateway/deps.ts";
import { handleChat } from "../gateway/handle-chat.ts";
import { requestIdOf } from "./request-id.ts";
import { ChatAnswer, ChatBody } from "./schemas/chat.ts";
import { COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";
import { bodyReader } from "./validation.ts";

/** `POST /v1/chat`, the gateway's native surface. */
export function chatRoutes(deps: Deps, maxBodyBytes: number) {
  return new Elysia({ name: "policy-mesh/chat" }).post(
    "/v1/chat",
    async ({ body, request }) => {
      const call = { requestId: requestIdOf(request), signal: request.signal };
      return toResponse(await handleChat(deps, toChatRequest(body), call));
    },
    {
      body: ChatBody,
      // The word after the function tells the OpenAPI document what the body is; nothing is left to parse by then.
      parse: [bodyReader(ChatBody, maxBodyBytes), "json"],
      response: {
        200: ChatAnswer,
        ...COMMON_PROBLEMS,
        413: ProblemBody,
        415: ProblemBody,
        403: ChatAnswer,
        502: ChatAnswer,
        503: ChatAnswer,
        504: ChatAnswer,
      },
      detail: {
        summary: "Chat",
        description: "Decides by policy, puts the decision on record, asks the chosen provider and answers.",
        tags: ["chat"],
      },
    },
  );
}

function toChatRequest(body: ChatBody): ChatRequest {
  return { surface: "native", messages: body.messages, modelWish: body.model ?? null, streamed: false };
}

function toResponse(result: ChatResult): Response {
  const answer: ChatAnswer = {
    request_id: result.requestId,
    provider: result.provider,
    model: result.model,
    reason_codes: [...result.reasonCodes],
    content: result.content,
    finish_reason: result.finishReason,
    usage: { prompt_tokens: result.usage.promptTokens, completion_tokens: result.usage.completionTokens },
    error: result.error,
  };
  const status = result.error === null ? 200 : (REASONS[result.error.code].status ?? 500);
  return Response.json(answer, { status, headers: { "x-request-id": result.requestId, "cache-control": "no-store" } });
}
