import { Elysia } from "elysia";
import type { Deps } from "../gateway/deps.ts";
import { OPENAI } from "./dialect.ts";
import { openBody } from "./schemas/literals.ts";
import { OPENAI_ANSWER_PROBLEMS } from "./schemas/openai-problem.ts";
import { streamedAnswers } from "./schemas/streamed.ts";
import { surfaceHandler } from "./surface-route.ts";
import { openaiChat } from "./translate/openai-chat.ts";
import { openaiCompletions } from "./translate/openai-completions.ts";
import { openaiEmbeddings } from "./translate/openai-embeddings.ts";
import { openaiResponses } from "./translate/openai-responses.ts";
import { bodyReader } from "./validation.ts";

/** The OpenAI protocol's ways to ask a model. */
export function openaiRoutes(deps: Deps, maxBytes: number) {
  const parse = (schema: Parameters<typeof bodyReader>[0]) => [bodyReader(schema, { maxBytes }), "json"] as const;
  return new Elysia({ name: "policy-mesh/openai" })
    .post("/v1/chat/completions", surfaceHandler(deps, openaiChat, OPENAI), {
      body: openaiChat.body,
      parse: [...parse(openaiChat.body)],
      detail: {
        ...detail("Chat completion", "OpenAI's chat completions, streamed or not."),
        responses: streamed("A chat completion; with `stream: true` server-sent events of `chat.completion.chunk`."),
      },
    })
    .post("/v1/completions", surfaceHandler(deps, openaiCompletions, OPENAI), {
      body: openaiCompletions.body,
      parse: [...parse(openaiCompletions.body)],
      detail: {
        ...detail("Completion", "OpenAI's legacy completions, streamed or not."),
        responses: streamed("A text completion; with `stream: true` server-sent events."),
      },
    })
    .post("/v1/embeddings", surfaceHandler(deps, openaiEmbeddings, OPENAI), {
      body: openaiEmbeddings.body,
      parse: [...parse(openaiEmbeddings.body)],
      response: { ...OPENAI_ANSWER_PROBLEMS, 200: openBody("A list of embeddings.") },
      detail: detail("Embeddings", "OpenAI's embeddings; by the model named, or not at all."),
    })
    .post("/v1/responses", surfaceHandler(deps, openaiResponses, OPENAI), {
      body: openaiResponses.body,
      parse: [...parse(openaiResponses.body)],
      detail: {
        ...detail("Response", "OpenAI's responses: text, function tools, streams. Nothing is stored."),
        responses: streamed("A Response; with `stream: true` server-sent events."),
      },
    });
}

const detail = (summary: string, description: string) => ({ summary, description, tags: ["openai"] });
const streamed = (description: string) =>
  streamedAnswers("text/event-stream", { ...OPENAI_ANSWER_PROBLEMS, 200: openBody(description) });
