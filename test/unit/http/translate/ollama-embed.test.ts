import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { OllamaEmbedBody, OllamaEmbeddingsBody } from "../../../../src/http/schemas/ollama-embed.ts";
import { ollamaEmbed, ollamaEmbeddings } from "../../../../src/http/translate/ollama-embed.ts";
import { contextOf, EMPTY_ANSWER, recordedBody, recordedRequest, refusalOf, shapeOf } from "./ollama-support.ts";

const embedRequest = (body: unknown) => {
  if (!Value.Check(OllamaEmbedBody, body)) throw new Error("the schema refuses it");
  return ollamaEmbed.toRequest(body);
};
const embeddingsRequest = (body: unknown) => {
  if (!Value.Check(OllamaEmbeddingsBody, body)) throw new Error("the schema refuses it");
  return ollamaEmbeddings.toRequest(body);
};

describe("an embed request", () => {
  test("asks for one vector a text", async () => {
    expect(embedRequest(await recordedRequest("embed"))).toEqual({
      surface: "ollama_embed",
      body: { model: "smollm2:135m", input: ["policy", "mesh"] },
      task: { kind: "embedding", inputs: ["policy", "mesh"], dimensions: null },
      wish: "smollm2:135m",
      streamed: false,
      untranslated: [],
    });
  });

  test.each([
    [
      { input: "policy", dimensions: 64 },
      { inputs: ["policy"], dimensions: 64 },
    ],
    [
      { input: ["", "a"], dimensions: 0 },
      { inputs: ["", "a"], dimensions: null },
    ],
    [{ input: "" }, { inputs: [], dimensions: null }],
    [{ input: null }, { inputs: [], dimensions: null }],
    [{}, { inputs: [], dimensions: null }],
  ])("means by %j what Ollama means by it", (fields, task) => {
    expect(embedRequest({ model: "auto", ...fields }).task).toEqual({ kind: "embedding", ...task });
  });

  test.each([
    [{ truncate: true, keep_alive: "1h", options: { num_ctx: 512, top_k: 1, temperature: 0, min_p: 0.5 } }, []],
    [{ options: { zzz: 1 }, encoding_format: "base64" }, ["options.zzz", "encoding_format"]],
  ])("names what it cannot carry: %j", (fields, names) => {
    expect(embedRequest({ model: "auto", input: "a", ...fields }).untranslated).toEqual(names);
  });

  test("is refused for a name that Ollama would read as another field", () => {
    expect(refusalOf(() => embedRequest({ model: "auto", input: "a", Input: "b" }))).toMatchObject({
      code: "request.unknown_field",
      field: "body",
    });
  });

  test.each([
    { input: "a" },
    { model: "auto", input: [1, 2] },
    { model: "auto", input: [["a"]] },
    { model: "auto", input: Array.from({ length: 2_049 }, () => "a") },
    { model: "auto", dimensions: "64" },
  ])("of a wrong type is refused: %#", (body) => {
    expect(Value.Check(OllamaEmbedBody, body)).toBe(false);
  });
});

describe("an embed answer", () => {
  const context = contextOf(embedRequest({ model: "auto", input: "a" }), 12.5);
  const vectors = [
    [0.25, -0.5],
    [1, 0],
  ];

  test("has the fields of Ollama's own, in its order", async () => {
    const answer = ollamaEmbed.toAnswer(
      { ...EMPTY_ANSWER, vectors, usage: { promptTokens: 2, completionTokens: null } },
      context,
    );
    expect(shapeOf(answer)).toEqual(shapeOf(await recordedBody("embed")));
    expect(answer).toEqual({
      model: "smollm2:135m",
      embeddings: vectors,
      total_duration: 12_500_000,
      load_duration: 0,
      prompt_eval_count: 2,
    });
  });

  test("without input is empty, as Ollama's is", () => {
    expect(ollamaEmbed.toAnswer(EMPTY_ANSWER, context)).toEqual({ model: "smollm2:135m", embeddings: [] });
  });

  test("of an Ollama server goes out as it came, and none is streamed", async () => {
    const document = await recordedBody("embed");
    expect(ollamaEmbed.toAnswer({ ...EMPTY_ANSWER, document }, context)).toBe(document);
    expect([ollamaEmbed.toStream, ollamaEmbeddings.toStream]).toEqual([null, null]);
  });
});

describe("the old embeddings", () => {
  test("take one prompt", () => {
    const body = {
      model: "openai/text-embedding-3-small:latest",
      prompt: "policy",
      keep_alive: 0,
      options: { num_ctx: 1 },
    };
    expect(embeddingsRequest(body)).toEqual({
      surface: "ollama_embeddings",
      body,
      task: { kind: "embedding", inputs: ["policy"], dimensions: null },
      wish: "openai/text-embedding-3-small:latest",
      streamed: false,
      untranslated: [],
    });
  });

  test("without a prompt ask for nothing", () => {
    expect(embeddingsRequest({ model: "auto" }).task).toEqual({ kind: "embedding", inputs: [], dimensions: null });
  });

  test("name what they cannot carry and refuse what Ollama would misread", () => {
    expect(embeddingsRequest({ model: "auto", prompt: "a", dimensions: 5, input: "b" }).untranslated).toEqual([
      "dimensions",
      "input",
    ]);
    expect(refusalOf(() => embeddingsRequest({ model: "auto", PROMPT: "b" }))).toMatchObject({ field: "body" });
    expect(Value.Check(OllamaEmbeddingsBody, { model: "auto", prompt: ["a"] })).toBe(false);
  });

  test("answer with the vector alone", () => {
    const context = contextOf(embeddingsRequest({ model: "auto" }), 1);
    expect(ollamaEmbeddings.toAnswer({ ...EMPTY_ANSWER, vectors: [[0.5]] }, context)).toEqual({ embedding: [0.5] });
    expect(ollamaEmbeddings.toAnswer(EMPTY_ANSWER, context)).toEqual({ embedding: [] });
    expect(ollamaEmbeddings.toAnswer({ ...EMPTY_ANSWER, document: { embedding: [1] } }, context)).toEqual({
      embedding: [1],
    });
  });
});
