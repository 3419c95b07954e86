import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Chunk } from "../../src/core/chat.ts";
import { createOpenAi, type OpenAiOptions } from "../../src/providers/openai.ts";
import { chatRequest } from "../support/deps.ts";
import { type Folder, type Replay, startReplay } from "../support/replay-upstream.ts";
import { target } from "../support/target.ts";

const PROMPT = "What is the capital of France? Answer in one short sentence.";
const KEY = "sk-invented-key";
const replays = new Map<Folder, Replay>();

beforeAll(async () => {
  for (const folder of ["llama-server", "ollama-openai"] as const) replays.set(folder, await startReplay(folder));
});
beforeEach(() => {
  for (const replay of replays.values()) replay.seen.length = 0;
});
afterAll(() => {
  for (const replay of replays.values()) replay.stop();
});

function replayOf(folder: Folder): Replay {
  const replay = replays.get(folder);
  if (replay === undefined) throw new Error(`${folder} is not replayed`);
  return replay;
}

const openai = (folder: Folder, options: Partial<OpenAiOptions> = {}) =>
  createOpenAi({ baseUrl: `${replayOf(folder).url}/v1`, apiKey: KEY, defaultModel: "m", needsKey: true, ...options });

async function ask(folder: Folder, scenario: string, options: Partial<OpenAiOptions> = {}) {
  await replayOf(folder).play(scenario);
  const chunks: Chunk[] = [];
  const signal = new AbortController().signal;
  for await (const chunk of openai(folder, options).chat(target("openai", "m"), chatRequest(PROMPT), signal))
    chunks.push(chunk);
  return chunks;
}

async function failureOf(folder: Folder, scenario: string, options: Partial<OpenAiOptions> = {}) {
  const [chunk] = await ask(folder, scenario, options);
  if (chunk?.kind !== "failure") throw new Error(`${scenario} did not fail`);
  return chunk.failure;
}

describe("servers that speak the OpenAI protocol, as recorded", () => {
  test("llama-server: gives the answer, the model that answered and the tokens it counted", async () => {
    expect(await ask("llama-server", "chat-success")).toEqual([
      { kind: "text", text: "The capital of France is Paris." },
      { kind: "end", model: "smollm2-135m", finishReason: "stop", usage: { promptTokens: 22, completionTokens: 8 } },
    ]);
  });

  test("Ollama's own OpenAI surface: likewise", async () => {
    const chunks = await ask("ollama-openai", "chat-success");
    expect(chunks.map((chunk) => chunk.kind)).toEqual(["text", "end"]);
    expect(chunks[1]).toMatchObject({
      usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
    });
  });

  test("says of an answer that hit its limit that it did", async () => {
    expect((await ask("llama-server", "chat-max-tokens")).at(-1)).toMatchObject({ finishReason: "length" });
  });

  test("says which model answered where the server overruled the one asked", async () => {
    expect((await ask("llama-server", "unknown-model")).at(-1)).toMatchObject({ kind: "end", model: "smollm2-135m" });
  });

  test.each([
    ["llama-server", "wrong-key", "authentication"],
    ["llama-server", "context-length", "context_length"],
    ["llama-server", "bad-request", "bad_request"],
    ["llama-server", "bad-request-role", "upstream_error"],
    ["llama-server", "unknown-model-router", "model_not_found"],
    ["llama-server", "chat-stream", "malformed_response"],
    ["llama-server", "models", "malformed_response"],
    ["ollama-openai", "unknown-model", "model_not_found"],
    ["ollama-openai", "chat-success-busy", "upstream_error"],
  ] as const)("takes %s's %s as %s", async (folder, scenario, category) => {
    expect((await failureOf(folder, scenario)).category).toBe(category);
  });

  test("never quotes the server's words, the key or the prompt", async () => {
    for (const scenario of ["wrong-key", "context-length", "bad-request", "bad-request-role"]) {
      const { message } = await failureOf("llama-server", scenario);
      expect(message).not.toMatch(/Invalid API Key|4010|Expected|parse messages|sk-invented|capital/);
    }
  });

  test("sends the key as a bearer token, the chosen model and nothing of the environment", async () => {
    process.env["OPENAI_ORG_ID"] = "org-of-the-shell";
    process.env["OPENAI_PROJECT_ID"] = "project-of-the-shell";
    try {
      await ask("llama-server", "chat-success");
    } finally {
      delete process.env["OPENAI_ORG_ID"];
      delete process.env["OPENAI_PROJECT_ID"];
    }
    const [request] = replayOf("llama-server").asked();
    expect(request?.path).toBe("/v1/chat/completions");
    expect(request?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect([request?.headers.get("openai-organization"), request?.headers.get("openai-project")]).toEqual([null, null]);
    expect(JSON.parse(request?.body ?? "")).toEqual({ model: "m", messages: [{ role: "user", content: PROMPT }] });
  });

  test("sends no authorization to a server that needs none", async () => {
    await ask("llama-server", "chat-success", { apiKey: null, needsKey: false });
    expect(replayOf("llama-server").asked()[0]?.headers.get("authorization")).toBeNull();
  });

  test("asks nobody without the key that is needed, and says what to set", async () => {
    const failure = await failureOf("llama-server", "chat-success", { apiKey: null });
    expect(failure).toEqual({
      category: "authentication",
      message: "The cloud provider is not configured. Set OPENAI_API_KEY, or DEFAULT_PROVIDER=local.",
    });
    expect(await openai("llama-server", { apiKey: null }).check(0)).toEqual({ status: "down", failure });
    expect(replayOf("llama-server").seen).toEqual([]);
  });

  test("asks once: retrying is not the SDK's business", async () => {
    await failureOf("ollama-openai", "chat-success-busy");
    expect(replayOf("ollama-openai").asked()).toHaveLength(1);
  });

  test("knows the models that the server lists", async () => {
    const provider = openai("llama-server");
    expect(provider.has("smollm2-135m")).toBe("unknown");
    await provider.check(0);
    expect([provider.has("smollm2-135m"), provider.has("absent")]).toEqual(["yes", "no"]);
  });
});
