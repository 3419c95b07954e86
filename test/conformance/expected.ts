import { expect } from "bun:test";
import type { JsonObject } from "../../src/core/json.ts";
import { objectAt, objectsAt, recordedStream } from "../support/scripted-recordings.ts";
import { lastRequestId, usageOf } from "./clients.ts";
import { CHAT, COMPLETION } from "./facts.ts";
import type { Side, Way } from "./gateways.ts";

/** Streams as clients are to see them, whole: what the upstream sent where it speaks their protocol, else written here. */

type Tokens = readonly [prompt: number, completion: number];

/** The pieces of text in a recorded stream of a chat. */
export async function piecesOf(way: Way): Promise<readonly string[]> {
  const texts =
    way === "local"
      ? (await recordedStream("ollama", "chat-stream")).map((record) => objectAt(record, "message")["content"])
      : (await recordedStream("llama-server", "chat-stream")).map(
          (record) => objectAt(objectsAt(record, "choices")[0] ?? {}, "delta")["content"],
        );
  return filled(texts);
}

const filled = (texts: readonly unknown[]): string[] =>
  texts.flatMap((text) => (typeof text === "string" && text !== "" ? [text] : []));

/** Chunks of the gateway's own making, from deltas and a finish reason. */
export function chunksFrom(side: Side, deltas: readonly object[], finish: string, usage: Tokens | null): object[] {
  const head = {
    id: `chatcmpl-${lastRequestId()}`,
    object: "chat.completion.chunk",
    created: expect.any(Number),
    model: side.model,
  };
  const none = usage === null ? {} : { usage: null };
  const chunk = (delta: object, finish_reason: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...none,
  });
  return [
    ...[{ role: "assistant", content: "" }, ...deltas].map((delta) => chunk(delta, null)),
    chunk({}, finish),
    ...(usage === null ? [] : [{ ...head, choices: [], usage: usageOf(usage) }]),
  ];
}

/** A recorded stream of OpenAI's protocol for a client who did not ask for usage; its time is that of its first chunk. */
export async function withoutUsage(scenario: string): Promise<readonly JsonObject[]> {
  const records = await recordedStream("llama-server", scenario);
  const created = records[0]?.["created"] ?? null;
  return records
    .filter((record) => objectsAt(record, "choices").length > 0)
    .map(({ usage: _, ...record }) => ({ ...record, created }));
}

export async function chatChunks(side: Side, withUsage: boolean): Promise<readonly object[]> {
  if (side.way === "cloud") {
    return withUsage ? await recordedStream("llama-server", "chat-stream") : await withoutUsage("chat-stream");
  }
  const deltas = (await piecesOf("local")).map((content) => ({ content }));
  return chunksFrom(side, deltas, "stop", withUsage ? CHAT.local.usage : null);
}

export async function completionChunks(side: Side): Promise<readonly object[]> {
  if (side.way === "cloud") return await withoutUsage("completions-stream");
  const texts = filled((await recordedStream("ollama", "generate-stream")).map((record) => record["response"]));
  const chunk = (text: string, finish_reason: string | null) => ({
    id: `cmpl-${lastRequestId()}`,
    object: "text_completion",
    created: expect.any(Number),
    model: side.model,
    choices: [{ index: 0, text, logprobs: null, finish_reason }],
  });
  return [...texts.map((text) => chunk(text, null)), chunk("", COMPLETION.local.finishReason)];
}

/** What the last record of the gateway's own making holds beside the answer. Durations are nanoseconds. */
export const ended = (model: string, [prompt, completion]: Tokens, reason = "stop") => ({
  model,
  created_at: RFC_3339,
  done: true,
  done_reason: reason,
  total_duration: expect.any(Number),
  load_duration: 0,
  prompt_eval_count: prompt,
  prompt_eval_duration: expect.any(Number),
  eval_count: completion,
  eval_duration: expect.any(Number),
});
export const RFC_3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);

/** The records of a streamed chat, or of generate, whose text is elsewhere. */
export async function chatRecords(side: Side, put: (text: string) => object): Promise<readonly object[]> {
  const texts = await piecesOf("cloud");
  const on = texts.map((text) => ({ model: side.model, created_at: RFC_3339, ...put(text), done: false }));
  return [...on, { ...ended(side.model, CHAT.cloud.usage), ...put("") }];
}
