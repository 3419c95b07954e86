import { describe, expect, test } from "bun:test";
import { recordedBody } from "../support/scripted-recordings.ts";
import { lastRequestId, openaiOf, usageOf, watched } from "./clients.ts";
import { completionChunks } from "./expected.ts";
import { COMPLETION, embeddingFacts, inSinglePrecision, OPENING } from "./facts.ts";
import { MODELS, sideOf, VISION_MODELS, WAYS } from "./gateways.ts";
import { collect, expectOnRecord } from "./harness.ts";

describe.each([...WAYS])("the openai SDK, answered by the %s model", (way) => {
  test("completions: whole and streamed", async () => {
    const side = sideOf(way);
    const client = openaiOf(side);
    const { text, usage, finishReason } = COMPLETION[way];
    const completion = await client.completions.create({ model: side.model, prompt: OPENING, max_tokens: 16 });
    if (way === "cloud") {
      expect<unknown>(completion).toEqual(await recordedBody("llama-server", "completions"));
    } else {
      expect<unknown>(completion).toEqual({
        id: `cmpl-${lastRequestId()}`,
        object: "text_completion",
        created: expect.any(Number),
        model: side.model,
        choices: [{ index: 0, text, logprobs: null, finish_reason: finishReason }],
        usage: usageOf(usage),
      });
    }
    const told = { surface: "openai_completions", usage } as const;
    await expectOnRecord(side, watched.last(), told);

    const chunks = await collect(
      await client.completions.create({ model: side.model, prompt: OPENING, stream: true, max_tokens: 16 }),
    );
    expect<unknown>(chunks).toEqual(await completionChunks(side));
    await expectOnRecord(side, watched.last(), { ...told, streamed: true });
  });

  test("models: the list holds auto and the models of both providers, without those that are not local", async () => {
    const side = sideOf(way);
    const models = await collect(openaiOf(side).models.list());
    const listed = (id: string, owned_by: string) => ({ id, object: "model", created: expect.any(Number), owned_by });
    expect<unknown>(models).toEqual([
      listed("auto", "policy-mesh"),
      listed(MODELS.cloud, "openai"),
      ...["smollm2-tools:135m", MODELS.local, VISION_MODELS.local].map((name) => listed(`local/${name}`, "local")),
    ]);
    for (const { id } of models) {
      expect<unknown>(await openaiOf(side).models.retrieve(id)).toEqual(models.find((model) => model.id === id));
    }
  });
});

describe.each([...WAYS])("embeddings by the openai SDK from the %s model", (way) => {
  test.each(["float", "base64", undefined] as const)("encoding_format %p", async (format) => {
    const side = sideOf(way);
    const { vectors, usage } = await embeddingFacts(way);
    const answer = await openaiOf(side).embeddings.create({
      model: side.model,
      input: ["policy", "mesh"],
      ...(format === undefined ? {} : { encoding_format: format }),
    });
    const floats = inSinglePrecision(vectors);
    const expected = format === "base64" ? floats.map(toBase64) : floats;
    const got = answer.data.map(({ embedding }) =>
      Array.isArray(embedding) ? [...new Float32Array(embedding)] : embedding,
    );
    expect<unknown>(got).toEqual(expected);
    expect<unknown>({ ...answer, data: answer.data.map(({ embedding: _, ...rest }) => rest) }).toEqual({
      object: "list",
      model: side.model,
      data: [
        { object: "embedding", index: 0 },
        { object: "embedding", index: 1 },
      ],
      usage: { prompt_tokens: usage[0], total_tokens: usage[0] },
    });
    await expectOnRecord(side, watched.last(), {
      surface: "openai_embeddings",
      reasonCodes: "embedding_model",
      messageCount: 2,
      usage,
    });
  });

  test("one input, of fewer dimensions", async () => {
    const side = sideOf(way);
    const answer = await openaiOf(side).embeddings.create({ model: side.model, input: "policy", dimensions: 8 });
    expect(answer.data.map((item) => item.embedding.length)).toEqual([8]);
    expect(side.upstream.lastPosted().body["dimensions"]).toBe(8);
  });
});

const toBase64 = (vector: readonly number[]): string => Buffer.from(new Float32Array(vector).buffer).toString("base64");
