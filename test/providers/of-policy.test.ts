import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Provider } from "../../src/core/provider.ts";
import { createOllama, type OllamaOptions } from "../../src/providers/ollama.ts";
import { createOpenAi, type OpenAiOptions } from "../../src/providers/openai.ts";
import { chatRequest } from "../support/deps.ts";
import { constrainedTarget, target } from "../support/target.ts";

/** What providers of a policy file say, which gives them names and zones of its own. */

const NOWHERE = "http://127.0.0.1:9";
const SETTING = /\b[A-Z]+_[A-Z_]+\b/;

let server: Bun.Server<undefined>;
let answer: (path: string) => Response = () => new Response(null, { status: 500 });
const posted: string[] = [];

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (request.method === "POST") posted.push(await request.text());
      return answer(new URL(request.url).pathname);
    },
  });
});
beforeEach(() => {
  posted.length = 0;
});
afterAll(() => server.stop(true));

const here = () => `http://127.0.0.1:${server.port}`;
const shared = { hints: "policy", defaultModel: "m", defaultEmbeddingModel: null } as const;
const ollama = (options: Partial<OllamaOptions> = {}): Provider =>
  createOllama({ ...shared, id: "gpu-box", zone: "eu", baseUrl: here(), ...options });
const openai = (options: Partial<OpenAiOptions> = {}): Provider =>
  createOpenAi({ ...shared, id: "team_proxy", zone: "eu", baseUrl: here(), apiKey: "k", needsKey: true, ...options });

async function failureOf(provider: Provider, allowed = target("local", "m")) {
  const [chunk] = await Array.fromAsync(provider.answer(allowed, chatRequest("words"), AbortSignal.timeout(5_000)));
  if (chunk?.kind !== "failure") throw new Error("it did not fail");
  return chunk.failure;
}

describe("a provider of the policy", () => {
  test("has the name, the zone and the models that the policy gives it", () => {
    expect(ollama({ defaultEmbeddingModel: "e" })).toMatchObject({
      id: "gpu-box",
      zone: "eu",
      defaultModel: "m",
      defaultEmbeddingModel: "e",
    });
    expect(openai({ zone: "local", defaultEmbeddingModel: "e" })).toMatchObject({
      id: "team_proxy",
      zone: "local",
      defaultModel: "m",
      defaultEmbeddingModel: "e",
    });
    expect([ollama().defaultEmbeddingModel, openai().defaultEmbeddingModel]).toEqual([null, null]);
  });

  test("is called by its name, and no setting of the environment is, where it cannot be reached", async () => {
    for (const [provider, name] of [
      [ollama({ baseUrl: NOWHERE }), "gpu-box"],
      [openai({ baseUrl: NOWHERE }), "team_proxy"],
    ] as const) {
      const { category, message } = await failureOf(provider);
      expect([category, message]).toEqual(["unreachable", expect.stringContaining(`"${name}"`)]);
      expect(message).not.toMatch(SETTING);
      expect(message).toContain("base_url");
    }
  });

  test.each([401, 404, 429, 500])("names no setting of the environment when the server answers %i", async (status) => {
    answer = (path) =>
      path === "/api/tags"
        ? Response.json({ models: [{ name: "m:latest" }] })
        : Response.json({ error: "model not found" }, { status });
    for (const provider of [ollama(), openai()]) expect((await failureOf(provider)).message).not.toMatch(SETTING);
  });

  test("names none for a model that is not there, and none for what is not proven", async () => {
    answer = () => Response.json({ models: [] });
    expect(await failureOf(ollama())).toEqual({
      category: "model_not_found",
      message:
        'The provider "gpu-box" does not have the model "m". Run `ollama pull m` there, or change its models in the policy.',
    });
    answer = () => new Response(null, { status: 404 });
    expect(await failureOf(ollama(), constrainedTarget("m"))).toEqual({
      category: "remote_model",
      message:
        'The server at the base_url of "gpu-box" does not say where "m" runs, and this request must stay in the zone "eu".',
    });
    expect(posted).toEqual([]);
  });

  test("says what to put where when it lacks a key, and asks nobody", async () => {
    const { category, message } = await failureOf(openai({ apiKey: null }));
    expect([category, message]).toEqual(["authentication", expect.stringContaining('"team_proxy" has no key')]);
    expect(message).not.toMatch(SETTING);
    expect(posted).toEqual([]);
  });
});

describe("a model that a server would hand on", () => {
  test.each(["local", "eu", "cloud"])(
    "is refused by an Ollama server in the zone %s, before any content",
    async (zone) => {
      answer = () => Response.json({ models: [{ name: "m:latest", remote_host: "https://elsewhere.example" }] });
      const { category, message } = await failureOf(ollama({ zone }));
      expect([category, posted]).toEqual(["remote_model", []]);
      expect(message).toContain(zone === "local" ? "not local" : `out of the zone "${zone}"`);
      expect((await failureOf(ollama({ zone }), target("local", "x:cloud"))).category).toBe("remote_model");
      expect(posted).toEqual([]);
    },
  );

  test("is refused by its name by a server of OpenAI's protocol in the local zone, which may be an Ollama", async () => {
    answer = () => new Response(null, { status: 500 });
    for (const model of ["x:cloud", "gpt-oss:120b-cloud"]) {
      const { category } = await failureOf(openai({ zone: "local" }), target("local", model));
      expect(category).toBe("remote_model");
    }
    expect(posted).toEqual([]);
    expect((await failureOf(openai(), target("local", "x-cloud"))).category).toBe("upstream_error");
    expect(posted).toHaveLength(1);
  });
});
