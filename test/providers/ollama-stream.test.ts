import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, mock, spyOn, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import type { ChatRequest, Chunk } from "../../src/core/chat.ts";
import { joinBytes } from "../../src/providers/ndjson.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { asking, chatTask, completionTask, ollamaAsking, withoutAlive } from "../support/ollama-requests.ts";
import { AS_LOCAL } from "../support/provider-options.ts";
import { loadExchange, type Replay, startReplay } from "../support/replay-upstream.ts";
import { target } from "../support/target.ts";

const MODEL = "smollm2:135m";
const chat = asking(chatTask("hi"), { streamed: true });
const ownChat = ollamaAsking("ollama_chat", { messages: [] }, true);

const provider = (baseUrl: string) => createOllama({ ...AS_LOCAL, baseUrl, defaultModel: MODEL });
const answer = (baseUrl: string, request: ChatRequest, signal = AbortSignal.timeout(20_000)) =>
  provider(baseUrl).answer(target("local", MODEL), request, signal);

const record = (content: string) => `${JSON.stringify({ model: MODEL, message: { content }, done: false })}\n`;
const DONE = `${JSON.stringify({ model: MODEL, message: { content: "" }, done: true, eval_count: 1 })}\n`;

describe("a recorded stream", () => {
  let replay: Replay;
  beforeAll(async () => {
    replay = await startReplay("ollama");
  });
  beforeEach(() => {
    replay.seen.length = 0;
  });
  afterAll(() => replay.stop());

  const bodyOf = async (scenario: string) =>
    (await loadExchange("ollama", scenario)).response.chunks.map((chunk) => chunk.text).join("");

  test.each([
    ["chat-stream", chat, "/api/chat", { promptTokens: 22, completionTokens: 16 }],
    ["generate-stream", asking(completionTask("hi"), { streamed: true }), "/api/generate", null],
  ] as const)("of %s is asked for and becomes text, piece by piece", async (scenario, request, path, usage) => {
    await replay.play(scenario);
    const chunks = await Array.fromAsync(answer(replay.url, request));
    const lines = (await bodyOf(scenario)).trim().split("\n").slice(0, -1);
    expect(chunks.slice(0, -1)).toEqual(
      lines.map((line) => ({ kind: "text", text: JSON.parse(line).message?.content ?? JSON.parse(line).response })),
    );
    expect(chunks.at(-1)).toMatchObject({ kind: "end", model: MODEL, ...(usage === null ? {} : { usage }) });
    expect(replay.asked().map((seen) => [seen.path, JSON.parse(seen.body)])).toMatchObject([
      [path, { model: MODEL, stream: true, truncate: false }],
    ]);
  });

  test("goes to a client of Ollama's protocol byte for byte", async () => {
    await replay.play("chat-stream");
    const chunks = await Array.fromAsync(answer(replay.url, ownChat));
    const bytes = chunks.flatMap((chunk) =>
      chunk.kind === "raw" ? [chunk.bytes] : chunk.kind === "end" && chunk.tail ? [chunk.tail] : [],
    );
    expect(new TextDecoder().decode(joinBytes(bytes))).toBe(await bodyOf("chat-stream"));
    expect(chunks.at(-1)).toMatchObject({ kind: "end", usage: { promptTokens: 22, completionTokens: 16 } });
    expect(replay.asked().map(({ body }) => JSON.parse(body))).toEqual([{ messages: [], stream: true, model: MODEL }]);
  });

  test.each([
    ["chat-unknown-model-stream", "model_not_found"],
    ["chat-context-length-stream", "context_length"],
    ["bad-request-format-stream", "upstream_error"],
    ["chat-stream-busy", "upstream_error"],
    ["remote-model-stream-disabled", "authentication"],
    ["remote-model-stream", "remote_model"],
    ["tags", "malformed_response"],
  ] as const)("that is the recorded %s is one failure: %s", async (scenario, category) => {
    await replay.play(scenario);
    for (const request of [chat, ownChat]) {
      const chunks = withoutAlive(await Array.fromAsync(answer(replay.url, request)));
      expect(chunks).toMatchObject([{ failure: { category } }]);
    }
  });
});

/** Ollama as a bare socket, so that a test can say what was written, and what became of it. */
async function startSocket(onAsked: (socket: Socket) => void) {
  const closed = Promise.withResolvers<void>();
  const json = JSON.stringify({ models: [{ name: MODEL }] });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      if (head.toString().startsWith("GET")) {
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
        );
        return;
      }
      socket.on("close", () => closed.resolve());
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n");
      onAsked(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, closed: closed.promise, stop: () => server.close() };
}

describe("a stream that is still running", () => {
  test("is given piece by piece as it comes, and ends upstream as soon as the signal says", async () => {
    const upstream = await startSocket((socket) => socket.write(record("a")));
    const caller = new AbortController();
    const chunks = answer(upstream.url, chat, caller.signal)[Symbol.asyncIterator]();
    expect((await chunks.next()).value).toEqual({ kind: "text", text: "a" });
    const waiting = chunks.next();
    caller.abort();
    await upstream.closed;
    expect((await waiting).value).toMatchObject({ kind: "failure" });
    expect((await chunks.next()).done).toBe(true);
    upstream.stop();
  });

  test.each([
    ["translated", chat],
    ["passed on", ownChat],
  ])("and is %s ends upstream when nobody reads on", async (_name, request) => {
    const upstream = await startSocket((socket) => socket.write(record("a")));
    for await (const chunk of answer(upstream.url, request)) {
      expect(["text", "raw"]).toContain(chunk.kind);
      break;
    }
    await upstream.closed;
    upstream.stop();
  });

  test("ends upstream at its last record, whatever the server would send after it", async () => {
    const upstream = await startSocket((socket) => socket.write(record("a") + DONE + record("b")));
    const chunks = await Array.fromAsync(answer(upstream.url, chat));
    expect(chunks.map((chunk) => chunk.kind)).toEqual(["text", "end"]);
    await upstream.closed;
    upstream.stop();
  });

  test("and breaks off is a failure", async () => {
    let reset = () => {};
    const upstream = await startSocket((socket) => {
      socket.write(record("a"));
      reset = () => void socket.resetAndDestroy();
    });
    const chunks: Chunk[] = [];
    for await (const chunk of answer(upstream.url, chat)) {
      chunks.push(chunk);
      // What was sent and not read yet would be lost with the connection.
      reset();
    }
    expect(chunks).toMatchObject([{ text: "a" }, { failure: { category: "malformed_response" } }]);
    upstream.stop();
  });

  test("is not read ahead of its reader, however much there is of it", async () => {
    const line = record("x".repeat(1024 * 1024));
    const total = 100 * line.length;
    let written = 0;
    const upstream = await startSocket(async (socket) => {
      while (written < total) {
        written += line.length;
        if (!socket.write(line)) await new Promise((resolve) => socket.once("drain", resolve));
      }
      socket.end(DONE);
    });
    let read = 0;
    let ahead = 0;
    for await (const chunk of answer(upstream.url, ownChat)) {
      if (chunk.kind !== "raw") continue;
      read += chunk.bytes.byteLength;
      if (ahead > 0) continue;
      for (let before = -1; before !== written; await Bun.sleep(100)) before = written;
      ahead = written - read;
    }
    expect(read).toBe(total);
    expect(ahead).toBeLessThan(total / 4);
    upstream.stop();
  }, 30_000);
});

describe("what stands in a stream", () => {
  const written: string[] = [];
  beforeEach(() => {
    written.length = 0;
    for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const) {
      spyOn(console, method).mockImplementation((...words: unknown[]) => {
        written.push(Bun.inspect(words));
      });
    }
  });
  afterEach(() => {
    mock.restore();
  });

  test.each([
    ["no JSON", `${record("a")}private words\n`],
    ["no UTF-8", Buffer.concat([Buffer.from(record("a")), Buffer.from([0x22, 0xff, 0x22, 0x0a])])],
    ["no UTF-8 inside a string", Buffer.from(`${record("a")}${record("private \xff")}`, "latin1")],
    ["an error", `${record("a")}{"error":"private words"}\n`],
    ["cut", `${record("a")}{"message":{"content":"private wo`],
  ])("is never printed where it is %s", async (_name, body) => {
    const upstream = await startSocket((socket) => socket.end(body));
    const chunks: Chunk[] = await Array.fromAsync(answer(upstream.url, chat));
    expect(chunks).toMatchObject([{ text: "a" }, { kind: "failure" }]);
    expect(JSON.stringify(chunks)).not.toContain("private");
    expect(written).toEqual([]);
    upstream.stop();
  });
});
