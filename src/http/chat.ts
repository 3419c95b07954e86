import { Elysia } from "elysia";
import type { Deps } from "../gateway/deps.ts";
import { NATIVE } from "./dialect.ts";
import { ChatAnswer, ChatBody } from "./schemas/chat.ts";
import { BODY_PROBLEMS, COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";
import { streamedAnswers } from "./schemas/streamed.ts";
import { surfaceHandler } from "./surface-route.ts";
import { nativeChat } from "./translate/native.ts";
import { bodyReader } from "./validation.ts";

/** `POST /v1/chat`, the gateway's native surface. */
export function chatRoutes(deps: Deps, maxBodyBytes: number) {
  return new Elysia({ name: "policy-mesh/chat" }).post("/v1/chat", surfaceHandler(deps, nativeChat, NATIVE), {
    body: ChatBody,
    // The word after the function tells the OpenAPI document what the body is; nothing is left to parse by then.
    parse: [bodyReader(ChatBody, { maxBytes: maxBodyBytes }), "json"],
    detail: {
      responses: streamedAnswers("text/event-stream", {
        ...COMMON_PROBLEMS,
        ...BODY_PROBLEMS,
        200: ChatAnswer,
        403: ChatAnswer,
        502: ChatAnswer,
        // Also with all of a ChatAnswer, where it was decided.
        503: {
          ...ProblemBody,
          description: "Not answered: the audit or the provider cannot be had now, or there are too many requests.",
        },
        504: ChatAnswer,
      }),
      summary: "Chat",
      description:
        "Decides by policy, puts the decision on record, asks the chosen provider and answers. With `stream: true` the answer is `text/event-stream`: one `decision` event, `delta` events with `content`, and a last `done` event with `model`, `finish_reason` and `usage`, or `error`.",
      tags: ["chat"],
    },
  });
}
