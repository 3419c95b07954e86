import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { ChatRequest, Chunk } from "../../src/core/chat.ts";
import type { AllowedTarget } from "../../src/core/decision.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { asking, chatTask, embeddingTask, ollamaAsking } from "../support/ollama-requests.ts";
import { AS_LOCAL } from "../support/provider-options.ts";
import { loadExchange, type Replay, startReplay } from "../support/replay-upstream.ts";
import { constrainedTarget, target } from "../support/target.ts";
import { until } from "../support/until.ts";

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

const create = (baseUrl: string, defaultModel = MODEL) => createOllama({ ...AS_LOCAL, baseUrl, defaultModel });
const ollama = () => create(replay.url);
const chat = asking(chatTask(PROMPT));

function ask(
  allowed: AllowedTarget = target("local", MODEL),
  signal = new AbortController().signal,
  request: ChatRequest = chat,
): Promise<Chunk[]> {
  return Array.fromAsync(ollama().answer(allowed, request, signal));
}

const askFor = (request: ChatRequest) => ask(undefined, undefined, request);

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
      shift: false,
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
        'Ollama does not have the model "no-such-model:1b". Run `ollama pull no-such-model:1b`, or set OLLAMA_MODEL (OLLAMA_EMBEDDING_MODEL for embeddings) to one it has.',
    });
    expect(replay.asked()).toEqual([]);
  });
});

describe("an answer for a client of another protocol", () => {
  test("has the call of a tool with its arguments as text, and says that it ended for it", async () => {
    await replay.play("chat-tool-call");
    expect(await ask()).toEqual([
      { kind: "tool_call", index: 0, id: expect.stringMatching(/^call_[a-z0-9]{8}$/), name: "get_weather" },
      { kind: "tool_arguments", index: 0, text: '{"city":"Lisbon"}' },
      {
        kind: "end",
        model: "smollm2-tools:135m",
        finishReason: "tool_calls",
        usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
      },
    ]);
  });

  test("has the vectors of an embedding", async () => {
    await replay.play("embed");
    const { response } = await loadExchange("ollama", "embed");
    const { embeddings } = JSON.parse(response.chunks.map((chunk) => chunk.text).join(""));
    expect(await askFor(asking(embeddingTask(["policy", "mesh"])))).toEqual([
      { kind: "vectors", vectors: embeddings },
      { kind: "end", model: MODEL, finishReason: null, usage: { promptTokens: 2, completionTokens: null } },
    ]);
    expect(replay.asked().map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ["/api/embed", { model: MODEL, input: ["policy", "mesh"], truncate: false, stream: false }],
    ]);
  });

  test.each([
    [["policy"], null, "malformed_response"],
    [["policy", "mesh"], 1_000_000, "bad_request"],
  ] as const)(
    "is none where the vectors are not those of %j in %p dimensions",
    async (inputs, dimensions, category) => {
      await replay.play("embed");
      expect(await askFor(asking(embeddingTask(inputs, dimensions)))).toMatchObject([{ failure: { category } }]);
    },
  );
});

describe("an answer for a client of Ollama's protocol", () => {
  test.each([
    ["ollama_chat", "chat-success", "/api/chat", "stop"],
    ["ollama_chat", "chat-tool-call", "/api/chat", "tool_calls"],
    ["ollama_chat", "chat-load", "/api/chat", "load"],
    ["ollama_generate", "generate", "/api/generate", "stop"],
    ["ollama_embed", "embed", "/api/embed", null],
  ] as const)("of %s is the recorded %s as it came", async (surface, scenario, path, finishReason) => {
    await replay.play(scenario);
    const { request, response } = await loadExchange("ollama", scenario);
    const body: unknown = JSON.parse(response.chunks.map((chunk) => chunk.text).join(""));
    const sent = { ...(request.body as JsonObject), unheard_of: { kept: true } };
    expect(await askFor(ollamaAsking(surface, sent))).toMatchObject([{ kind: "document", body }, { finishReason }]);
    expect(replay.asked().map((seen) => [seen.path, JSON.parse(seen.body)])).toEqual([
      [path, { ...sent, model: MODEL, stream: false }],
    ]);
  });

  test("never sends the file that an image's words name, nor room for as many bytes as a number says", async () => {
    await replay.play("chat-success");
    for (const images of [[import.meta.path], [4_000_000_000], "x", null]) {
      const messages = [{ role: "user", content: "", images }];
      expect(await askFor(ollamaAsking("ollama_chat", { messages }))).toHaveLength(2);
      expect(JSON.parse(replay.asked().at(-1)?.body ?? "")).toEqual({ messages, model: MODEL, stream: false });
      await askFor(ollamaAsking("ollama_generate", { images }));
      expect(JSON.parse(replay.asked().at(-1)?.body ?? "")).toEqual({ images, model: MODEL, stream: false });
    }
  });
});

describe("an image", () => {
  const content = [{ kind: "image", mediaType: "image/png", base64: "iVBORw0KGgo=" }] as const;
  const seeing = asking(chatTask([{ role: "user", content }]));
  const capable = (show: () => Response) => {
    const posted: string[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        if (request.method === "GET") return Response.json({ models: [{ name: "m:latest" }] });
        const { pathname } = new URL(request.url);
        posted.push(`${pathname} ${await request.text()}`);
        return pathname === "/api/show" ? show() : Response.json({ message: { content: "seen" }, done: true });
      },
    });
    return { posted, server, provider: create(`http://127.0.0.1:${server.port}`, "m") };
  };

  test("is refused before it is sent where the model would not see it and the server would not say so", async () => {
    const { posted, server, provider } = capable(() => Response.json({ capabilities: ["completion"] }));
    const answer = provider.answer(target("local", "m"), seeing, AbortSignal.timeout(5_000));
    expect(await Array.fromAsync(answer)).toEqual([
      {
        kind: "failure",
        failure: {
          category: "bad_request",
          message: 'The model "m" does not take images. Use one that does.',
          // It says nothing of whether the model works.
          unasked: true,
        },
      },
    ]);
    expect(posted).toEqual(['/api/show {"model":"m"}']);
    await server.stop(true);
  });

  test("of an Ollama client is the server's to drop, as that client knows it", async () => {
    const { posted, server, provider } = capable(() => Response.json({ capabilities: ["completion"] }));
    const request = { ...seeing, surface: "ollama_chat", body: { messages: [] } } as const;
    const answer = provider.answer(target("local", "m"), request, AbortSignal.timeout(5_000));
    expect((await Array.fromAsync(answer)).map((chunk) => chunk.kind)).toEqual(["document", "end"]);
    expect(posted).toEqual(['/api/chat {"messages":[],"stream":false,"model":"m"}']);
    await server.stop(true);
  });

  test.each([
    ["sees", () => Response.json({ capabilities: ["completion", "vision"] })],
    ["may see, for all that the server says", () => Response.json({})],
    ["may see, for all that the server knows", () => new Response(null, { status: 404 })],
  ])("is sent to a model that %s", async (_name, show) => {
    const { posted, server, provider } = capable(show);
    const answer = provider.answer(target("local", "m"), seeing, AbortSignal.timeout(5_000));
    expect((await Array.fromAsync(answer))[0]).toEqual({ kind: "text", text: "seen" });
    expect(posted[1]).toStartWith('/api/chat {"model":"m","messages":[{"role":"user","content":"","images":["iVBOR');
    await server.stop(true);
  });
});

describe("what the server says of its models", () => {
  const listed = async (scenario: string) => {
    const { response } = await loadExchange("ollama", scenario);
    return JSON.parse(response.chunks.map((chunk) => chunk.text).join(""));
  };

  test("is its list, less those that run elsewhere", async () => {
    const provider = ollama();
    expect(provider.models()).toEqual([]);
    await provider.check(0);
    const { models } = await listed("tags");
    const local = models.filter((model: JsonObject) => model["remote_host"] === undefined);
    expect(local.length).toBeLessThan(models.length);
    expect(provider.models()).toEqual(local.map((listing: { name: string }) => ({ name: listing.name, listing })));
  });

  test("is its description of one", async () => {
    await replay.play("show");
    expect(await ollama().describe(MODEL)).toEqual(await listed("show"));
    expect(replay.asked().map(({ path, body }) => [path, body])).toEqual([["/api/show", `{"model":"${MODEL}"}`]]);
  });

  test.each(["show-unknown-model", "chat-stream", "remote-model"])(
    "is nothing where it answers %s",
    async (scenario) => {
      await replay.play(scenario);
      expect(await ollama().describe(MODEL)).toBeNull();
    },
  );

  test("is nothing of one that runs elsewhere, and that is not even asked", async () => {
    await replay.play("show");
    const provider = ollama();
    await provider.check(0);
    expect(await provider.describe("smollm2-remote:135m")).toBeNull();
    expect(await provider.describe("gpt-oss:120b-cloud")).toBeNull();
    expect(replay.asked()).toEqual([]);
  });

  test("is which are in memory, less those that run elsewhere", async () => {
    const { models } = await listed("ps");
    const elsewhere = [{ name: "x:cloud" }, { name: "y:1b", remote_host: "https://ollama.com" }, { name: "far:1b" }];
    const tags = { models: [{ name: MODEL }, { name: "far:1b", remote_model: "z" }] };
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => Response.json(url.endsWith("/api/ps") ? { models: [...models, ...elsewhere] } : tags),
    });
    const provider = create(`http://127.0.0.1:${server.port}`);
    await provider.check(0);
    expect(await provider.running()).toEqual(models);
    await server.stop(true);
    expect(await provider.running()).toEqual([]);
    expect(await provider.describe(MODEL)).toBeNull();
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
    const provider = create(`http://127.0.0.1:${bare.port}`, "named");
    const answers = (model: string) =>
      Array.fromAsync(provider.answer(target("local", model), chat, AbortSignal.timeout(5_000)));
    expect(await answers("named")).toEqual([
      { kind: "text", text: "hi" },
      { kind: "end", model: "named", finishReason: null, usage: { promptTokens: null, completionTokens: null } },
    ]);
    const constrained = provider.answer(constrainedTarget("named"), chat, AbortSignal.timeout(5_000));
    expect(await Array.fromAsync(constrained)).toMatchObject([
      { kind: "failure", failure: { category: "remote_model" } },
    ]);
    expect(await answers("other")).toMatchObject([{ kind: "failure", failure: { category: "model_not_found" } }]);
    await bare.stop(true);
  });
});

describe("a server that is not there", () => {
  test("is unreachable, with what to do about it", async () => {
    const provider = create("http://127.0.0.1:9");
    for await (const chunk of provider.answer(target("local", MODEL), chat, new AbortController().signal)) {
      expect(chunk).toEqual({
        kind: "failure",
        failure: {
          category: "unreachable",
          message:
            "Ollama cannot be reached at http://127.0.0.1:9. Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it listens.",
          transient: true,
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
  const provider = create(`http://127.0.0.1:${server.port}`, "m");
  expect((await provider.check(0)).status).toBe("up");
  hangs = true;
  const chunks = provider.answer(constrainedTarget("m"), chat, AbortSignal.timeout(200));
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
  const provider = create(`http://127.0.0.1:${server.port}`, "m");
  const background = provider.check(0);
  // Look-ups within 20 ms of each other are one.
  const apartMs = performance.now() + 50;
  while (lists === 0 || performance.now() < apartMs) await Bun.sleep(1);
  remote = true;
  const chunks = provider.answer(constrainedTarget("m"), chat, AbortSignal.timeout(5_000))[Symbol.asyncIterator]();
  // It runs at once, up to where it waits for the list.
  const refused = chunks.next();
  expect(lists).toBe(1);
  answerFirst();
  expect(await refused).toMatchObject({ value: { kind: "failure", failure: { category: "remote_model" } } });
  expect((await chunks.next()).done).toBe(true);
  expect(lists).toBe(2);
  expect((await background).status).toBe("up");
  expect(posted).toEqual([]);
  await server.stop(true);
});

test("an abort ends the upstream call at once", async () => {
  await replay.play("chat-success");
  const release = replay.holdAnswers();
  const caller = new AbortController();
  const pending = ask(target("local", MODEL), caller.signal);
  await until(() => replay.asked().length > 0, "the call");
  caller.abort();
  await pending;
  await until(() => replay.aborted.length > 0, "the upstream sees that its caller left");
  expect(replay.aborted).toEqual(["/api/chat"]);
  release();
});
