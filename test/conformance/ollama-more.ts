import { describe, expect, test } from "bun:test";
import { numbersAt } from "../support/scripted-recordings.ts";
import { lastRow, ollamaOf, watched } from "./clients.ts";
import { embeddingFacts, PIXEL, PLACE, PLACE_SCHEMA, QUESTION } from "./facts.ts";
import { collect, expectOnRecord, MODELS, rejection, sideOf, VISION_MODELS, WAYS } from "./harness.ts";

describe.each([...WAYS])("the ollama SDK, answered by the %s model", (way) => {
  test("embed: several inputs and one", async () => {
    const side = sideOf(way);
    const { vectors, usage } = await embeddingFacts(way);
    const answer = await ollamaOf(side).embed({ model: side.model, input: ["policy", "mesh"], truncate: true });
    expect<unknown>(answer).toMatchObject({
      model: side.model,
      embeddings: vectors,
      total_duration: expect.any(Number),
      prompt_eval_count: usage[0],
    });
    await expectOnRecord(side, watched.last(), {
      surface: "ollama_embed",
      reasonCodes: "embedding_model",
      messageCount: 2,
      usage,
    });
    const one = await ollamaOf(side).embed({ model: side.model, input: "policy" });
    expect<unknown>(one.embeddings).toEqual(vectors.slice(0, 1));
  });

  test("embeddings: the older call", async () => {
    const side = sideOf(way);
    const answer = await ollamaOf(side).embeddings({ model: side.model, prompt: "policy" });
    expect(Object.keys(answer)).toEqual(["embedding"]);
    expect(numbersAt({ embedding: answer.embedding }, "embedding")).toHaveLength(576);
    expect((await lastRow(side))["surface"]).toBe("ollama_embeddings");
  });

  test("list, show, ps and version", async () => {
    const side = sideOf(way);
    const client = ollamaOf(side);
    const { models } = await client.list();
    const names = models.map((model) => model.name);
    expect(names).toContain(MODELS.local);
    expect(names.filter((name) => name.includes("remote"))).toEqual([]);
    for (const model of models) {
      expect<unknown>(model).toMatchObject({
        name: expect.any(String),
        model: model.name,
        modified_at: expect.any(String),
        size: expect.any(Number),
        digest: expect.any(String),
        details: { format: expect.any(String), family: expect.any(String) },
      });
    }
    const shown = await client.show({ model: MODELS.local });
    expect<unknown>(shown).toMatchObject({ capabilities: expect.any(Array), details: { family: "llama" } });
    expect(JSON.stringify(shown)).not.toContain("/models/blobs");
    const running = (await client.ps()).models.map((model) => model.name);
    expect(running).toContain(MODELS.local);
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await rejection(client.show({ model: "no-such-model:1b" }))).toMatchObject({ status_code: 404 });
  });

  test("management of models is refused", async () => {
    const side = sideOf(way);
    const client = ollamaOf(side);
    const model = MODELS.local;
    const calls = [
      () => client.pull({ model }),
      () => client.push({ model }),
      () => client.create({ model: "mine", from: model }),
      () => client.copy({ source: model, destination: "mine" }),
      () => client.delete({ model }),
    ];
    for (const call of calls) {
      expect(await rejection(call())).toMatchObject({ name: "ResponseError", status_code: 403 });
    }
  });

  test("the root says that a server is there", async () => {
    for (const method of ["GET", "HEAD"]) {
      const response = await fetch(sideOf(way).url, { method });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(method === "GET" ? "Ollama is running" : "");
    }
  });
});

describe.each([...WAYS])("generate by the ollama SDK, answered by the %s model", (way) => {
  test.each([false, true])("a prompt, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const body = { model: side.model, prompt: QUESTION, system: "Be brief." };
    const client = ollamaOf(side);
    const records = streamed
      ? await collect(await client.generate({ ...body, stream: true }))
      : [await client.generate(body)];
    const text = records.map((record) => record.response).join("");
    expect(text).toContain("Paris");
    expect<unknown>(records.at(-1)).toMatchObject({
      model: side.model,
      created_at: expect.any(String),
      done: true,
      done_reason: expect.any(String),
      total_duration: expect.any(Number),
    });
    for (const record of records.slice(0, -1)) expect(record.done).toBe(false);
    const row = await lastRow(side);
    expect(row).toMatchObject({ surface: "ollama_generate", streamed, status: "succeeded", provider: side.provider });
    expect(JSON.stringify(side.upstream.lastPosted().body)).toContain("Be brief.");
  });

  test("an image and a schema", async () => {
    const side = sideOf(way);
    const answer = await ollamaOf(side).generate({
      model: VISION_MODELS[way],
      prompt: QUESTION,
      images: [PIXEL],
      format: PLACE_SCHEMA,
      stream: false,
    });
    expect(JSON.parse(answer.response ?? "")).toEqual(PLACE[way].value);
    expect(JSON.stringify(side.upstream.lastPosted().body)).toContain(PIXEL);
  });
});
