import { expect } from "bun:test";
import { Ollama } from "ollama";
import OpenAI from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { objectsAt } from "../support/scripted-recordings.ts";
import type { Side } from "./gateways.ts";
import { auditRow, watchedFetch } from "./harness.ts";

/** The official SDKs at a side's gateway, as a user would make them: only the base URL is set. */

export const watched = watchedFetch();

export const openaiOf = (side: Side, maxRetries = 0) =>
  new OpenAI({ baseURL: `${side.url}/v1`, apiKey: "the gateway asks for none", maxRetries, fetch: watched.fetch });

/** The SDK takes no signal for a single call, but hands on what its `fetch` does. */
export const ollamaOf = (side: Side, signal?: AbortSignal) =>
  new Ollama({ host: side.url, fetch: signal === undefined ? watched.fetch : watched.until(signal) });

export const lastRequestId = (): string => watched.last().headers.get("x-request-id") ?? "";
export const lastRow = (side: Side) => auditRow(side, lastRequestId());

export const user = (content: string) => [{ role: "user" as const, content }];
export const messagesAsked = (side: Side) => objectsAt(side.upstream.lastPosted().body, "messages");

/** Usage as the OpenAI protocol writes it. */
export const usageOf = ([prompt, completion]: readonly [number, number]) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

/** One id, time and model; the role in the first delta only. */
export function expectOneStream(chunks: readonly ChatCompletionChunk[], model: string): void {
  expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created}`)).size).toBe(1);
  expect(new Set(chunks.map((chunk) => chunk.object))).toEqual(new Set(["chat.completion.chunk"]));
  expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set([model]));
  const roles = chunks.map((chunk) => chunk.choices[0]?.delta.role);
  expect(roles).toEqual(["assistant", ...roles.slice(1).map(() => undefined)]);
}
