import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import OpenAI from "openai";
import { type ContentChunk, type EndChunk, NO_SAMPLING, NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import type { Answer } from "../../../../src/gateway/chat-result.ts";
import { Refusal } from "../../../../src/http/problem.ts";
import type { StreamEncoder } from "../../../../src/http/surface.ts";
import { openaiCompletions } from "../../../../src/http/translate/openai-completions.ts";
import { bodyReader } from "../../../../src/http/validation.ts";
import { type Folder, loadExchange } from "../../../support/replay-upstream.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";
const MODEL = "smollm2:135m";
const PROMPT = "The capital of France is";

const read = bodyReader(openaiCompletions.body, { maxBytes: 1_000_000 });

async function toRequest(body: unknown) {
  const request = new Request("http://mesh/v1/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return openaiCompletions.toRequest(await read({ request }));
}

const contextOf = async (fields: JsonObject = {}) => ({
  request: await toRequest({ model: "auto", prompt: PROMPT, ...fields }),
  head: { requestId: REQUEST_ID, provider: "local" as const, model: MODEL, reasonCodes: [], attemptCount: null },
  receivedAt: new Date(1_700_000_000_999),
  model: MODEL,
  elapsedMs: () => 1,
});

describe("a completion request", () => {
  test("is carried whole by the task", async () => {
    const body = {
      model: "local/smollm2:135m",
      prompt: [PROMPT],
      suffix: ".",
      max_tokens: 16,
      temperature: 0,
      top_p: 1,
      seed: 1,
      stop: ["\n"],
      frequency_penalty: 0,
      presence_penalty: 0,
      n: 1,
      best_of: 1,
      echo: false,
      logit_bias: {},
      user: "u",
      stream: true,
      stream_options: { include_usage: true },
    };
    expect(await toRequest(body)).toEqual({
      surface: "openai_completions",
      body,
      task: {
        kind: "completion",
        prompt: PROMPT,
        suffix: ".",
        sampling: {
          temperature: 0,
          topP: 1,
          seed: 1,
          stop: ["\n"],
          maxTokens: 16,
          frequencyPenalty: 0,
          presencePenalty: 0,
          logprobs: null,
          topLogprobs: null,
        },
      },
      wish: "local/smollm2:135m",
      streamed: true,
      untranslated: [],
    });
  });

  test.each<[JsonObject, string, string[]]>([
    [{}, PROMPT, []],
    [{ suffix: "", stop: [], logprobs: null }, PROMPT, []],
    [{ prompt: ["a", "b"] }, "a\nb", ["prompt"]],
    [{ prompt: [1, 2] }, "", ["prompt"]],
    [{ prompt: [[1], [2]] }, "", ["prompt"]],
    [{ logprobs: 0 }, PROMPT, ["logprobs"]],
    [
      { n: 2, best_of: 2, echo: true, logit_bias: { "1": 1 }, top_k: 1, "Not Safe": 1 },
      PROMPT,
      ["n", "best_of", "echo", "logit_bias", "top_k", "body"],
    ],
  ])("%j names what only OpenAI has", async (fields, prompt, untranslated) => {
    const body = { model: "auto", prompt: PROMPT, ...fields };
    expect<unknown>(await toRequest(body)).toEqual({
      surface: "openai_completions",
      body,
      task: { kind: "completion", prompt, suffix: null, sampling: NO_SAMPLING },
      wish: null,
      streamed: false,
      untranslated,
    });
  });

  test.each<[unknown, string, string]>([
    ...[undefined, null, [], [[]], 1].map((prompt): [unknown, string, string] => [
      { model: "auto", prompt },
      "prompt",
      "prompt: Expected one of a string, an array of strings, an array of tokens, an array of token arrays.",
    ]),
    [{ model: "auto", prompt: PROMPT, logprobs: true }, "logprobs", "logprobs: Expected one of an integer, null."],
    [{ prompt: PROMPT }, "model", "model: Expected required property."],
  ])("%j is refused by the field's name", async (body, field, message) => {
    const thrown: unknown = await toRequest(body).catch((error: unknown) => error);
    if (!(thrown instanceof Refusal)) throw thrown;
    expect({ code: thrown.code, field: thrown.field, message: thrown.message }).toEqual({
      code: "request.invalid_field",
      field,
      message,
    });
  });

  test.each<Folder>(["llama-server", "ollama-openai"])(
    "recorded by %s is translated without a rest",
    async (folder) => {
      for (const scenario of ["completions", "completions-stream"]) {
        const { body, untranslated } = await toRequest((await loadExchange(folder, scenario)).request.body);
        expect({ prompt: body["prompt"], untranslated }).toEqual({ prompt: PROMPT, untranslated: [] });
      }
    },
  );
});

const ANSWER: Answer = {
  content: " Paris.",
  thinking: "",
  toolCalls: [],
  logprobs: [],
  vectors: [],
  document: null,
  model: MODEL,
  finishReason: "length",
  usage: { promptTokens: 5, completionTokens: 2 },
};
const HEAD = { id: `cmpl-${REQUEST_ID}`, object: "text_completion", created: 1_700_000_000, model: MODEL };
const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

describe("a whole completion", () => {
  test("has every field of the protocol, and no usage that nobody reported", async () => {
    const whole = {
      ...HEAD,
      choices: [{ text: " Paris.", index: 0, logprobs: null, finish_reason: "length" }],
    };
    expect(openaiCompletions.toAnswer(ANSWER, await contextOf())).toEqual({ ...whole, usage: USAGE });
    expect(openaiCompletions.toAnswer({ ...ANSWER, usage: NO_USAGE }, await contextOf())).toEqual(whole);
  });

  test("is the provider's own where that speaks the protocol", async () => {
    const document = { id: "cmpl-1", extra: true };
    expect(openaiCompletions.toAnswer({ ...ANSWER, document }, await contextOf())).toBe(document);
  });
});

describe("a completion stream", () => {
  const END: EndChunk = { kind: "end", model: MODEL, finishReason: "length", usage: ANSWER.usage };
  const encoderOf = async (fields: JsonObject = {}): Promise<StreamEncoder> => {
    const encoder = openaiCompletions.toStream?.(await contextOf({ stream: true, ...fields }));
    if (encoder === undefined) throw new Error("completions stream");
    return encoder;
  };
  const write = (encoder: StreamEncoder, chunks: readonly ContentChunk[], end: EndChunk) =>
    [encoder.open(), ...chunks.map((chunk) => encoder.chunk(chunk)), encoder.end(end)].join("");
  const event = (choice: JsonObject, more: JsonObject = {}) =>
    `data: ${JSON.stringify({ ...HEAD, choices: [{ text: "", index: 0, logprobs: null, finish_reason: null, ...choice }], ...more })}\n\n`;

  test("says the text, the finish reason by itself, and that it is done", async () => {
    const chunks: ContentChunk[] = [
      { kind: "thinking", text: "Hm." },
      { kind: "text", text: " Par" },
      { kind: "text", text: "" },
      { kind: "text", text: "is." },
    ];
    expect(write(await encoderOf(), chunks, END)).toBe(
      `${event({ text: " Par" })}${event({ text: "is." })}${event({ finish_reason: "length" })}data: [DONE]\n\n`,
    );
  });

  test("tells usage where it was asked for and is known", async () => {
    const asked = { stream_options: { include_usage: true } };
    const said = event({ text: "a" }, { usage: null }) + event({ finish_reason: "stop" }, { usage: null });
    const chunks: ContentChunk[] = [{ kind: "text", text: "a" }];
    expect(write(await encoderOf(asked), chunks, { ...END, finishReason: null })).toBe(
      `${said}data: ${JSON.stringify({ ...HEAD, choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`,
    );
    expect(write(await encoderOf(asked), chunks, { ...END, finishReason: null, usage: NO_USAGE })).toBe(
      `${said}data: [DONE]\n\n`,
    );
  });

  test("hands on the events of a provider that speaks the protocol", async () => {
    const encoder = await encoderOf();
    const bytes = Buffer.from("data: {}\n\n");
    const tail = Buffer.from("data: [DONE]\n\n");
    expect(encoder.chunk({ kind: "raw", bytes })).toBe(bytes);
    expect(encoder.end({ ...END, tail })).toBe(tail);
  });

  test("fails in band", async () => {
    const encoder = await encoderOf();
    const error = { code: "provider.timeout", message: "Too slow.", field: null, retryAfterMs: null } as const;
    expect(encoder.failure(error)).toBe(
      'data: {"error":{"message":"Too slow.","type":"timeout_error","param":null,"code":"provider.timeout"}}\n\n',
    );
  });

  test("throws at a chunk that only a bug can bring", async () => {
    const encoder = await encoderOf();
    expect(() => encoder.chunk({ kind: "tool_arguments", index: 0, text: "{}" })).toThrow(
      "a completion stream has no place for tool_arguments",
    );
  });

  test("says to the official SDK what the whole answer says", async () => {
    const encode = await contextOf({ stream: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" })), async (texts) => {
        const encoder = openaiCompletions.toStream?.(encode);
        if (encoder === undefined) throw new Error("completions stream");
        const stream = write(
          encoder,
          texts.map((text) => ({ kind: "text", text })),
          END,
        );
        const client = new OpenAI({
          apiKey: "unused",
          baseURL: "http://mesh.invalid/v1",
          maxRetries: 0,
          fetch: async () => new Response(stream, { headers: { "content-type": "text/event-stream" } }),
        });
        let text = "";
        let finish: string | null = null;
        for await (const chunk of await client.completions.create({ model: "auto", prompt: PROMPT, stream: true })) {
          text += chunk.choices[0]?.text ?? "";
          finish = chunk.choices[0]?.finish_reason ?? finish;
        }
        const whole = openaiCompletions.toAnswer({ ...ANSWER, content: texts.join("") }, encode);
        expect<unknown>([{ text, index: 0, logprobs: null, finish_reason: finish }]).toEqual(whole["choices"]);
      }),
      { numRuns: 50 },
    );
  });
});

test("an answer that calls a function is none, whole or streamed", async () => {
  const context = await contextOf();
  const call = { kind: "tool_call", index: 0, id: "a", name: "f" } as const;
  expect(openaiCompletions.toStream?.(context).unfit?.(call)).toMatchObject({ code: "provider.malformed_response" });
  const answer: Answer = {
    content: "",
    thinking: "",
    toolCalls: [{ id: "a", name: "f", arguments: "{}" }],
    logprobs: [],
    vectors: [],
    document: null,
    model: MODEL,
    finishReason: "tool_calls",
    usage: NO_USAGE,
  };
  expect(() => openaiCompletions.toAnswer(answer, context)).toThrow("called a function");
});
