import { afterAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Chunk } from "../../src/core/chat.ts";
import { guardedFetch } from "../../src/providers/guarded-fetch.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { NETWORK } from "../../src/providers/transport.ts";
import { BrokenAnswer, ResponseTooLarge, UpstreamStatus } from "../../src/providers/upstream-errors.ts";
import { chatRequest } from "../support/deps.ts";
import { AS_LOCAL, AS_OPENAI } from "../support/provider-options.ts";
import { target } from "../support/target.ts";

/** To a server whose name is taken at its word. */
const LINE = { direct: true, transport: NETWORK, local: null, probe: null, connectTimeoutMs: null };
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
  local: createOllama({ ...AS_LOCAL, baseUrl: base, defaultModel: "m" }),
  openai: createOpenAi({ ...AS_OPENAI, baseUrl: base, apiKey: "k", defaultModel: "m", needsKey: true }),
};

async function failureOf(id: "local" | "openai", behaviour: () => Response) {
  behave = behaviour;
  const chunks: Chunk[] = [];
  const signal = AbortSignal.timeout(5_000);
  for await (const chunk of PROVIDERS[id].answer(target(id, "m"), chatRequest("private words"), signal))
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
    ["JSON of another shape", () => Response.json({ answer: "private words" })],
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
      PROVIDERS[id].answer(target(id, "m"), chatRequest("x"), AbortSignal.timeout(5_000)),
    );
    expect(chunks.at(-1)).toMatchObject({ kind: "end", model: "m" });
    behave = answerWith("m", 3e9);
    const counted = PROVIDERS[id].answer(target(id, "m"), chatRequest("x"), AbortSignal.timeout(5_000));
    expect((await Array.fromAsync(counted)).at(-1)).toMatchObject({
      kind: "end",
      usage: { promptTokens: null, completionTokens: 1 },
    });
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

  test("gives a clean failure for an error that comes with the status of an answer", async () => {
    const failure = await failureOf(id, () => Response.json({ error: "private words" }));
    expect(failure.category).toBe("upstream_error");
    expect(failure.message).not.toContain("private");
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
  async function checkIn(provider: "ollama" | "openai", baseUrl: string, ...zone: readonly string[]) {
    const url = `http://127.0.0.1:${proxy.port}`;
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "../support/check-provider.ts"), provider, baseUrl, ...zone],
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

  test("nor traffic to one on another machine of the local zone, by whatever name", async () => {
    expect(await checkIn("openai", "http://gpu.invalid/v1", "local")).toBe("down");
    expect(seenByProxy).toEqual([]);
  });

  test.each([true, false])("do not carry a stream off the machine where it goes direct (%p)", async (direct) => {
    const guarded = join(import.meta.dir, "../../src/providers/guarded-fetch.ts");
    const transport = join(import.meta.dir, "../../src/providers/transport.ts");
    const script = `
      import { guardedFetch } from ${JSON.stringify(guarded)};
      import { NETWORK } from ${JSON.stringify(transport)};
      const connection = { direct: ${direct}, transport: NETWORK, local: null, probe: null };
      const ask = guardedFetch(new AbortController().signal, { ...connection, connectTimeoutMs: null, stream: true });
      await ask("http://model.invalid/stream").then((response) => response.text(), () => null);`;
    const url = `http://127.0.0.1:${proxy.port}`;
    seenByProxy.length = 0;
    const env = { ...process.env, HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, NO_PROXY: "", no_proxy: "" };
    await Bun.spawn([process.execPath, "-e", script], { env, stdout: "ignore", stderr: "ignore" }).exited;
    expect(seenByProxy).toEqual(direct ? [] : ["http://model.invalid/stream"]);
    seenByProxy.length = 0;
  });

  test("do carry cloud traffic, which shows that the test can fail", async () => {
    expect(await checkIn("openai", "http://cloud.invalid/v1")).toBe("down");
    expect(seenByProxy).toEqual(["http://cloud.invalid/v1/models"]);
  });
});

describe("an answer that is handed on as it comes", () => {
  const NEVER = new AbortController().signal;
  const stream = (signal = NEVER) => guardedFetch(signal, { ...LINE, stream: true });

  /** A server that says what it is told on each connection, and hears how the connection ends. */
  async function startRaw(serve: (socket: Socket) => void) {
    const closed: Promise<void>[] = [];
    const server = createServer((socket) => {
      closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
      socket.on("error", () => {});
      socket.once("data", () => serve(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port to listen on");
    return {
      url: `http://127.0.0.1:${address.port}/`,
      closed,
      async [Symbol.asyncDispose]() {
        await new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  }

  const OPENING = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  const chunkOf = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

  function readerOf(response: Response) {
    if (response.body === null) throw new Error("there is no body");
    return response.body.getReader();
  }

  test("is there before the upstream is done, and ends as it ends", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using server = await startRaw(async (socket) => {
      socket.write(`${OPENING}${chunkOf("one")}`);
      await released;
      socket.end(`${chunkOf("two")}0\r\n\r\n`);
    });
    const response = await stream()(server.url);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect(response.headers.get("transfer-encoding")).toBeNull();
    const reader = readerOf(response);
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("one");
    release();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("two");
    expect((await reader.read()).done).toBe(true);
  });

  test("is not read ahead: what the upstream could write stays bounded", async () => {
    const piece = Buffer.alloc(64 * 1024, "x");
    const PIECES = 1_600;
    let accepted = 0;
    await using server = await startRaw(async (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${PIECES * piece.byteLength}\r\n\r\n`);
      const gone = new Promise((resolve) => socket.once("close", resolve));
      while (accepted < PIECES && !socket.destroyed) {
        const taken = new Promise<void>((resolve) => socket.write(piece, () => resolve()));
        await Promise.race([taken, gone]);
        accepted++;
      }
    });
    const reader = readerOf(await stream()(server.url));
    await reader.read();
    for (let before = -1; before !== accepted; await Bun.sleep(100)) before = accepted;
    // What the two ends of the connection hold, not the hundred megabytes that are to come.
    expect((accepted * piece.byteLength) / 1_048_576).toBeLessThan(60);
    let read = 0;
    for (let part = await reader.read(); !part.done && read < 40; part = await reader.read()) read++;
    await reader.cancel();
    await Promise.all(server.closed);
  });

  test("that is cut is an error, never a clean end", async () => {
    await using server = await startRaw((socket) => {
      socket.write(`${OPENING}${chunkOf("one")}`, () => socket.destroy());
    });
    const reader = readerOf(await stream()(server.url));
    const read = async () => {
      while (!(await reader.read()).done);
    };
    await expect(read()).rejects.toBeInstanceOf(BrokenAnswer);
  });

  test("that is shorter than announced is an error too", async () => {
    await using server = await startRaw((socket) => {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\none");
    });
    const reader = readerOf(await stream()(server.url));
    const read = async () => {
      while (!(await reader.read()).done);
    };
    await expect(read()).rejects.toBeInstanceOf(BrokenAnswer);
  });

  test.each([
    ["cancelled", (reader: { cancel(): Promise<void> }) => void reader.cancel()],
    ["ended by its signal", (_reader: unknown, given: AbortController) => given.abort()],
  ] as const)("hangs up when it is %s", async (_name, leave) => {
    await using server = await startRaw((socket) => {
      socket.write(`${OPENING}${chunkOf("one")}`);
    });
    const given = new AbortController();
    const reader = readerOf(await stream(given.signal)(server.url));
    await reader.read();
    leave(reader, given);
    await Promise.all(server.closed);
    expect(server.closed).toHaveLength(1);
  });

  test("hangs up on the signal that an SDK gives, too", async () => {
    await using server = await startRaw((socket) => {
      socket.write(`${OPENING}${chunkOf("one")}`);
    });
    const own = new AbortController();
    const reader = readerOf(await stream()(server.url, { signal: own.signal }));
    await reader.read();
    own.abort();
    await expect(reader.read()).rejects.toBeInstanceOf(BrokenAnswer);
    await Promise.all(server.closed);
  });

  test("of another status is read whole, and is an error with its headers", async () => {
    behave = () => new Response("too many", { status: 429, headers: { "retry-after": "7" } });
    const thrown: unknown = await stream()(base, { method: "POST" }).catch((error: unknown) => error);
    if (!(thrown instanceof UpstreamStatus)) throw thrown;
    expect([thrown.status, thrown.body, thrown.headers.get("retry-after")]).toEqual([429, "too many", "7"]);
  });

  test.each([true, false])("of another status is read to a bound and no further (a stream: %p)", async (asStream) => {
    const piece = chunkOf("x".repeat(64 * 1024));
    await using server = await startRaw((socket) => {
      const write = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", write);
      socket.write(`HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n`);
      write();
    });
    const ask = guardedFetch(NEVER, { ...LINE, stream: asStream });
    const thrown: unknown = await ask(server.url).catch((error: unknown) => error);
    if (!(thrown instanceof UpstreamStatus)) throw thrown;
    expect([thrown.status, thrown.body.length, thrown.headers.get("retry-after")]).toEqual([429, 1024 * 1024, "7"]);
    await Promise.all(server.closed);
  });

  test.each([
    ["is cut", "content-length: 500\r\n\r\nslow down", "end"],
    ["stalls", "content-length: 500\r\n\r\nslow down", "stay"],
    ["is not encoded as it says", "content-encoding: gzip\r\ncontent-length: 9\r\n\r\nslow down", "end"],
  ])("of another status keeps that and its headers where its body %s", async (_name, rest, then) => {
    await using server = await startRaw((socket) => {
      socket.write(`HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\n${rest}`);
      if (then === "end") socket.end();
    });
    for (const asStream of [true, false]) {
      const ask = guardedFetch(NEVER, { ...LINE, stream: asStream });
      const thrown: unknown = await ask(server.url).catch((error: unknown) => error);
      if (!(thrown instanceof UpstreamStatus)) throw thrown;
      expect([thrown.status, thrown.headers.get("retry-after")]).toEqual([429, "7"]);
      if (then === "stay") expect(thrown.body).toBe("slow down");
    }
    await Promise.all(server.closed);
  });

  test("may be of the bound's size exactly, and not a byte more, where it is read whole", async () => {
    const mib = new Uint8Array(1024 * 1024).fill(0x20);
    const ofSize = (bytes: number) => () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (let left = bytes; left > 0; left -= mib.length) controller.enqueue(mib.subarray(0, left));
            controller.close();
          },
        }),
      );
    const ask = guardedFetch(NEVER, LINE);
    behave = ofSize(32 * mib.length);
    expect((await (await ask(base, { method: "POST" })).bytes()).length).toBe(32 * mib.length);
    behave = ofSize(32 * mib.length + 1);
    await expect(ask(base, { method: "POST" })).rejects.toBeInstanceOf(ResponseTooLarge);
  });

  test("is not followed to another place", async () => {
    behave = () => new Response(null, { status: 307, headers: { location: `http://127.0.0.1:${other.port}/stolen` } });
    await expect(stream()(base, { method: "POST" })).rejects.toBeInstanceOf(UpstreamStatus);
    expect(elsewhere).toEqual([]);
  });

  test("has no body where the upstream sent none", async () => {
    behave = () => new Response(null, { status: 200 });
    expect(await (await stream()(base, { method: "POST" })).text()).toBe("");
  });
});
