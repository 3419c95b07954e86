import { Elysia } from "elysia";
import type { Deps } from "../gateway/deps.ts";
import { NATIVE } from "./dialect.ts";
import { ChatAnswer, ChatBody } from "./schemas/chat.ts";
import { COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";
import { surfaceHandler } from "./surface-route.ts";
import { nativeChat } from "./translate/native.ts";
import { bodyReader } from "./validation.ts";

/** `POST /v1/chat`, the gateway's native surface. */
export function chatRoutes(deps: Deps, maxBodyBytes: number) {
  return new Elysia({ name: "policy-mesh/chat" }).post("/v1/chat", surfaceHandler(deps, nativeChat, NATIVE), {
    body: ChatBody,
    // The word after the function tells the OpenAPI document what the body is; nothing is left to parse by then.
    parse: [bodyReader(ChatBody, { maxBytes: maxBodyBytes }), "json"],
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
      description:
        "Decides by policy, puts the decision on record, asks the chosen provider and answers. With `stream: true` the answer is `text/event-stream`: one `decision` event, `delta` events with `content`, and a last `done` event with `model`, `finish_reason` and `usage`, or `error`.",
      tags: ["chat"],
    },
  });
}
