import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createOpenAi, type OpenAiOptions } from "../../src/providers/openai.ts";
import { chatRequest } from "../support/deps.ts";
import { CHAT, COMPLETION, openAiRequest, otherRequest, readable } from "../support/openai-streams.ts";
import { AS_OPENAI } from "../support/provider-options.ts";
import { type Folder, loadExchange, type Replay, startReplay } from "../support/replay-upstream.ts";
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
  createOpenAi({
    ...AS_OPENAI,
    baseUrl: `${replayOf(folder).url}/v1`,
    apiKey: KEY,
    defaultModel: "m",
    needsKey: true,
    ...options,
  });

async function ask(
  folder: Folder,
  scenario: string,
  options: Partial<OpenAiOptions> = {},
  request = chatRequest(PROMPT),
) {
  await replayOf(folder).play(scenario);
  const signal = new AbortController().signal;
  return Array.fromAsync(openai(folder, options).answer(target("openai", "m"), request, signal));
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

  test("gives the answer as it came to a client of the same protocol", async () => {
    const { response } = await loadExchange("llama-server", "chat-logprobs");
    const body = JSON.parse(response.chunks.map(({ text }) => text).join(""));
    expect(await ask("llama-server", "chat-logprobs", {}, openAiRequest({}, CHAT, false))).toEqual([
      { kind: "document", body },
      { kind: "end", model: "smollm2-135m", finishReason: "length", usage: { promptTokens: 22, completionTokens: 3 } },
    ]);
  });

  test("gives the probability of each token", async () => {
    const [text] = await ask("llama-server", "chat-logprobs");
    expect(text).toMatchObject({
      kind: "text",
      text: "The capital of",
      logprobs: [{ token: "The" }, { token: " capital" }, { token: " of" }],
    });
  });

  test.each([
    ["llama-server", "get_weather"],
    ["ollama-openai", "get_weather"],
  ] as const)("%s: gives a tool call with its arguments", async (folder, name) => {
    const [call, text, end] = await ask(folder, "chat-tool-call");
    expect(call).toEqual({ kind: "tool_call", index: 0, id: expect.stringMatching(/./), name });
    expect(text?.kind === "tool_arguments" && JSON.parse(text.text)).toEqual({ city: "Lisbon" });
    expect(end).toMatchObject({ kind: "end", finishReason: "tool_calls" });
  });

  test("gives a completion", async () => {
    const { response } = await loadExchange("llama-server", "completions");
    const body = JSON.parse(response.chunks.map(({ text }) => text).join(""));
    const end = { kind: "end", model: "smollm2-135m", finishReason: "length", usage: expect.anything() };
    const text = { kind: "text", text: body.choices[0].text };
    const other = otherRequest(COMPLETION, { streamed: false });
    expect(await ask("llama-server", "completions", {}, other)).toMatchObject([text, end]);
    const own = openAiRequest({ prompt: "x" }, COMPLETION, false);
    expect(await ask("llama-server", "completions", {}, own)).toMatchObject([{ kind: "document", body }, end]);
    expect(
      replayOf("llama-server")
        .asked()
        .map(({ path }) => path),
    ).toEqual(["/v1/completions", "/v1/completions"]);
  });

  test("gives embeddings, as numbers or as the client asked for them", async () => {
    const task = { kind: "embedding", inputs: ["a"], dimensions: null } as const;
    const other = otherRequest(task, { streamed: false });
    const [vectors, end] = await ask("ollama-openai", "embeddings-float", {}, other);
    expect(vectors?.kind === "vectors" && vectors.vectors.map((vector) => vector.length)).toEqual([576]);
    expect(end).toEqual({
      kind: "end",
      model: expect.stringMatching(/./),
      finishReason: null,
      usage: { promptTokens: expect.any(Number), completionTokens: null },
    });
    const two = otherRequest({ ...task, inputs: ["a", "b"] }, { streamed: false });
    expect(await ask("ollama-openai", "embeddings-float", {}, two)).toMatchObject([
      { kind: "failure", failure: { category: "malformed_response" } },
    ]);
    const own = openAiRequest({ input: ["a", "b"], encoding_format: "base64" }, task, false);
    expect(await ask("ollama-openai", "embeddings", {}, own)).toMatchObject([
      { kind: "document", body: { data: [{ embedding: expect.any(String) }, { embedding: expect.any(String) }] } },
      { kind: "end" },
    ]);
  });

  test.each(["llama-server", "ollama-openai"] as const)("%s: streams to both kinds of client", async (folder) => {
    const { response } = await loadExchange(folder, "chat-stream");
    const body = response.chunks.map(({ text }) => text).join("");
    const own = openAiRequest({ stream_options: { include_usage: true } });
    const { raw, others } = readable(await ask(folder, "chat-stream", {}, own));
    expect(others).toMatchObject([{ kind: "end", finishReason: "stop", tail: body.slice(raw.length) }]);
    expect([raw, raw.length > 0]).toEqual([body.slice(0, raw.length), true]);
    const chunks = await ask(folder, "chat-stream", {}, otherRequest());
    const text = chunks.map((chunk) => (chunk.kind === "text" ? chunk.text : "")).join("");
    expect(text).toStartWith("The capital of France is Paris");
    expect(chunks.at(-1)).toEqual({
      kind: "end",
      model: expect.stringContaining("smollm2"),
      finishReason: "stop",
      usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
    });
  });

  test.each([
    ["context-length-stream", "context_length"],
    ["chat-stream-loading", "upstream_error"],
    ["chat-success", "malformed_response"],
  ] as const)("takes %s in place of a stream as %s", async (scenario, category) => {
    for (const request of [openAiRequest({}), otherRequest()]) {
      const chunks = await ask("llama-server", scenario, {}, request);
      expect(chunks).toMatchObject([{ kind: "failure", failure: { category, message: expect.any(String) } }]);
    }
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
      unasked: true,
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
    expect(provider.models()).toEqual([
      {
        name: "smollm2-135m",
        listing: { id: "smollm2-135m", object: "model", created: expect.any(Number), owned_by: "llamacpp" },
      },
    ]);
    expect([await provider.describe("smollm2-135m"), await provider.running()]).toEqual([null, []]);
  });
});

test("no text at all is embedded to no vector at all, without asking anybody", async () => {
  const request = otherRequest({ kind: "embedding", inputs: [], dimensions: null }, { surface: "ollama_embed" });
  expect(await ask("llama-server", "chat-success", {}, request)).toEqual([
    { kind: "vectors", vectors: [] },
    { kind: "end", model: "m", finishReason: null, usage: { promptTokens: null, completionTokens: null } },
  ]);
  expect(replayOf("llama-server").seen).toEqual([]);
});
