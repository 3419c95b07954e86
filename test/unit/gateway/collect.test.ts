import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import { collect } from "../../../src/gateway/collect.ts";
import { endOf, text } from "../../support/fake-provider.ts";

async function* inTurn(chunks: readonly Chunk[]): AsyncIterable<Chunk> {
  yield* chunks;
}

const collected = (...chunks: readonly Chunk[]) => collect(inTurn(chunks));

const EMPTY = {
  content: "",
  thinking: "",
  toolCalls: [],
  logprobs: [],
  vectors: [],
  document: null,
  model: "m",
  finishReason: "stop",
  usage: { promptTokens: 3, completionTokens: 5 },
};

describe("collect", () => {
  test("says how many events were left out", async () => {
    expect(await collected(text("a"), { ...endOf("m"), skippedEvents: 2 })).toMatchObject({ skippedEvents: 2 });
  });

  test("joins text, thinking and logprobs in the order they came", async () => {
    const [first, second] = [{ token: "a" }, { token: "b" }];
    expect(
      await collected(
        { kind: "thinking", text: "hm" },
        { kind: "text", text: "a", logprobs: [first] },
        { kind: "thinking", text: "m" },
        { kind: "text", text: "b", logprobs: [second] },
        text("c"),
        endOf("m"),
      ),
    ).toEqual({ answer: { ...EMPTY, content: "abc", thinking: "hmm", logprobs: [first, second] }, skippedEvents: 0 });
  });

  test("puts calls that come interleaved together, in the order of their index", async () => {
    expect(
      await collected(
        { kind: "tool_call", index: 1, id: "b", name: "time" },
        { kind: "tool_call", index: 0, id: "a", name: "weather" },
        { kind: "tool_arguments", index: 0, text: '{"city":' },
        { kind: "tool_arguments", index: 1, text: "{}" },
        { kind: "tool_arguments", index: 0, text: '"Oslo"}' },
        endOf("m"),
      ),
    ).toEqual({
      answer: {
        ...EMPTY,
        toolCalls: [
          { id: "a", name: "weather", arguments: '{"city":"Oslo"}' },
          { id: "b", name: "time", arguments: "{}" },
        ],
      },
      skippedEvents: 0,
    });
  });

  test("takes vectors and a document as they are, and the usage of the end", async () => {
    const body = { id: "x" };
    expect(
      await collected(
        { kind: "vectors", vectors: [[1], [2]] },
        { kind: "usage", usage: { promptTokens: 1, completionTokens: 1 } },
        { kind: "document", body },
        endOf("m"),
      ),
    ).toEqual({ answer: { ...EMPTY, vectors: [[1], [2]], document: body }, skippedEvents: 0 });
  });

  test("reads nothing after the end", async () => {
    let asked = 0;
    async function* counted(): AsyncIterable<Chunk> {
      asked++;
      yield endOf("m");
      asked++;
      yield text("more");
    }
    expect(await collect(counted())).toEqual({ answer: EMPTY, skippedEvents: 0 });
    expect(asked).toBe(1);
  });

  test("gives a failure and nothing of what came before it", async () => {
    const failure = { category: "upstream_error", message: "it failed" } as const;
    expect(await collected(text("half of"), { kind: "failure", failure })).toEqual({ failure });
  });

  test.each([[[]], [[text("half of")]]])("takes an iteration without an end for a cut: %j", async (chunks) => {
    expect(await collected(...chunks)).toEqual({
      failure: {
        category: "malformed_response",
        message: "The provider's answer ended before it was complete.",
        transient: true,
      },
    });
  });

  test.each([
    ["raw events", { kind: "raw", bytes: new Uint8Array(1) }],
    ["arguments of a call that never began", { kind: "tool_arguments", index: 0, text: "{}" }],
  ] as const)("takes %s for a bug of the provider's", async (_name, chunk) => {
    await expect(collected(chunk, endOf("m"))).rejects.toThrow();
  });
});
