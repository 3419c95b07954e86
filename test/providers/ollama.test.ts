import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Chunk } from "../../src/core/chat.ts";
import type { AllowedTarget } from "../../src/core/decision.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { chatRequest } from "../support/deps.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { constrainedTarget, target } from "../support/target.ts";

const MODEL = "smollm2:135m";
const PROMPT = "What is the capital of France? Answer in one short sentence.";

let replay: Replay;
beforeAll(async () => {
  replay = await startReplay("ollama");
});
beforeEach(() => {
  replay.seen.length = 0;
  replay.aborted.length = 0;
});
afterAll(() => replay.stop());

const ollama = () => createOllama({ baseUrl: replay.url, defaultModel: MODEL });

async function ask(allowed: AllowedTarget = target("local", MODEL), signal = new AbortController().signal) {
  const chunks: Chunk[] = [];
  for await (const chunk of ollama().chat(allowed, chatRequest(PROMPT), signal)) chunks.push(chunk);
  return chunks;
}

async function failureOf(scenario: string, model = MODEL) {
  await replay.play(scenario);
  const [chunk] = await ask(target("local", model));
  if (chunk?.kind !== "failure") throw new Error(`${scenario} did not fail`);
  return chunk.failure;
}

describe("Ollama, as recorded from a real server", () => {
  test("gives the answer, the model that answered and the tokens it counted", async () => {
    await replay.play("chat-success");
    expect(await ask()).toEqual([
      { kind: "text", text: "The capital of France is Paris, a city steeped in history and culture." },
      { kind: "end", model: MODEL, finishReason: "stop", usage: { promptTokens: 22, completionTokens: 16 } },
    ]);
  });

  test("asks for a whole answer, all messages, and no silent truncation of the prompt", async () => {
    await replay.play("chat-success");
    await ask();
    expect(JSON.parse(replay.asked()[0]?.body ?? "")).toEqual({
      model: MODEL,
      messages: [{ role: "user", content: PROMPT }],
      stream: false,
      truncate: false,
    });
  });

  test("says of an answer that hit its limit that it did", async () => {
    await replay.play("chat-num-predict-limit");
    expect((await ask()).at(-1)).toMatchObject({ kind: "end", finishReason: "length" });
  });

  test.each([
    ["chat-unknown-model", "model_not_found"],
    ["chat-context-length", "context_length"],
    ["bad-request", "bad_request"],
    ["chat-success-busy", "upstream_error"],
    ["cloud-model", "upstream_error"],
    ["remote-model-disabled", "authentication"],
    ["chat-stream", "malformed_response"],
    ["tags", "malformed_response"],
  ] as const)("takes the recorded %s as %s", async (scenario, category) => {
    expect((await failureOf(scenario)).category).toBe(category);
  });

  test("never quotes what the server said", async () => {
    for (const scenario of ["bad-request", "cloud-model", "chat-success-busy", "remote-model-disabled"]) {
      const { message } = await failureOf(scenario);
      expect(message).not.toMatch(/unmarshal|ollama\.com|pending requests|remote model is/);
    }
  });

  test("tells how to get a model that is not there, before any content is sent", async () => {
    expect(await failureOf("chat-success", "no-such-model:1b")).toEqual({
      category: "model_not_found",
      message:
        'Ollama does not have the model "no-such-model:1b". Run `ollama pull no-such-model:1b`, or set OLLAMA_MODEL to one it has.',
    });
    expect(replay.asked()).toEqual([]);
  });
});

describe("local means local", () => {
  test("sends nothing to a model that the server lists as remote", async () => {
    expect((await failureOf("remote-model", "smollm2-remote:135m")).category).toBe("remote_model");
    expect(replay.asked()).toEqual([]);
  });

  test.each(["smollm2:135m-cloud", "gpt-oss:120b-cloud", "smollm2:cloud"])(
    "sends nothing to %s, whose answer would not even say that it was forwarded",
    async (model) => {
      const { category } = await failureOf("cloud-model-forwarded", model);
      expect(["remote_model", "model_not_found"]).toContain(category);
      expect(replay.asked()).toEqual([]);
    },
  );

  test("withholds an answer that a remote host gave under a local name", async () => {
    expect((await failureOf("remote-model")).category).toBe("remote_model");
  });

  test("knows what is remote from the list", async () => {
    const provider = ollama();
    expect(provider.has(MODEL)).toBe("unknown");
    expect(await provider.check(0)).toEqual({ status: "up", modelCount: expect.any(Number) });
    expect(provider.has(MODEL)).toBe("yes");
    expect(provider.has("smollm2-remote:135m")).toBe("remote");
    expect(provider.has("absent")).toBe("no");
  });
});

describe("a server that speaks the protocol and is no Ollama", () => {
  test("is taken at the operator's word for the model that the operator named, and for no other", async () => {
    const bare = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) =>
        request.method === "GET"
          ? new Response("404 page not found", { status: 404 })
          : Response.json({ message: { role: "assistant", content: "hi" }, done: true }),
    });
    const provider = createOllama({ baseUrl: `http://127.0.0.1:${bare.port}`, defaultModel: "named" });
    const answers = (model: string) =>
      Array.fromAsync(provider.chat(target("local", model), chatRequest(PROMPT), AbortSignal.timeout(5_000)));
    expect(await answers("named")).toEqual([
      { kind: "text", text: "hi" },
      { kind: "end", model: "named", finishReason: null, usage: { promptTokens: null, completionTokens: null } },
    ]);
    const constrained = provider.chat(constrainedTarget("named"), chatRequest(PROMPT), AbortSignal.timeout(5_000));
    expect(await Array.fromAsync(constrained)).toMatchObject([
      { kind: "failure", failure: { category: "remote_model" } },
    ]);
    expect(await answers("other")).toMatchObject([{ kind: "failure", failure: { category: "model_not_found" } }]);
    await bare.stop(true);
  });
});

describe("a server that is not there", () => {
  test("is unreachable, with what to do about it", async () => {
    const provider = createOllama({ baseUrl: "http://127.0.0.1:9", defaultModel: MODEL });
    for await (const chunk of provider.chat(
      target("local", MODEL),
      chatRequest(PROMPT),
      new AbortController().signal,
    )) {
      expect(chunk).toEqual({
        kind: "failure",
        failure: {
          category: "unreachable",
          message:
            "Ollama cannot be reached at http://127.0.0.1:9. Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it listens.",
        },
      });
    }
    expect(provider.has(MODEL)).toBe("unknown");
  });
});

test("a constrained request is not sent on what an earlier look-up said, when the next one hangs", async () => {
  let hangs = false;
  const posted: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (request.method === "POST") posted.push(await request.text());
      if (hangs) await new Promise(() => {});
      return Response.json({ models: [{ name: "m:latest" }] });
    },
  });
  const provider = createOllama({ baseUrl: `http://127.0.0.1:${server.port}`, defaultModel: "m" });
  expect((await provider.check(0)).status).toBe("up");
  hangs = true;
  const chunks = provider.chat(constrainedTarget("m"), chatRequest(PROMPT), AbortSignal.timeout(200));
  expect(await Array.fromAsync(chunks)).toMatchObject([{ kind: "failure", failure: { category: "timeout" } }]);
  expect(posted).toEqual([]);
  await server.stop(true);
});

test("a constrained request does not take a look-up's word that began before it", async () => {
  let remote = false;
  let lists = 0;
  const posted: string[] = [];
  const { promise: first, resolve: answerFirst } = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      if (request.method === "POST") posted.push(await request.text());
      const models = [remote ? { name: "m:latest", remote_host: "https://elsewhere.example" } : { name: "m:latest" }];
      if (++lists === 1) await first;
      return Response.json({ models });
    },
  });
  const provider = createOllama({ baseUrl: `http://127.0.0.1:${server.port}`, defaultModel: "m" });
  const background = provider.check(0);
  while (lists === 0) await Bun.sleep(1);
  await Bun.sleep(50);
  remote = true;
  const chunks = Array.fromAsync(
    provider.chat(constrainedTarget("m"), chatRequest(PROMPT), AbortSignal.timeout(5_000)),
  );
  await Bun.sleep(20);
  answerFirst();
  expect(await chunks).toMatchObject([{ kind: "failure", failure: { category: "remote_model" } }]);
  expect((await background).status).toBe("up");
  expect(posted).toEqual([]);
  await server.stop(true);
});

test("an abort ends the upstream call at once", async () => {
  await replay.play("chat-success");
  const release = replay.holdAnswers();
  const caller = new AbortController();
  const pending = ask(target("local", MODEL), caller.signal);
  while (replay.asked().length === 0) await Bun.sleep(2);
  caller.abort();
  const startedMs = performance.now();
  await pending;
  while (replay.aborted.length === 0 && performance.now() - startedMs < 2_000) await Bun.sleep(2);
  expect(replay.aborted).toEqual(["/api/chat"]);
  release();
});
