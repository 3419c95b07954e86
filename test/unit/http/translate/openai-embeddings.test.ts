import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import type { Answer } from "../../../../src/gateway/chat-result.ts";
import { Refusal } from "../../../../src/http/problem.ts";
import { openaiEmbeddings } from "../../../../src/http/translate/openai-embeddings.ts";
import { bodyReader } from "../../../../src/http/validation.ts";
import { type Folder, loadExchange } from "../../../support/replay-upstream.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";
const MODEL = "smollm2:135m";

const read = bodyReader(openaiEmbeddings.body, { maxBytes: 1_000_000 });

async function toRequest(body: unknown) {
  const request = new Request("http://mesh/v1/embeddings", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return openaiEmbeddings.toRequest(await read({ request }));
}

async function answerTo(body: unknown, answer: Answer): Promise<JsonObject> {
  return openaiEmbeddings.toAnswer(answer, {
    request: await toRequest(body),
    head: { requestId: REQUEST_ID, provider: "local", model: MODEL, reasonCodes: [], attemptCount: null },
    receivedAt: new Date(0),
    model: MODEL,
    elapsedMs: () => 1,
  });
}

describe("an embeddings request", () => {
  test.each<[JsonObject, string[], number | null, string[]]>([
    [{ input: "policy" }, ["policy"], null, []],
    [{ input: ["policy", "mesh"], encoding_format: "base64", dimensions: 64, user: "u" }, ["policy", "mesh"], 64, []],
    [{ input: "policy", encoding_format: null, dimensions: null, user: null }, ["policy"], null, []],
    [{ input: [1, 2] }, [], null, ["input"]],
    [{ input: [[1], [2]] }, [], null, ["input"]],
    [{ input: "policy", input_type: "query", "Not Safe": 1 }, ["policy"], null, ["input_type", "body"]],
  ])("%j", async (fields, inputs, dimensions, untranslated) => {
    const body = { model: "openai/text-embedding-3-small", ...fields };
    expect(await toRequest(body)).toEqual({
      surface: "openai_embeddings",
      body,
      task: { kind: "embedding", inputs, dimensions },
      wish: "openai/text-embedding-3-small",
      streamed: false,
      untranslated,
    });
  });

  test.each<[JsonObject, string]>([
    [{ input: [] }, "input"],
    [{ input: Array.from({ length: 2_049 }, () => "x") }, "input"],
    [{ input: [[]] }, "input"],
    [{ input: null }, "input"],
    [{}, "input"],
    [{ input: "x", encoding_format: "int8" }, "encoding_format"],
    [{ input: "x", dimensions: 0 }, "dimensions"],
  ])("%# is refused by the field's name", async (fields, field) => {
    const thrown: unknown = await toRequest({ model: "auto", ...fields }).catch((error: unknown) => error);
    if (!(thrown instanceof Refusal)) throw thrown;
    expect({ code: thrown.code, field: thrown.field }).toEqual({ code: "request.invalid_field", field });
  });

  test.each<[Folder, string]>([
    ["llama-server", "embeddings-embedding-server"],
    ["llama-server", "embeddings-float-embedding-server"],
    ["ollama-openai", "embeddings"],
    ["ollama-openai", "embeddings-float"],
  ])("recorded as %s/%s is translated without a rest", async (folder, scenario) => {
    expect((await toRequest((await loadExchange(folder, scenario)).request.body)).untranslated).toEqual([]);
  });
});

describe("embeddings", () => {
  // Exact in 32 bits, so that base64 brings them back as they were.
  const vectors = [
    [0.5, -1.25, 0],
    [3, 2 ** -20, -0.75],
  ];
  const answer: Answer = {
    content: "",
    thinking: "",
    toolCalls: [],
    logprobs: [],
    vectors,
    document: null,
    model: MODEL,
    finishReason: null,
    usage: { promptTokens: 4, completionTokens: null },
  };

  test("are a list of numbers, with the usage reported", async () => {
    const list = {
      object: "list",
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      model: MODEL,
    };
    const body = { model: "auto", input: ["a", "b"] };
    expect(await answerTo(body, answer)).toEqual({ ...list, usage: { prompt_tokens: 4, total_tokens: 4 } });
    expect(await answerTo(body, { ...answer, usage: NO_USAGE })).toEqual(list);
  });

  test("are little-endian 32-bit floats in base64 where that was asked for", async () => {
    const body = { model: "auto", input: "a", encoding_format: "base64" };
    expect(await answerTo(body, { ...answer, vectors: [[1, -2]] })).toEqual({
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: "AACAPwAAAMA=" }],
      model: MODEL,
      usage: { prompt_tokens: 4, total_tokens: 4 },
    });
  });

  test("are decoded by the official SDK, which asks for base64 by itself", async () => {
    const client = new OpenAI({
      apiKey: "unused",
      baseURL: "http://mesh.invalid/v1",
      maxRetries: 0,
      fetch: async (_, init) => Response.json(await answerTo(JSON.parse(String(init?.body)), answer)),
    });
    const { data } = await client.embeddings.create({ model: "auto", input: ["a", "b"] });
    expect(data.map(({ embedding }) => Array.from(embedding))).toEqual(vectors);
  });

  test("are the provider's own where that speaks the protocol", async () => {
    const document = { object: "list", extra: true };
    expect(await answerTo({ model: "auto", input: "a" }, { ...answer, document })).toBe(document);
  });

  test("never stream", () => {
    expect(openaiEmbeddings.toStream).toBeNull();
  });
});
