import { describe, expect, test } from "bun:test";
import { fakeApp } from "../support/app.ts";

const AWAY = { category: "unreachable", message: "not there" } as const;
const AUTO = { id: "auto", object: "model", created: 1_767_225_600, owned_by: "policy-mesh" };

function setUp() {
  const fakes = fakeApp();
  fakes.local.models.set("llama3.2:latest", "yes").set("forwarded:latest", "remote");
  fakes.local.listings.set("llama3.2:latest", { modified_at: "2026-05-04T10:00:00.123Z", size: 42 });
  fakes.openai.models.set("gpt-x", "yes");
  fakes.openai.listings.set("gpt-x", { created: 1_700_000_000 });
  const json = async (path: string) => {
    const response = await fakes.send(path);
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
  return { ...fakes, json };
}

describe("GET /v1/models", () => {
  test("lists auto, the cloud's models by name and the local ones with their provider", async () => {
    const { json } = setUp();
    expect(await json("/v1/models")).toEqual({
      status: 200,
      body: {
        object: "list",
        data: [
          AUTO,
          { id: "gpt-x", object: "model", created: 1_700_000_000, owned_by: "openai" },
          { id: "local/llama3.2:latest", object: "model", created: 1_777_888_800, owned_by: "local" },
        ],
      },
    });
  });

  test("works with no provider up", async () => {
    const { local, openai, json } = setUp();
    local.models.clear();
    openai.models.clear();
    local.isDown(AWAY);
    openai.isDown(AWAY);
    expect(await json("/v1/models")).toEqual({ status: 200, body: { object: "list", data: [AUTO] } });
  });

  test("names the default model of a cloud server that keeps no list", async () => {
    const { openai, json } = setUp();
    openai.models.clear();
    openai.isDown({ category: "upstream_error", message: "no such path" });
    expect(JSON.stringify((await json("/v1/models")).body)).toContain('"openai-default"');
  });

  test("leaves out what a hosted service would answer for", async () => {
    const { json } = setUp();
    expect(JSON.stringify((await json("/v1/models")).body)).not.toContain("forwarded");
  });
});

describe("GET /v1/models/{id}", () => {
  test.each([
    ["auto", "auto", "policy-mesh"],
    ["gpt-x", "gpt-x", "openai"],
    ["openai%2Fgpt-x", "openai/gpt-x", "openai"],
    ["local%2Fllama3.2%3Alatest", "local/llama3.2:latest", "local"],
    ["local/llama3.2", "local/llama3.2", "local"],
    ["llama3.2:latest", "llama3.2:latest", "local"],
  ])("finds %s", async (path, id, owner) => {
    const { json } = setUp();
    expect(await json(`/v1/models/${path}`)).toMatchObject({ status: 200, body: { id, owned_by: owner } });
  });

  test.each(["gpt-y", "local%2Fgpt-x", "openai%2Fllama3.2%3Alatest", "forwarded:latest", "%E0%A4%A"])(
    "does not find %s",
    async (path) => {
      const { json } = setUp();
      expect(await json(`/v1/models/${path}`)).toMatchObject({
        status: 404,
        body: { error: { type: "not_found_error", code: "model_not_found", param: "model" } },
      });
    },
  );
});

describe("what Ollama clients ask before they ask a model", () => {
  test("GET and HEAD / greet", async () => {
    const { send } = setUp();
    const response = await send("/");
    expect([response.status, await response.text()]).toEqual([200, "Ollama is running"]);
  });

  test("GET /api/tags lists auto, the local models by name and the cloud's with its provider", async () => {
    const { json } = setUp();
    const { body } = await json("/api/tags");
    expect((body as { models: { name: string }[] }).models.map(({ name }) => name)).toEqual([
      "auto:latest",
      "llama3.2:latest",
      "openai/gpt-x",
    ]);
  });

  test("GET /api/tags works with no provider up", async () => {
    const { local, openai, json } = setUp();
    local.models.clear();
    openai.models.clear();
    local.isDown(AWAY);
    openai.isDown(AWAY);
    expect(await json("/api/tags")).toMatchObject({ status: 200, body: { models: [{ name: "auto:latest" }] } });
  });

  test("POST /api/show describes a local model without its files, template and licence", async () => {
    const { local, post } = setUp();
    local.shown.set("llama3.2", {
      modelfile: "FROM /models/blobs/sha256-1",
      template: "{{ .Prompt }}",
      license: "long text",
      capabilities: ["completion", "tools"],
      model_info: { "llama.context_length": 8192 },
    });
    const response = await post("/api/show", { model: "llama3.2" });
    const body = await response.text();
    expect(response.status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      capabilities: ["completion", "tools"],
      model_info: { "llama.context_length": 8192 },
    });
    expect(body).not.toMatch(/blobs|\.Prompt|long text/);
  });

  test.each(["auto", "auto:latest", "openai/gpt-x", "gpt-x"])("POST /api/show describes %s", async (model) => {
    const { post } = setUp();
    const response = await post("/api/show", { model });
    expect(await response.json()).toMatchObject({ capabilities: ["completion", "tools"] });
  });

  test.each(["nope", "forwarded", "openai/nope"])("POST /api/show does not know %s", async (model) => {
    const { post } = setUp();
    const response = await post("/api/show", { model });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.stringContaining("No provider") });
  });

  test.each([
    ["POST", "/api/pull"],
    ["POST", "/api/create"],
    ["POST", "/api/push"],
    ["POST", "/api/copy"],
    ["DELETE", "/api/delete"],
    ["POST", "/api/blobs/sha256:abc"],
  ])("%s %s changes nothing", async (method, path) => {
    const { send } = setUp();
    const response = await send(path, { method, body: '{"model":"x"}' });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ error: expect.stringContaining("managed on the Ollama server itself") });
  });
});
