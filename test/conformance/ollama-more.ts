import { describe, expect, test } from "bun:test";
import { objectAt, objectsAt, recordedBody, recordedStream } from "../support/scripted-recordings.ts";
import { lastRow, ollamaOf, watched } from "./clients.ts";
import { chatRecords, ended } from "./expected.ts";
import { CHAT, embeddingFacts, PIXEL, PLACE, PLACE_SCHEMA, QUESTION } from "./facts.ts";
import { MODELS, sideOf, VISION_MODELS, WAYS } from "./gateways.ts";
import { collect, expectOnRecord, rejection } from "./harness.ts";

const NO_DETAILS = { parent_model: "", format: "", parameter_size: "", quantization_level: "" };

describe.each([...WAYS])("the ollama SDK, answered by the %s model", (way) => {
  test("embed: several inputs and one", async () => {
    const side = sideOf(way);
    const { vectors, usage } = await embeddingFacts(way);
    const answer = await ollamaOf(side).embed({ model: side.model, input: ["policy", "mesh"], truncate: true });
    const made = {
      model: side.model,
      total_duration: expect.any(Number),
      load_duration: 0,
      prompt_eval_count: usage[0],
    };
    expect<unknown>(answer).toEqual(
      way === "local" ? await recordedBody("ollama", "embed") : { ...made, embeddings: vectors },
    );
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
    const { vectors } = await embeddingFacts(way);
    expect<unknown>(answer).toEqual({ embedding: vectors[0] });
    expect(await lastRow(side)).toMatchObject({ status: "succeeded", surface: "ollama_embeddings", streamed: false });
  });

  test("list, show, ps and version", async () => {
    const side = sideOf(way);
    const client = ollamaOf(side);
    const tags = objectsAt(await recordedBody("ollama", "tags"), "models");
    const [auto, ...models] = (await client.list()).models;
    const made = (name: string, family: string) => ({
      name,
      model: name,
      modified_at: expect.any(String),
      size: 0,
      digest: expect.stringMatching(/^[\da-f]{64}$/),
      details: { ...NO_DETAILS, family, families: [family] },
    });
    expect<unknown>(auto).toEqual(made("auto:latest", "policy-mesh"));
    expect<unknown>(models).toEqual([
      ...tags.filter((model) => model["remote_host"] === undefined),
      made(`openai/${MODELS.cloud}`, "openai"),
    ]);
    const recorded = await recordedBody("ollama", "show");
    const told = Object.entries(objectAt(recorded, "model_info")).filter(
      ([key, value]) => value !== null && !key.startsWith("tokenizer."),
    );
    expect<unknown>(await client.show({ model: MODELS.local })).toEqual({
      parameters: recorded["parameters"],
      // The parent model is a path on the server.
      details: { ...objectAt(recorded, "details"), parent_model: "" },
      model_info: Object.fromEntries(told),
      capabilities: ["completion", "tools"],
      modified_at: recorded["modified_at"],
    });
    for (const [model, family, basename] of [
      ["auto", "policy-mesh", "auto"],
      [`openai/${MODELS.cloud}`, "openai", MODELS.cloud],
    ] as const) {
      expect<unknown>(await client.show({ model })).toEqual({
        details: { ...NO_DETAILS, family, families: [family] },
        model_info: { "general.architecture": family, "general.basename": basename },
        capabilities: ["completion", "tools"],
        modified_at: expect.any(String),
      });
    }
    expect<unknown>(await client.ps()).toEqual(await recordedBody("ollama", "ps"));
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
    const put = (response: string) => ({ response });
    if (way === "cloud") {
      const whole = [{ ...ended(side.model, CHAT.cloud.usage), response: CHAT.cloud.text }];
      expect<unknown>(records).toEqual(streamed ? await chatRecords(side, put) : whole);
    } else {
      const whole = [await recordedBody("ollama", "generate")];
      expect<unknown>(records).toEqual(streamed ? await recordedStream("ollama", "generate-stream") : whole);
    }
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
