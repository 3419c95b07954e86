import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { NO_SAMPLING } from "../../../../src/core/chat.ts";
import { OllamaGenerateBody } from "../../../../src/http/schemas/ollama-generate.ts";
import { ollamaGenerate } from "../../../../src/http/translate/ollama-generate.ts";
import { contextOf, EMPTY_ANSWER, recordedBody, recordedRequest, refusalOf, shapeOf } from "./ollama-support.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUg==";
const generateRequest = (body: unknown) => {
  if (!Value.Check(OllamaGenerateBody, body)) throw new Error("the schema refuses it");
  return ollamaGenerate.toRequest(body);
};

describe("a generate request", () => {
  test("is a chat of one turn", async () => {
    const body = await recordedRequest("generate");
    expect(generateRequest(body)).toEqual({
      surface: "ollama_generate",
      body: expect.objectContaining({ prompt: "The capital of France is" }),
      task: {
        kind: "chat",
        messages: [{ role: "user", content: "The capital of France is" }],
        tools: [],
        toolChoice: null,
        parallelToolCalls: null,
        format: null,
        sampling: { ...NO_SAMPLING, temperature: 0, seed: 1, maxTokens: 64 },
        thinking: null,
      },
      wish: "smollm2:135m",
      streamed: false,
      untranslated: [],
    });
  });

  test("puts its system prompt first and its images beside the prompt", () => {
    const body = {
      model: "auto",
      prompt: "What is it?",
      system: "Be brief.",
      images: [PNG],
      format: "json",
      think: true,
    };
    expect(generateRequest(body)).toMatchObject({
      task: {
        messages: [
          { role: "system", content: "Be brief." },
          {
            role: "user",
            content: [
              { kind: "text", text: "What is it?" },
              { kind: "image", mediaType: "image/png", base64: PNG },
            ],
          },
        ],
        format: { kind: "json" },
        thinking: "on",
      },
      wish: null,
      streamed: true,
    });
  });

  test.each([{}, { prompt: "", system: "Be brief." }, { prompt: null, system: null, options: null, keep_alive: 0 }])(
    "without a prompt asks for nothing: %j",
    (fields) => {
      expect(generateRequest({ model: "auto", ...fields })).toMatchObject({ task: { messages: [] }, untranslated: [] });
    },
  );

  test.each([
    [{ suffix: "", template: "", context: [], raw: false }, []],
    [{ raw: true, suffix: "x", template: "{{ .Prompt }}", context: [1] }, ["raw", "suffix", "template", "context"]],
    [{ width: 512, _debug_render_only: true }, ["width", "_debug_render_only"]],
    [{ messages: [] }, ["messages"]],
  ])("names what it cannot carry: %j", (fields, names) => {
    expect(generateRequest({ model: "auto", prompt: "Hello", ...fields }).untranslated).toEqual(names);
  });

  test("is refused for a name that Ollama would read as another field, or an image that is none", () => {
    const refused = (fields: object) => refusalOf(() => generateRequest({ model: "auto", prompt: "Hello", ...fields }));
    expect(refused({ Prompt: "Hi" })).toMatchObject({ code: "request.unknown_field", field: "body" });
    expect(refused({ images: ["?"] })).toMatchObject({ code: "request.invalid_field", field: "images[0]" });
  });

  test.each([{}, { model: "auto", prompt: ["Hello"] }, { model: "auto", system: 1 }, { model: "auto", images: PNG }])(
    "of a wrong type is refused: %#",
    (body) => {
      expect(Value.Check(OllamaGenerateBody, body)).toBe(false);
    },
  );
});

describe("a generate answer", () => {
  const context = contextOf(generateRequest({ model: "auto", prompt: "Hello" }), 945.828473);

  test("has the fields of Ollama's own, in its order, without the tokens that only Ollama has", async () => {
    const { context: tokens, ...recorded } = await recordedBody("generate");
    const answer = ollamaGenerate.toAnswer(
      { ...EMPTY_ANSWER, content: "Paris.", usage: { promptTokens: 14, completionTokens: 57 } },
      context,
    );
    expect(tokens).toBeArray();
    expect(shapeOf(answer)).toEqual(shapeOf(recorded));
    expect(answer).toEqual({
      model: "smollm2:135m",
      created_at: "2026-11-22T08:14:30.945Z",
      response: "Paris.",
      done: true,
      done_reason: "stop",
      total_duration: 945_828_473,
      load_duration: 0,
      prompt_eval_count: 14,
      prompt_eval_duration: 0,
      eval_count: 57,
      eval_duration: 945_828_473,
    });
  });

  test("puts thinking, calls and logprobs where Ollama puts them", () => {
    const toolCalls = [{ id: "a", name: "now", arguments: "{}" }];
    const logprobs = [{ token: "x", logprob: -1 }];
    const answer = ollamaGenerate.toAnswer({ ...EMPTY_ANSWER, thinking: "Hm.", toolCalls, logprobs }, context);
    expect(Object.keys(answer)).toEqual([
      "model",
      "created_at",
      "response",
      "thinking",
      "done",
      "done_reason",
      "total_duration",
      "load_duration",
      "prompt_eval_duration",
      "eval_duration",
      "tool_calls",
      "logprobs",
    ]);
  });

  test("of an Ollama server goes out as it came", async () => {
    const document = await recordedBody("generate");
    expect(ollamaGenerate.toAnswer({ ...EMPTY_ANSWER, document }, context)).toBe(document);
  });
});
