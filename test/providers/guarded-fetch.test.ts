import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Chunk } from "../../src/core/chat.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { chatRequest } from "../support/deps.ts";
import { target } from "../support/target.ts";

const TAGS = { models: [{ name: "m:latest" }] };
const elsewhere: string[] = [];
const other = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    elsewhere.push(request.url);
    return new Response();
  },
});
let behave: () => Response = () => new Response();
const upstream = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: (request) => (request.method === "GET" ? Response.json(TAGS) : behave()),
});
afterAll(() => Promise.all([other.stop(true), upstream.stop(true)]));

const base = `http://127.0.0.1:${upstream.port}`;
const PROVIDERS = {
  local: createOllama({ baseUrl: base, defaultModel: "m" }),
  openai: createOpenAi({ baseUrl: base, apiKey: "k", defaultModel: "m", needsKey: true }),
};

async function failureOf(id: "local" | "openai", behaviour: () => Response) {
  behave = behaviour;
  const chunks: Chunk[] = [];
  const signal = AbortSignal.timeout(5_000);
  for await (const chunk of PROVIDERS[id].chat(target(id, "m"), chatRequest("private words"), signal))
    chunks.push(chunk);
  const [chunk] = chunks;
  if (chunk?.kind !== "failure") throw new Error(`it did not fail: ${JSON.stringify(chunks)}`);
  return chunk.failure;
}

describe.each(["local", "openai"] as const)("a misbehaving server behind %s", (id) => {
  test.each([301, 302, 307, 308])("is not followed to another place by a %d", async (status) => {
    const location = `http://127.0.0.1:${other.port}/stolen`;
    const failure = await failureOf(id, () => new Response(null, { status, headers: { location } }));
    expect(failure.category).toBe("upstream_error");
    expect(elsewhere).toEqual([]);
  });

  test.each([
    ["an empty body", () => new Response("")],
    ["an HTML page", () => new Response("<html>private words</html>", { headers: { "content-type": "text/html" } })],
    ["JSON of another shape", () => Response.json({ error: "private words" })],
    [
      "JSON cut short",
      () =>
        new Response('{"model":"m","message":{"content":"priv', { headers: { "content-type": "application/json" } }),
    ],
  ] as const)("gives a clean failure for %s", async (_name, behaviour) => {
    const failure = await failureOf(id, behaviour);
    expect(failure.category).toBe("malformed_response");
    expect(failure.message).not.toContain("private");
  });

  test("cannot put words on record where the model's name belongs, nor a count that no column holds", async () => {
    const message = { role: "assistant", content: "hi" };
    const answerWith = (model: string, tokens: number) => () =>
      Response.json(
        id === "local"
          ? { model, message, done: true, prompt_eval_count: tokens, eval_count: 1 }
          : {
              model,
              choices: [{ finish_reason: "stop", message }],
              usage: { prompt_tokens: tokens, completion_tokens: 1 },
            },
      );
    behave = answerWith("private words\u0000", 5);
    const chunks = await Array.fromAsync(
      PROVIDERS[id].chat(target(id, "m"), chatRequest("x"), AbortSignal.timeout(5_000)),
    );
    expect(chunks.at(-1)).toMatchObject({ kind: "end", model: "m" });
    expect((await failureOf(id, answerWith("m", 3e9))).category).toBe("malformed_response");
  });

  test("that breaks off its answer is not taken for one that cannot be reached", async () => {
    const half = () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode('{"model":"m","message":{"content":"priv'));
            await Bun.sleep(5);
            controller.error(new Error("cut"));
          },
        }),
        { headers: { "content-type": "application/json" } },
      );
    expect(await failureOf(id, half)).toMatchObject({
      category: "malformed_response",
      message: expect.stringContaining("broke off its answer"),
    });
  });

  test("gives a clean failure for a 500 that is a page", async () => {
    const page = () =>
      new Response("<h1>private words</h1>", { status: 500, headers: { "content-type": "text/html" } });
    const failure = await failureOf(id, page);
    expect(failure.category).toBe("upstream_error");
    expect(failure.message).not.toContain("private");
  });

  test("cannot exhaust memory with an endless answer", async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    const endless = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
    expect((await failureOf(id, endless)).category).toBe("malformed_response");
  });
});

describe("proxy variables of the environment", () => {
  const seenByProxy: string[] = [];
  const proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      seenByProxy.push(request.url);
      return new Response("proxied", { status: 502 });
    },
  });
  afterAll(() => proxy.stop(true));

  /** Bun reads the variables when the process starts, so this takes a process of its own. */
  async function checkIn(provider: "ollama" | "openai", baseUrl: string) {
    const url = `http://127.0.0.1:${proxy.port}`;
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "../support/check-provider.ts"), provider, baseUrl],
      {
        env: { ...process.env, HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, NO_PROXY: "", no_proxy: "" },
        stdout: "pipe",
      },
    );
    return (await new Response(child.stdout).text()).trim();
  }

  test("do not carry local traffic off the machine", async () => {
    expect(await checkIn("ollama", base)).toBe("up");
    expect(seenByProxy).toEqual([]);
  });

  test("nor traffic to an OpenAI-compatible server on this machine", async () => {
    await checkIn("openai", base);
    expect(seenByProxy).toEqual([]);
  });

  test("do carry cloud traffic, which shows that the test can fail", async () => {
    expect(await checkIn("openai", "http://cloud.invalid/v1")).toBe("down");
    expect(seenByProxy).toEqual(["http://cloud.invalid/v1/models"]);
  });
});
