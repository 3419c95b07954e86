import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { isJsonObject, type JsonObject } from "../../../src/core/json.ts";
import type { KnownModel } from "../../../src/core/provider.ts";
import {
  type Catalog,
  clientNames,
  localShowBody,
  modelToShow,
  psBody,
  remoteShowBody,
  tagsBody,
  versionBody,
} from "../../../src/http/ollama-catalog.ts";
import { OllamaShowBody } from "../../../src/http/schemas/ollama-show.ts";
import { recordedBody, refusalOf, shapeOf } from "./translate/ollama-support.ts";

const modelsOf = ({ models }: JsonObject): JsonObject[] => (Array.isArray(models) ? models.filter(isJsonObject) : []);
const NO_DETAILS = {
  parent_model: "",
  format: "",
  family: "",
  families: null,
  parameter_size: "",
  quantization_level: "",
};

const PROVIDERS = ["local", "openai"];

/** What a provider of each kind has, as the routes hand it over. */
const catalogsOf = <T>({ local = [], cloud = [] }: { local?: readonly T[]; cloud?: readonly T[] }): Catalog<T>[] => [
  { isOllama: true, nameOf: clientNames("local", true, PROVIDERS), models: local },
  { isOllama: false, nameOf: clientNames("openai", false, PROVIDERS), models: cloud },
];

describe("the list of models", () => {
  test("has auto, what the local server lists, and the cloud's", async () => {
    const listed = modelsOf(await recordedBody("tags")).filter(({ name }) => name === "smollm2:135m");
    const local = listed.map((listing) => ({ name: String(listing["name"]), listing }));
    const cloud = [{ name: "gpt-4o", listing: { id: "gpt-4o", created: 1_715_367_049, owned_by: "system" } }];
    const body = tagsBody(catalogsOf<KnownModel>({ local, cloud }));
    expect(body).toEqual({
      models: [
        {
          name: "auto:latest",
          model: "auto:latest",
          modified_at: "1970-01-01T00:00:00Z",
          size: 0,
          digest: "41cc3878f90686967cbf3b95cd853dcffa773ec666b93dc9cd95c0443d9392e9",
          details: { ...NO_DETAILS, family: "policy-mesh", families: ["policy-mesh"] },
        },
        ...listed,
        {
          name: "openai/gpt-4o",
          model: "openai/gpt-4o",
          modified_at: "2024-05-10T18:50:49.000Z",
          size: 0,
          digest: "abb375db7ecf41748da9080299c03f2ebce0504001958ae8a5f11d977c6583ea",
          details: { ...NO_DETAILS, family: "openai", families: ["openai"] },
        },
      ],
    });
    const [recorded] = listed.map(shapeOf);
    expect(modelsOf(body).map(shapeOf)).toEqual(modelsOf(body).map(() => recorded ?? null));
  });

  test("says what it can of a model that has only a name", () => {
    expect(modelsOf(tagsBody(catalogsOf({ local: [{ name: "tiny:1b", listing: null }] })))[1]).toEqual({
      name: "tiny:1b",
      model: "tiny:1b",
      modified_at: "1970-01-01T00:00:00Z",
      size: 0,
      digest: "d700050f6f01c07e226212ae13345b6c5b6f33443fac38296d1397ef4d6cc69b",
      details: NO_DETAILS,
    });
  });

  test("names a local model so that it is the local one which is asked for", () => {
    const local = ["auto:latest", "openai/oss:20b", "local/x:1b", "team/x:1b"].map((name) => ({ name, listing: null }));
    expect(modelsOf(tagsBody(catalogsOf({ local }))).map(({ name }) => name)).toEqual([
      "auto:latest",
      "local/auto:latest",
      "local/openai/oss:20b",
      "local/local/x:1b",
      "team/x:1b",
    ]);
  });

  test("keeps hosts and paths to itself", () => {
    const listing = {
      name: "x:1b",
      remote_host: "http://10.0.0.1:11434",
      remote_model: "y",
      details: { ...NO_DETAILS, parent_model: "/models/blobs/sha256-00", note: "/etc" },
    };
    const [, entry] = modelsOf(tagsBody(catalogsOf({ local: [{ name: "x:1b", listing }] })));
    expect(entry).toEqual({
      name: "x:1b",
      model: "x:1b",
      modified_at: "1970-01-01T00:00:00Z",
      size: 0,
      digest: "82e4d603dcda3441ac345c6f956a7d9edafd585bdbac74da8b62a1aed25ef338",
      details: NO_DETAILS,
    });
  });

  test.each([-1, 0, 1e20, "1715367049"])("takes no odd time for one: %p", (created) => {
    const [, entry] = modelsOf(tagsBody(catalogsOf({ cloud: [{ name: "m", listing: { created } }] })));
    expect(entry?.["modified_at"]).toBe("1970-01-01T00:00:00Z");
  });
});

test("only the first Ollama provider's models go by their own names", () => {
  const nameOf = clientNames("spare", false, ["local", "spare"]);
  expect(nameOf("x:1b")).toBe("spare/x:1b");
});

describe("the models in memory", () => {
  test("are those of the local server, as it says", async () => {
    const recorded = await recordedBody("ps");
    expect(psBody(catalogsOf({ local: modelsOf(recorded) }))).toEqual(recorded);
    expect(shapeOf(psBody(catalogsOf({ local: modelsOf(recorded) })))).toEqual(shapeOf(recorded));
    expect(psBody([])).toEqual({ models: [] });
  });

  test("have every field a client reads, and no other", () => {
    expect(psBody(catalogsOf<JsonObject>({ local: [{ name: "x:1b", path: "/models" }, { size: 5 }] }))).toEqual({
      models: [
        {
          name: "x:1b",
          model: "x:1b",
          size: 0,
          digest: "82e4d603dcda3441ac345c6f956a7d9edafd585bdbac74da8b62a1aed25ef338",
          details: NO_DETAILS,
          expires_at: "1970-01-01T00:00:00Z",
          size_vram: 0,
          context_length: 0,
        },
      ],
    });
  });
});

describe("what is shown of a model", () => {
  test("is what clients decide by, of what Ollama says", async () => {
    const recorded = await recordedBody("show");
    const shown = localShowBody(recorded);
    expect(shown).toEqual({
      parameters: 'num_ctx                        2048\nstop                           "<|im_end|>"',
      details: {
        parent_model: "",
        format: "gguf",
        family: "llama",
        families: ["llama"],
        parameter_size: "134.52M",
        quantization_level: "Q4_1",
      },
      model_info: {
        "general.architecture": "llama",
        "general.basename": "smollm2",
        "general.file_type": 3,
        "general.finetune": "8k-lc100k-mix1-ep2",
        "general.license": "apache-2.0",
        "general.organization": "HuggingFaceTB",
        "general.parameter_count": 134515008,
        "general.quantization_version": 2,
        "general.size_label": "135M",
        "general.type": "model",
        "llama.attention.head_count": 9,
        "llama.attention.head_count_kv": 3,
        "llama.attention.layer_norm_rms_epsilon": 0.00001,
        "llama.block_count": 30,
        "llama.context_length": 8192,
        "llama.embedding_length": 576,
        "llama.feed_forward_length": 1536,
        "llama.rope.dimension_count": 64,
        "llama.rope.freq_base": 100000,
        "llama.vocab_size": 49152,
      },
      capabilities: ["completion", "tools"],
      modified_at: "2026-11-22T07:57:14.168587162Z",
    });
    expect(JSON.stringify(shown)).not.toContain("/models/");
  });

  test("holds no template, prompt, license or list", () => {
    const shown = localShowBody({
      license: "long",
      modelfile: "FROM /models/x",
      template: "{{ .Prompt }}",
      system: "You are the boss's assistant.",
      messages: [{ role: "user", content: "secret" }],
      tensors: [{ name: "a" }],
      projector_info: {},
      remote_host: "http://10.0.0.1",
      model_info: {
        "general.architecture": "llama",
        "llama.context_length": 8192,
        "general.languages": ["en"],
        "general.tags": null,
        "general.license.text": "x".repeat(257),
        "tokenizer.chat_template": "{{ x }}",
      },
    });
    expect(shown).toEqual({
      details: NO_DETAILS,
      model_info: { "general.architecture": "llama", "llama.context_length": 8192 },
      capabilities: ["completion"],
      modified_at: "1970-01-01T00:00:00Z",
    });
  });

  test.each([
    [null, "policy-mesh", "auto"],
    ["gpt-4o", "openai", "gpt-4o"],
  ])("is little where the model is not local: %j", (wish, family, basename) => {
    expect(remoteShowBody(wish)).toEqual({
      details: { ...NO_DETAILS, family, families: [family] },
      model_info: { "general.architecture": family, "general.basename": basename },
      capabilities: ["completion", "tools"],
      modified_at: "1970-01-01T00:00:00Z",
    });
  });

  test.each([
    [{ model: "auto:latest" }, null],
    [{ model: "", name: "auto" }, null],
    [{ name: "openai/gpt-4o:latest" }, "openai/gpt-4o:latest"],
    [{ model: "smollm2:135m", name: "other", verbose: true }, "smollm2:135m"],
  ])("is asked for by model, or by name as old clients do: %j", (body, wish) => {
    expect<unknown>(Value.Check(OllamaShowBody, body) ? modelToShow(body) : "refused").toEqual(wish);
  });

  test.each([{}, { model: null }, { model: "", name: "" }])("needs a name: %j", (body) => {
    expect(refusalOf(() => modelToShow(body))).toEqual({
      code: "request.invalid_field",
      field: "model",
      message: "model: Expected a model's name.",
    });
    expect(Value.Check(OllamaShowBody, { model: "not a name" })).toBe(false);
  });
});

test("the version is that of the protocol the gateway speaks", async () => {
  expect(versionBody()).toEqual(await recordedBody("version"));
});
