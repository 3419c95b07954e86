import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import OpenAI from "openai";
import { type Chunk, type ContentChunk, type EndChunk, NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import { collect } from "../../../../src/gateway/collect.ts";
import type { AnswerContext, StreamEncoder } from "../../../../src/http/surface.ts";
import { openaiChat } from "../../../../src/http/translate/openai-chat.ts";
import { loadExchange } from "../../../support/replay-upstream.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";
const MODEL = "smollm2:135m";

function contextOf(fields: JsonObject): AnswerContext {
  const body = { model: "auto", messages: [{ role: "user" as const, content: "hello" }], stream: true, ...fields };
  return {
    request: openaiChat.toRequest(body),
    head: { requestId: REQUEST_ID, provider: "local", model: MODEL, reasonCodes: [], attemptCount: null },
    receivedAt: new Date(1_700_000_000_999),
    model: MODEL,
    elapsedMs: () => 1,
  };
}
const WITH_USAGE = { stream_options: { include_usage: true } };

function encoderOf(fields: JsonObject = {}): StreamEncoder {
  const encoder = openaiChat.toStream?.(contextOf(fields));
  if (encoder === undefined) throw new Error("chat streams");
  return encoder;
}

const textOf = (written: string | Uint8Array) =>
  typeof written === "string" ? written : Buffer.from(written).toString();

function write(encoder: StreamEncoder, chunks: readonly ContentChunk[], end: EndChunk): string {
  return [encoder.open(), ...chunks.map((chunk) => encoder.chunk(chunk)), encoder.end(end)].map(textOf).join("");
}

/** The events of a stream; what is not JSON stays text. */
function eventsOf(stream: string): unknown[] {
  expect(stream.endsWith("\n\n")).toBe(true);
  return stream
    .slice(0, -2)
    .split("\n\n")
    .map((event) => {
      expect(event).toStartWith("data: ");
      const data = event.slice("data: ".length);
      return data.startsWith("{") ? JSON.parse(data) : data;
    });
}

const END: EndChunk = {
  kind: "end",
  model: MODEL,
  finishReason: "stop",
  usage: { promptTokens: 22, completionTokens: 3 },
};

const chunkOf = (choice: JsonObject, more: JsonObject = {}) => ({
  id: `chatcmpl-${REQUEST_ID}`,
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: MODEL,
  choices: [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
  ...more,
});
const ROLE = { delta: { role: "assistant", content: "" } };

describe("a chat completion stream", () => {
  test("says the role once, the text, the finish reason by itself, and that it is done", () => {
    const stream = write(
      encoderOf({ stream_options: { include_usage: false } }),
      [
        { kind: "text", text: "Par" },
        { kind: "text", text: "" },
        { kind: "text", text: "is" },
      ],
      END,
    );
    expect(eventsOf(stream)).toEqual([
      chunkOf(ROLE),
      chunkOf({ delta: { content: "Par" } }),
      chunkOf({ delta: { content: "is" } }),
      chunkOf({ delta: {}, finish_reason: "stop" }),
      "[DONE]",
    ]);
  });

  test("tells usage where it was asked for, in an event without choices", () => {
    const stream = write(encoderOf(WITH_USAGE), [{ kind: "text", text: "Paris" }], END);
    expect(eventsOf(stream)).toEqual([
      chunkOf(ROLE, { usage: null }),
      chunkOf({ delta: { content: "Paris" } }, { usage: null }),
      chunkOf({ delta: {}, finish_reason: "stop" }, { usage: null }),
      chunkOf({}, { choices: [], usage: { prompt_tokens: 22, completion_tokens: 3, total_tokens: 25 } }),
      "[DONE]",
    ]);
  });

  test("makes no usage up, and says stop where the provider gave no reason", () => {
    const stream = write(encoderOf(WITH_USAGE), [], { ...END, usage: NO_USAGE, finishReason: null });
    expect(eventsOf(stream)).toEqual([
      chunkOf(ROLE, { usage: null }),
      chunkOf({ delta: {}, finish_reason: "stop" }, { usage: null }),
      "[DONE]",
    ]);
  });

  test("carries thinking, log probabilities and parallel tool calls", () => {
    const logprob = { token: "P", logprob: -0.5, bytes: [80], top_logprobs: [] };
    const stream = write(
      encoderOf(),
      [
        { kind: "thinking", text: "Hm." },
        { kind: "thinking", text: "" },
        { kind: "text", text: "P", logprobs: [logprob] },
        { kind: "text", text: "", logprobs: [{ token: "", logprob: -1 }] },
        { kind: "tool_call", index: 0, id: "call_1", name: "look_up" },
        { kind: "tool_arguments", index: 0, text: '{"city":' },
        { kind: "tool_call", index: 1, id: "call_2", name: "stop" },
        { kind: "tool_arguments", index: 0, text: '"Oslo"}' },
        { kind: "tool_arguments", index: 1, text: "{}" },
      ],
      { ...END, finishReason: "tool_calls" },
    );
    const called = (call: JsonObject) => chunkOf({ delta: { tool_calls: [call] } });
    expect(eventsOf(stream)).toEqual([
      chunkOf(ROLE),
      chunkOf({ delta: { reasoning_content: "Hm." } }),
      chunkOf({ delta: { content: "P" }, logprobs: { content: [logprob], refusal: null } }),
      chunkOf({
        delta: {},
        logprobs: { content: [{ token: "", logprob: -1, bytes: null, top_logprobs: [] }], refusal: null },
      }),
      called({ index: 0, id: "call_1", type: "function", function: { name: "look_up", arguments: "" } }),
      called({ index: 0, function: { arguments: '{"city":' } }),
      called({ index: 1, id: "call_2", type: "function", function: { name: "stop", arguments: "" } }),
      called({ index: 0, function: { arguments: '"Oslo"}' } }),
      called({ index: 1, function: { arguments: "{}" } }),
      chunkOf({ delta: {}, finish_reason: "tool_calls" }),
      "[DONE]",
    ]);
  });

  test("names the model that answered in its last events", () => {
    const events = eventsOf(write(encoderOf(WITH_USAGE), [{ kind: "text", text: "a" }], { ...END, model: "other" }));
    expect(
      events.map((event) => (typeof event === "object" && event !== null && "model" in event ? event.model : event)),
    ).toEqual([MODEL, MODEL, "other", "other", "[DONE]"]);
  });

  test("hands on the events of a provider that speaks the protocol, to the last byte", async () => {
    const { response } = await loadExchange("llama-server", "chat-stream");
    const [tail, ...chunks] = response.chunks.map((chunk) => Buffer.from(chunk.text)).toReversed();
    if (tail === undefined) throw new Error("the recording is empty");
    const encoder = encoderOf(WITH_USAGE);
    for (const bytes of chunks.toReversed()) expect(encoder.chunk({ kind: "raw", bytes })).toBe(bytes);
    expect(encoder.end({ ...END, tail })).toBe(tail);
    expect(encoder.open()).toBe("");
  });

  test("fails in band, and is then not done", () => {
    const encoder = encoderOf();
    const failed =
      textOf(encoder.chunk({ kind: "text", text: "Par" })) +
      encoder.failure({ code: "provider.timeout", message: "Too slow.", field: null, retryAfterMs: null });
    expect(eventsOf(failed)).toEqual([
      chunkOf(ROLE),
      chunkOf({ delta: { content: "Par" } }),
      { error: { message: "Too slow.", type: "timeout_error", param: null, code: "provider.timeout" } },
    ]);
  });

  test("is kept alive by a comment", () => {
    expect({ ping: encoderOf().ping, contentType: encoderOf().contentType }).toEqual({
      ping: ": ping\n\n",
      contentType: "text/event-stream; charset=utf-8",
    });
  });

  test.each<ContentChunk>([
    { kind: "vectors", vectors: [[1]] },
    { kind: "document", body: {} },
  ])("throws at a chunk that only a bug can bring: %j", (chunk) => {
    expect(() => encoderOf().chunk(chunk)).toThrow(`a chat stream has no place for ${chunk.kind}`);
  });
});

describe("a stream and a whole answer of the same chunks say the same", () => {
  const text = fc.string({ unit: "grapheme" });
  const logprobs = fc.array(
    fc.record({
      token: text,
      logprob: fc.integer({ max: 0 }),
      bytes: fc.constant(null),
      top_logprobs: fc.constant([]),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const spoken: fc.Arbitrary<ContentChunk> = fc.oneof(
    fc.record({ kind: fc.constant("thinking" as const), text }),
    fc.record({ kind: fc.constant("text" as const), text }),
    fc.record({ kind: fc.constant("text" as const), text, logprobs }),
  );
  /** Every call begins in the order of its index; the pieces of their arguments come in any order after that. */
  const calls = fc
    .array(fc.record({ name: fc.string({ minLength: 1 }), pieces: fc.array(text) }), { maxLength: 4 })
    .chain((made) => {
      const begun = made.map(
        ({ name }, index): ContentChunk => ({ kind: "tool_call", index, id: `call_${index}`, name }),
      );
      const pieces = made.flatMap(({ pieces }, index) =>
        pieces.map((text): ContentChunk => ({ kind: "tool_arguments", index, text })),
      );
      return fc.shuffledSubarray(pieces, { minLength: pieces.length }).map((shuffled) => [...begun, ...shuffled]);
    });
  const count = fc.option(fc.nat());
  const end: fc.Arbitrary<EndChunk> = fc.record({
    kind: fc.constant("end" as const),
    model: fc.constantFrom(MODEL, "other"),
    finishReason: fc.constantFrom("stop", "length", "tool_calls", "content_filter", null),
    usage: fc.record({ promptTokens: count, completionTokens: count }),
  });
  const answers = fc.record({ said: fc.array(spoken), called: calls, end });

  async function wholeOf(chunks: readonly Chunk[]): Promise<OpenAI.ChatCompletion> {
    async function* iterate() {
      yield* chunks;
    }
    const collected = await collect(iterate());
    if ("failure" in collected) throw new Error("these chunks have an end");
    return JSON.parse(JSON.stringify(openaiChat.toAnswer(collected.answer, contextOf({}))));
  }

  test("to a reader of deltas", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async ({ said, called, end }) => {
        const chunks = [...said, ...called];
        expect<unknown>(reassemble(write(encoderOf(WITH_USAGE), chunks, end))).toEqual(await wholeOf([...chunks, end]));
      }),
    );
  });

  test("to the official SDK", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async ({ said, called, end }) => {
        const chunks = [...said, ...called];
        const stream = write(encoderOf(WITH_USAGE), chunks, end);
        const client = new OpenAI({
          apiKey: "unused",
          baseURL: "http://mesh.invalid/v1",
          maxRetries: 0,
          fetch: async () => new Response(stream, { headers: { "content-type": "text/event-stream" } }),
        });
        const asked = client.chat.completions.stream({ model: "auto", messages: [{ role: "user", content: "hello" }] });
        expect(pickOfSdk(await asked.finalChatCompletion())).toEqual(pickOfSdk(await wholeOf([...chunks, end])));
      }),
      { numRuns: 50 },
    );
  });
});

type Delta = {
  role?: string;
  content?: string;
  reasoning_content?: string;
  tool_calls?: { index: number; id?: string; type?: string; function: { name?: string; arguments: string } }[];
};
type Event = JsonObject & {
  choices: { delta: Delta; logprobs: { content: JsonObject[] } | null; finish_reason: string | null }[];
  usage: JsonObject | null;
};

/** A reader of deltas that owes nothing to the writer: it adds up what each event says. */
function reassemble(stream: string): unknown {
  const lines = stream.split("\n").filter((line) => line !== "");
  expect(lines.pop()).toBe("data: [DONE]");
  let role = "";
  let content = "";
  let thinking = "";
  let finish: string | null = null;
  let usage: JsonObject | null = null;
  let head: Partial<Event> = {};
  const logprobs: JsonObject[] = [];
  const calls: {
    id: string | undefined;
    type: string | undefined;
    function: { name: string | undefined; arguments: string };
  }[] = [];
  for (const line of lines) {
    const event: Event = JSON.parse(line.slice("data: ".length));
    head = event;
    usage = event.usage ?? usage;
    for (const { delta, logprobs: given, finish_reason } of event.choices) {
      role += delta.role ?? "";
      content += delta.content ?? "";
      thinking += delta.reasoning_content ?? "";
      logprobs.push(...(given?.content ?? []));
      finish = finish_reason ?? finish;
      for (const { index, id, type, function: called } of delta.tool_calls ?? []) {
        calls[index] ??= { id, type, function: { name: called.name, arguments: "" } };
        calls[index].function.arguments += called.arguments;
      }
    }
  }
  return {
    id: head["id"],
    object: "chat.completion",
    created: head["created"],
    model: head["model"],
    choices: [
      {
        index: 0,
        message: {
          role,
          content: content === "" && calls.length > 0 ? null : content,
          refusal: null,
          ...(thinking !== "" && { reasoning_content: thinking }),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
        finish_reason: finish,
      },
    ],
    ...(usage !== null && { usage }),
  };
}

/** What the SDK itself puts together; it takes an empty text for none, and adds fields of its own to calls. */
function pickOfSdk({ id, created, model, choices, usage }: OpenAI.ChatCompletion): unknown {
  return {
    id,
    created,
    model,
    usage: usage ?? null,
    choices: choices.map(({ index, finish_reason, logprobs, message }) => ({
      index,
      finish_reason,
      logprobs: logprobs?.content ?? null,
      role: message.role,
      content: message.content || null,
      calls: (message.tool_calls ?? []).map((call) =>
        call.type === "function" ? [call.id, call.function.name, call.function.arguments] : call,
      ),
    })),
  };
}
