import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type FaultServer, startFaultServer } from "../support/fault-server.ts";
import { type GatewayProcess, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { startStreamingUpstream } from "../support/streaming-upstream.ts";
import { until } from "../support/until.ts";

const MODEL = "streamer:1";
const MIB = 1024 * 1024;
/** As many as the issue wants, where this process may have so many. */
const FLOOD = Math.min(10_000, Math.floor(descriptorLimit() * 0.6));
const SECOND_SIGNAL_AFTER_MS = 600;

/** More than what is answered locally for its price. */
const LONG = "and so on ".repeat(120);

const upstream = startStreamingUpstream(MODEL);
let limiting: FaultServer;
const folder = scratchFolder();
const sockets: Socket[] = [];
let gateway: GatewayProcess;

beforeAll(async () => {
  limiting = await startFaultServer();
  gateway = await startGateway(folder.path, {
    DATA_DIR: join(folder.path, "data"),
    OLLAMA_BASE_URL: upstream.url,
    OLLAMA_MODEL: MODEL,
    OPENAI_BASE_URL: `${limiting.url}/v1`,
    OPENAI_MODEL: "limited-long",
    PROVIDER_DEADLINE_SECONDS: "7200",
    MAX_CONCURRENT_REQUESTS: "4",
    TRUSTED_LABELS_HEADER: "x-caller",
    MAX_QUEUED_REQUESTS: "1",
  });
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  gateway.signal("SIGKILL");
  upstream.stop();
  void limiting.stop();
  folder.remove();
});

const record = (content: string, done: boolean) =>
  `${JSON.stringify({ model: MODEL, message: { role: "assistant", content }, done, ...(done ? { done_reason: "stop" } : {}) })}\n`;
const ask = (labels = "team=one") =>
  gateway.request("/api/chat", {
    method: "POST",
    headers: { "x-caller": labels },
    body: JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
  });
/** A stream that has begun. */
const begun = async (labels?: string) => {
  const before = upstream.state.asked;
  const pending = ask(labels);
  await until(() => upstream.state.asked > before, "the provider is asked");
  upstream.send(record("half", false));
  return await pending;
};

function descriptorLimit(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(soft);
}

const metric = async (name: string) => {
  const text = await (await gateway.request("/v1/metrics")).text();
  return Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1]);
};

/** Connections that have sent so much and say no more. */
async function flood(count: number, texts: readonly string[]): Promise<void> {
  const port = Number(new URL(gateway.url).port);
  let connected = 0;
  for (let index = 0; index < count; index++) {
    const socket = connect(port, "127.0.0.1", () => {
      connected++;
      socket.write(texts[index % texts.length] ?? "");
    });
    socket.on("error", () => {});
    sockets.push(socket);
    if (index % 200 === 199) await Bun.sleep(1);
  }
  await until(() => connected === count, "all are connected");
}

describe("a gateway", () => {
  test("answers others while connections flood it, and keeps its memory", async () => {
    const before = await metric("process_resident_memory_bytes");
    await flood(FLOOD, [
      "",
      "POST /v1/chat HTTP/1.1\r\nhost: loc",
      "POST /v1/chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
    ]);
    for (const path of ["/v1/health", "/v1/ready", "/v1/metrics"])
      expect([path, (await gateway.request(path)).status]).toEqual([path, 200]);
    const response = await begun();
    upstream.send(record("whole", true));
    upstream.finish("whole");
    expect(await response.text()).toContain('"done":true');
    expect((await metric("process_resident_memory_bytes")) - before).toBeLessThan(200 * MIB);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test("turns away what is too much of a caller, says when to come again, and takes in who waited", async () => {
    const [first, second, third] = [await begun(), await begun(), await begun()];
    const before = upstream.state.asked;
    const waiting = ask();
    await until(async () => (await metric("policy_mesh_requests_queued")) === 1, "one waits");
    const refused = await ask();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.text()).toContain("under way");
    expect((await gateway.request("/v1/health")).status).toBe(200);
    expect(upstream.state.asked).toBe(before);

    // Streams without an end have not taken everything.
    const others = await begun("team=other");
    expect(others.status).toBe(200);
    await others.body?.cancel();

    await second.body?.cancel();
    await until(() => upstream.state.asked > before + 1, "the provider is asked");
    upstream.send(record("whole", true));
    upstream.finish("whole");
    expect(await (await waiting).text()).toContain('"done":true');
    for (const stream of [first, third]) await stream.body?.cancel();
    await until(async () => (await metric("policy_mesh_requests_in_flight")) === 0, "none is under way");
  });

  test("that is told to end waits for no provider to recover, and ends at once at the second signal", async () => {
    const response = await begun();
    const waiting = gateway.request("/v1/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: LONG }] }),
    });
    await until(() => limiting.calls().length > 0, "the provider is asked");
    expect(await Promise.race([waiting, Bun.sleep(300).then(() => "waits")])).toBe("waits");
    gateway.signal("SIGTERM");
    await until(() => gateway.output.stdout.includes('"stopping"'), "it is stopping");
    // It was to wait for fifty minutes, which is within its deadline.
    const limited = await waiting;
    expect([limited.status, limited.headers.get("x-policy-mesh-attempts")]).toEqual([502, "1"]);
    // Those that come together are one.
    await Bun.sleep(SECOND_SIGNAL_AFTER_MS);
    gateway.signal("SIGTERM");
    expect(await gateway.ended()).toBe(130);
    await response.text().catch(() => "cut");
    const lines = gateway.logLines().filter((line) => JSON.stringify(line).includes(requestIdOf(limited)));
    const ends = lines.filter((line) => JSON.stringify(line).includes('"event":"chat"'));
    expect(ends).toMatchObject([{ event: "chat", status: "failed" }]);
  });
});

const requestIdOf = (response: Response) => response.headers.get("x-request-id") ?? "none";
