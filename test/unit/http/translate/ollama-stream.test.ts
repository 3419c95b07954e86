import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ContentChunk, EndChunk, Logprob, ToolCall } from "../../../../src/core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../../src/core/json.ts";
import { ollamaChat } from "../../../../src/http/translate/ollama-chat.ts";
import { ollamaGenerate } from "../../../../src/http/translate/ollama-generate.ts";
import { contextOf, EMPTY_ANSWER, HELLO, recordedLines, shapeOf } from "./ollama-support.ts";

const END: EndChunk = {
  kind: "end",
  model: "smollm2:135m",
  finishReason: "stop",
  usage: { promptTokens: 22, completionTokens: 16 },
};
const text = (piece: string): ContentChunk => ({ kind: "text", text: piece });
const encoderFor = (surface: typeof ollamaChat | typeof ollamaGenerate, ...elapsedMs: number[]) => {
  const encoder = surface.toStream?.(contextOf(HELLO, ...elapsedMs));
  if (encoder === undefined) throw new Error("no stream");
  return encoder;
};
const write = (
  chunks: readonly ContentChunk[],
  end: EndChunk,
  surface: typeof ollamaChat | typeof ollamaGenerate = ollamaChat,
) => {
  const encoder = encoderFor(surface, 10);
  const written = [encoder.open()];
  for (const chunk of chunks) {
    if (encoder.unfit?.(chunk)) throw new Error("a chunk that does not fit");
    written.push(String(encoder.chunk(chunk)));
  }
  const unfit = encoder.unfit?.(end);
  return [...written, unfit ? encoder.failure(unfit) : encoder.end(end)].join("");
};
const linesOf = (stream: string): JsonObject[] => {
  expect(stream.endsWith("\n")).toBe(true);
  return stream
    .slice(0, -1)
    .split("\n")
    .map((line): JsonObject => JSON.parse(line));
};

describe("a stream of records", () => {
  test("has the lines of Ollama's own, field by field", async () => {
    const recorded = await recordedLines("chat-stream");
    const pieces = recorded
      .slice(0, -1)
      .map(({ message }) => text(isJsonObject(message) ? String(message["content"]) : ""));
    const written = linesOf(write(pieces, END));
    expect(written.map(shapeOf)).toEqual(recorded.map(shapeOf));
    expect(written.map(({ message }) => message)).toEqual(recorded.map(({ message }) => message));
  });

  test("has the lines of Ollama's own for a prompt, but for the tokens that only Ollama has", async () => {
    const recorded = await recordedLines("generate-stream");
    const pieces = recorded.slice(0, -1).map(({ response }) => text(String(response)));
    const withoutContext = recorded.map(({ context, ...line }) => line);
    const written = linesOf(write(pieces, END, ollamaGenerate));
    expect(written.map(shapeOf)).toEqual(withoutContext.map(shapeOf));
    expect(written.map(({ response }) => response)).toEqual(recorded.map(({ response }) => response));
  });

  test("writes calls whole, in one line before the last", async () => {
    const recorded = await recordedLines("chat-tool-call-stream");
    const written = linesOf(
      write(
        [
          { kind: "tool_call", index: 0, id: "call_6t8o5qk3", name: "get_weather" },
          { kind: "tool_arguments", index: 0, text: '{"ci' },
          { kind: "tool_arguments", index: 0, text: 'ty":"Lisbon"}' },
        ],
        { ...END, finishReason: "tool_calls" },
      ),
    );
    expect(written.map(shapeOf)).toEqual(recorded.map(shapeOf));
    expect(written.map(({ message }) => message)).toEqual(recorded.map(({ message }) => message));
    expect(written.map(({ done_reason }) => done_reason)).toEqual([undefined, "stop"]);
  });

  test("keeps parallel calls apart, in the order of their index", () => {
    const [calls] = linesOf(
      write(
        [
          { kind: "tool_call", index: 1, id: "b", name: "second" },
          { kind: "tool_call", index: 0, id: "a", name: "first" },
          { kind: "tool_arguments", index: 1, text: '{"n":' },
          { kind: "tool_arguments", index: 0, text: '{"m":1}' },
          { kind: "tool_arguments", index: 1, text: "2}" },
        ],
        END,
      ),
    );
    expect(calls).toEqual({
      model: "smollm2:135m",
      created_at: "2026-11-22T08:14:30.010Z",
      message: {
        role: "assistant",
        content: "",
        tool_calls: [
          { id: "a", function: { index: 0, name: "first", arguments: { m: 1 } } },
          { id: "b", function: { index: 1, name: "second", arguments: { n: 2 } } },
        ],
      },
      done: false,
    });
  });

  test("shows thinking and logprobs as they come, and tells the wait from the writing", () => {
    const encoder = encoderFor(ollamaChat, 30, 40, 100);
    const logprobs = [{ token: "Hi", logprob: -0.5 }];
    const stream = [
      encoder.chunk({ kind: "thinking", text: "Hm." }),
      encoder.chunk({ kind: "text", text: "Hi", logprobs }),
      encoder.end({ ...END, model: "gpt-4o-2024-08-06", usage: { promptTokens: null, completionTokens: 2 } }),
    ];
    expect(linesOf(stream.join(""))).toEqual([
      {
        model: "smollm2:135m",
        created_at: "2026-11-22T08:14:30.030Z",
        message: { role: "assistant", content: "", thinking: "Hm." },
        done: false,
      },
      {
        model: "smollm2:135m",
        created_at: "2026-11-22T08:14:30.040Z",
        message: { role: "assistant", content: "Hi" },
        done: false,
        logprobs,
      },
      {
        model: "gpt-4o-2024-08-06",
        created_at: "2026-11-22T08:14:30.100Z",
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: "stop",
        total_duration: 100_000_000,
        load_duration: 0,
        prompt_eval_duration: 30_000_000,
        eval_count: 2,
        eval_duration: 70_000_000,
      },
    ]);
  });

  test("hands Ollama's own bytes on untouched, the kept end with them", () => {
    const encoder = encoderFor(ollamaChat, 0);
    const bytes = new TextEncoder().encode('{"done":false}\n');
    const tail = new TextEncoder().encode('{"done":true}\n');
    expect(encoder.open()).toBe("");
    expect(encoder.chunk({ kind: "raw", bytes })).toBe(bytes);
    expect(encoder.end({ ...END, tail })).toBe(tail);
  });

  test("is one line where the server answered whole", () => {
    expect(write([{ kind: "document", body: { done: true, done_reason: "load" } }], END)).toBe(
      '{"done":true,"done_reason":"load"}\n',
    );
  });

  test("is NDJSON and has no ping", () => {
    const { contentType, ping } = encoderFor(ollamaChat, 0);
    expect({ contentType, ping }).toEqual({ contentType: "application/x-ndjson", ping: null });
  });

  test("that fails ends with an error line and never with done", () => {
    const encoder = encoderFor(ollamaChat, 0);
    encoder.chunk(text("Hel"));
    expect(encoder.failure({ code: "provider.timeout", message: "Too late.", field: null, retryAfterMs: null })).toBe(
      '{"error":"Too late."}\n',
    );
  });

  test("fails where a call was cut, since its arguments are no object", () => {
    const stream = write(
      [
        text("Let me see."),
        { kind: "tool_call", index: 0, id: "a", name: "look" },
        { kind: "tool_arguments", index: 0, text: '{"ci' },
      ],
      { ...END, finishReason: "length" },
    );
    expect(linesOf(stream).slice(1)).toEqual([
      {
        error:
          "The model called a function with arguments that are no JSON object, and Ollama's protocol has no place for those.",
      },
    ]);
  });
});

/** A reader that knows nothing of the writer: what a client makes of a stream by adding up its lines. */
function readStream(stream: string): {
  readonly message: JsonObject;
  readonly logprobs: readonly JsonValue[];
  readonly last: JsonObject;
} {
  let content = "";
  let thinking = "";
  let calls: readonly JsonValue[] = [];
  let logprobs: readonly JsonValue[] = [];
  let last: JsonObject = {};
  for (const line of linesOf(stream)) {
    const message = isJsonObject(line["message"]) ? line["message"] : {};
    content += String(message["content"]);
    thinking += String(message["thinking"] ?? "");
    if (Array.isArray(message["tool_calls"])) calls = [...calls, ...message["tool_calls"]];
    if (Array.isArray(line["logprobs"])) logprobs = [...logprobs, ...line["logprobs"]];
    last = line;
  }
  return {
    message: {
      role: "assistant",
      content,
      ...(thinking === "" ? {} : { thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    logprobs,
    last,
  };
}

const pieceOfText = fc.string({ unit: "grapheme" });
const logprob: fc.Arbitrary<Logprob> = fc.record({ token: pieceOfText, logprob: fc.double({ max: 0, min: -50 }) });
const spoken: fc.Arbitrary<ContentChunk> = fc.oneof(
  pieceOfText.map(text),
  fc
    .tuple(pieceOfText, fc.array(logprob, { minLength: 1, maxLength: 2 }))
    .map(([piece, logprobs]): ContentChunk => ({ kind: "text", text: piece, logprobs })),
  pieceOfText.map((piece): ContentChunk => ({ kind: "thinking", text: piece })),
);
/** Arguments cut anywhere, a surrogate pair's middle included. */
const called = fc.array(
  fc.tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }), fc.integer({ min: 0, max: 20 })),
  { maxLength: 3 },
);

test("a stream added up is the whole answer", () => {
  fc.assert(
    fc.property(
      fc.array(spoken),
      called,
      fc.constantFrom("stop", "length", "tool_calls", null),
      (said, args, finishReason) => {
        const toolCalls = args.map(
          ([object], index): ToolCall => ({
            id: `call_${index}`,
            name: `f${index}`,
            arguments: JSON.stringify(object),
          }),
        );
        const begun = toolCalls.map(({ id, name }, index): ContentChunk => ({ kind: "tool_call", index, id, name }));
        // The first pieces of all calls come before the second ones, as a server that calls in parallel would send them.
        const pieces = [0, 1].flatMap((part) =>
          toolCalls.map((call, index): ContentChunk => {
            const cut = args[index]?.[1] ?? 0;
            return {
              kind: "tool_arguments",
              index,
              text: part === 0 ? call.arguments.slice(0, cut) : call.arguments.slice(cut),
            };
          }),
        );
        const end: EndChunk = { ...END, finishReason };
        const whole = ollamaChat.toAnswer(
          {
            ...EMPTY_ANSWER,
            content: said.map((chunk) => (chunk.kind === "text" ? chunk.text : "")).join(""),
            thinking: said.map((chunk) => (chunk.kind === "thinking" ? chunk.text : "")).join(""),
            logprobs: said.flatMap((chunk) => (chunk.kind === "text" ? (chunk.logprobs ?? []) : [])),
            toolCalls,
            finishReason,
            usage: end.usage,
          },
          contextOf(HELLO, 10),
        );

        const read = readStream(write([...said, ...begun, ...pieces], end));
        const { message, logprobs = [], ...rest } = whole;
        expect(read.message).toEqual(isJsonObject(message) ? JSON.parse(JSON.stringify(message)) : {});
        expect(read.logprobs).toEqual(JSON.parse(JSON.stringify(logprobs)));
        const { message: _, ...last } = read.last;
        const metrics = ["total_duration", "prompt_eval_duration", "eval_duration"];
        const without = (body: JsonObject) => Object.entries(body).filter(([key]) => !metrics.includes(key));
        expect(without(last)).toEqual(without(rest));
      },
    ),
  );
});
