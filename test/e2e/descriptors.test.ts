import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type GatewayProcess, NO_DATABASE, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { startStreamingUpstream } from "../support/streaming-upstream.ts";
import { until } from "../support/until.ts";

const MODEL = "streamer:1";
const DESCRIPTORS = 512;
const MOST_CONNECTIONS = 440;
/** A process that may have so many descriptors, and cannot give itself more. */
const WITH_FEW_DESCRIPTORS = ["/bin/sh", "-c", 'ulimit -n "$0" && exec "$@"', String(DESCRIPTORS)];

const upstream = startStreamingUpstream(MODEL);
const folder = scratchFolder();
const sockets: Socket[] = [];
let gateway: GatewayProcess | null = null;
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  gateway?.signal("SIGKILL");
});
afterAll(() => {
  upstream.stop();
  folder.remove();
});

/** A connection with a request whose body does not come; kept for as long as a body may take. */
const connectTo = (url: string) =>
  new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write("POST /v1/chat HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{");
      resolve();
    });
    socket.on("error", () => resolve());
    sockets.push(socket);
  });

const record = (content: string, done: boolean) =>
  `${JSON.stringify({ model: MODEL, message: { role: "assistant", content }, done, ...(done ? { done_reason: "stop" } : {}) })}\n`;

/** Where nobody says what a process has, connections are not counted. */
describe.skipIf(process.platform !== "linux")("a gateway that may have few descriptors", () => {
  test("takes no more connections before it has none left, goes on with what it has, and takes some again", async () => {
    const env = {
      ...NO_DATABASE,
      DATA_DIR: join(folder.path, "data"),
      OLLAMA_BASE_URL: upstream.url,
      OLLAMA_MODEL: MODEL,
    };
    const started = await startGateway(folder.path, env, WITH_FEW_DESCRIPTORS);
    gateway = started;
    const { url, request, logLines } = started;
    const health = () =>
      request("/v1/health").then(
        ({ status }) => status,
        () => "refused",
      );
    const doors = () => logLines().filter((line) => JSON.stringify(line).includes('"event":"doors"'));
    expect(await health()).toBe(200);
    const streaming = request("/api/chat", {
      method: "POST",
      body: JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
    });
    await until(() => upstream.state.asked > 0, "the provider is asked");
    upstream.send(record("half", false));
    const stream = await streaming;

    // No faster than it takes them in, and fewer than would leave it no descriptor.
    while ((await health()) === 200 && sockets.length < MOST_CONNECTIONS) {
      await Promise.all(Array.from({ length: 8 }, () => connectTo(url)));
      await Bun.sleep(10);
    }
    expect(await health()).toBe("refused");
    await until(() => doors().length > 0, "the log says that it takes no more");
    expect(doors()).toMatchObject([{ level: "warn", event: "doors", moved: "closed" }]);

    upstream.send(record("whole", true));
    upstream.finish("whole");
    expect(await stream.text()).toContain('"done":true');

    for (const socket of sockets.splice(0)) socket.destroy();
    await until(async () => (await health()) === 200, "connections are taken again");
    await until(() => doors().length > 1, "the log says that it takes some again");
    expect(doors().slice(1)).toMatchObject([{ level: "info", event: "doors", moved: "opened" }]);
    expect(await started.stop()).toBe(0);
  });
});
