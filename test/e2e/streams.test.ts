import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { type GatewayProcess, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { startStreamingUpstream } from "../support/streaming-upstream.ts";
import { until } from "../support/until.ts";

const MODEL = "streamer:1";
const MIB = 1024 * 1024;

const sse = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const openAiChunk = (delta: unknown, finishReason: string | null = null) =>
  sse({
    id: "chatcmpl-up",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: MODEL,
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
const ollamaLine = (content: string) =>
  `${JSON.stringify({ model: MODEL, created_at: "2026-11-22T08:00:00Z", message: { role: "assistant", content }, done: false })}\n`;

const SURFACES = {
  "/v1/chat/completions": { model: "auto", messages: [{ role: "user", content: "Hello" }], stream: true },
  "/api/chat": { model: "auto", messages: [{ role: "user", content: "Hello" }] },
  "/v1/chat": { messages: [{ role: "user", content: "Hello" }], stream: true },
} as const;
type Surface = keyof typeof SURFACES;

/** One after another, the gateways go on with the same database: to make one takes longer than to open it. */
const folder = scratchFolder();
afterAll(() => folder.remove());

describe.each(["cloud", "local"] as const)("streams from the %s provider", (target) => {
  const upstream = startStreamingUpstream(MODEL);
  const frame = (text: string) => (target === "cloud" ? openAiChunk({ content: text }) : ollamaLine(text));
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGateway(folder.path, {
      DATA_DIR: join(folder.path, "data"),
      OLLAMA_BASE_URL: upstream.url,
      OLLAMA_MODEL: MODEL,
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      OPENAI_MODEL: MODEL,
      DEFAULT_PROVIDER: target === "cloud" ? "openai" : "local",
      COST_MAX_PROMPT_LENGTH_FOR_LOCAL: "0",
    });
  });

  afterAll(async () => {
    await gateway.stop();
    upstream.stop();
  });

  const ask = (surface: Surface, init: RequestInit = {}) =>
    gateway.request(surface, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(SURFACES[surface]),
      ...init,
    });
  const asked = async (action: () => void) => {
    const before = upstream.state.asked;
    action();
    await until(() => upstream.state.asked > before, "the upstream is asked for a stream");
  };
  /** Does what makes the gateway leave the upstream: by itself it would wait for that far longer than this does. */
  const leaving = async (leave: () => void) => {
    expect(upstream.state.isLeft).toBe(false);
    leave();
    await until(() => upstream.state.isLeft, "the upstream sees that its reader left");
  };

  test.each(Object.keys(SURFACES) as Surface[])(
    "%s hands on each piece while the next is not there yet",
    async (surface) => {
      let pending: Promise<Response> | undefined;
      await asked(() => {
        pending = ask(surface);
      });
      upstream.send(frame("piece-0"));
      const response = await pending;
      const reader = response?.body?.getReader();
      const decoder = new TextDecoder();
      let read = "";
      for (let piece = 0; piece < 5; piece++) {
        // The upstream says nothing more until this piece has come through.
        while (!read.includes(`piece-${piece}`))
          read += decoder.decode((await reader?.read())?.value, { stream: true });
        upstream.send(frame(`piece-${piece + 1}`));
      }
      await reader?.cancel();
    },
  );

  test.each(Object.keys(SURFACES) as Surface[])(
    "%s: a client that leaves ends the upstream call, and the row says so",
    async (surface) => {
      const client = new AbortController();
      let pending: Promise<Response> | undefined;
      await asked(() => {
        pending = ask(surface, { signal: client.signal });
      });
      upstream.send(frame("a piece"));
      const response = await pending;
      await response?.body?.getReader().read();
      await leaving(() => client.abort());
      expect(await gateway.row(response?.headers.get("x-request-id") ?? "")).toMatchObject({
        status: "client_aborted",
        streamed: true,
        usage: { prompt_tokens: null, completion_tokens: null },
      });
    },
  );

  test("a client that leaves before the first piece ends the upstream call too", async () => {
    const client = new AbortController();
    let pending: Promise<unknown> | undefined;
    await asked(() => {
      pending = ask("/v1/chat/completions", { signal: client.signal }).catch(() => "left");
    });
    const since = gateway.output.stdout.length;
    await leaving(() => client.abort());
    expect(await pending).toBe("left");
    await until(
      () => gateway.output.stdout.slice(since).includes('"client_aborted"'),
      "the log says that the client left",
    );
  });

  test.each(Object.keys(SURFACES) as Surface[])(
    "%s: a stream that is cut ends with an error and without its end",
    async (surface) => {
      let pending: Promise<Response> | undefined;
      await asked(() => {
        pending = ask(surface);
      });
      upstream.send(frame("half of"));
      const response = await pending;
      upstream.finish("cut");
      const body = (await response?.text()) ?? "";
      expect(response?.status).toBe(200);
      expect(body).toContain("half of");
      expect(body).toMatch(/"error"|event: error/);
      expect(body).not.toContain("[DONE]");
      expect(body).not.toContain('"done":true');
      expect(body).not.toContain("event: done");
      expect(await gateway.row(response?.headers.get("x-request-id") ?? "")).toMatchObject({
        status: "failed",
        failure_category: "malformed_response",
      });
    },
  );

  test("a reader that stalls stops a stream of 100 MB at the upstream, and memory stays flat", async () => {
    const residentBytes = async () => {
      const metrics = await (await gateway.request("/v1/metrics")).text();
      return Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]);
    };
    const before = await residentBytes();
    upstream.floods(frame("x".repeat(8_000)), 100 * MIB);
    upstream.state.writtenBytes = 0;
    const client = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    const body = JSON.stringify(SURFACES["/v1/chat/completions"]);
    let receivedBytes = 0;
    let isStalling = true;
    client.on("data", (bytes) => {
      receivedBytes += bytes.length;
      if (isStalling && receivedBytes > MIB) client.pause();
    });
    client.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => receivedBytes > MIB, "the first of the flood");
    // Whatever fits into the buffers of four sockets is written by now; then nothing moves any more.
    let written = -1;
    await until(async () => {
      const isStill = written === upstream.state.writtenBytes;
      written = upstream.state.writtenBytes;
      await Bun.sleep(300);
      return isStill;
    }, "the flood stops");
    expect(written).toBeLessThan(80 * MIB);
    expect((await residentBytes()) - before).toBeLessThan(64 * MIB);

    isStalling = false;
    client.resume();
    await until(() => receivedBytes > 60 * MIB, "the flood goes on");
    await leaving(() => client.destroy());
    upstream.calms();
  }, 60_000);
});

describe("a process that is told to end", () => {
  test("lets a stream finish first, and its row with it", async () => {
    const upstream = startStreamingUpstream(MODEL);
    const env = { DATA_DIR: join(folder.path, "data"), OLLAMA_BASE_URL: upstream.url, OLLAMA_MODEL: MODEL };
    const first = await startGateway(folder.path, env);
    const pending = first.request("/api/chat", { method: "POST", body: JSON.stringify(SURFACES["/api/chat"]) });
    await until(() => upstream.state.asked > 0, "the upstream is asked for a stream");
    upstream.send(ollamaLine("before, "));
    const response = await pending;
    first.signal("SIGTERM");
    await until(() => first.output.stdout.includes('"stopping"'), "the process says that it ends");
    upstream.send(ollamaLine("after"));
    upstream.send(
      `${JSON.stringify({ model: MODEL, message: { role: "assistant", content: "" }, done: true, done_reason: "stop" })}\n`,
    );
    upstream.finish("whole");
    expect(await response.text()).toMatch(/before, [\s\S]*after[\s\S]*"done":true/);
    expect(await first.ended()).toBe(0);

    const second = await startGateway(folder.path, env);
    const row = await second.row(response.headers.get("x-request-id") ?? "");
    expect(row).toMatchObject({ status: "succeeded", streamed: true, surface: "ollama_chat" });
    await second.stop();
    upstream.stop();
  });
});
