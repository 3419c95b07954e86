import { Value } from "@sinclair/typebox/value";
import { type ChatRequest, NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject, JsonValue } from "../../../../src/core/json.ts";
import type { Answer } from "../../../../src/gateway/chat-result.ts";
import { Refusal } from "../../../../src/http/problem.ts";
import { OllamaChatBody } from "../../../../src/http/schemas/ollama-chat.ts";
import type { AnswerContext } from "../../../../src/http/surface.ts";
import { ollamaChat } from "../../../../src/http/translate/ollama-chat.ts";
import { loadExchange } from "../../../support/replay-upstream.ts";

/** As a route would: what fails the schema never reaches the translation. */
export function chatRequest(body: unknown): ChatRequest {
  if (!Value.Check(OllamaChatBody, body)) throw new Error("the schema refuses it");
  return ollamaChat.toRequest(body);
}

export const HELLO = chatRequest({ model: "smollm2:135m", messages: [{ role: "user", content: "Hello" }] });
export const LOAD = chatRequest({ model: "smollm2:135m" });

const REQUEST_ID = "0195c1de-0000-7000-8000-000000000001";

/** A clock that reads `elapsedMs`, one after the other, and then the last for good. */
export function contextOf(request: ChatRequest, ...elapsedMs: readonly number[]): AnswerContext {
  let reads = 0;
  return {
    request,
    head: {
      requestId: REQUEST_ID,
      provider: "openai",
      model: "smollm2:135m",
      reasonCodes: ["default"],
      attemptCount: null,
    },
    receivedAt: new Date("2026-11-22T08:14:30.000Z"),
    model: "smollm2:135m",
    elapsedMs: () => elapsedMs[Math.min(reads++, elapsedMs.length - 1)] ?? 0,
  };
}

export const EMPTY_ANSWER: Answer = {
  content: "",
  thinking: "",
  toolCalls: [],
  logprobs: [],
  vectors: [],
  document: null,
  model: "smollm2:135m",
  finishReason: "stop",
  usage: NO_USAGE,
};

export async function recordedLines(scenario: string): Promise<JsonObject[]> {
  const { response } = await loadExchange("ollama", scenario);
  const text = response.chunks.map((chunk) => chunk.text).join("");
  return text.split("\n").flatMap((line): JsonObject[] => (line === "" ? [] : [JSON.parse(line)]));
}

export async function recordedBody(scenario: string): Promise<JsonObject> {
  const [body] = await recordedLines(scenario);
  if (body === undefined) throw new Error(`${scenario} has no body`);
  return body;
}

export async function recordedRequest(scenario: string): Promise<unknown> {
  return (await loadExchange("ollama", scenario)).request.body;
}

/** The names of all fields, in order and with those inside, without the values. */
export function shapeOf(value: JsonValue | undefined): JsonValue {
  if (Array.isArray(value)) return value.slice(0, 1).map((item: JsonValue) => shapeOf(item));
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).map(([key, item]): JsonValue => [key, shapeOf(item)]);
}

/** What a refusal says; anything else that is thrown is no refusal. */
export function refusalOf(run: () => unknown) {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Refusal) return { code: thrown.code, field: thrown.field, message: thrown.message };
    throw thrown;
  }
  return null;
}
