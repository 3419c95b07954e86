import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  type GatewayProcess,
  NO_DATABASE,
  scratchFolder,
  sourceCommand,
  startGateway,
} from "../support/gateway-process.ts";
import { startStreamingUpstream } from "../support/streaming-upstream.ts";
import { until } from "../support/until.ts";

const MODEL = "streamer:1";
const CRASHING = sourceCommand(join(import.meta.dir, "../support/crash-on-signal.ts"), "serve");
/** Those of `crash-on-signal.ts`, which would crash this process if it were loaded. */
const CRASH_WORDS = "my private words 51ac";
/** Long enough for three starts on a busy machine, or to see a drain come to its end, if it should. */
setDefaultTimeout(60_000);

const upstream = startStreamingUpstream(MODEL);
const folder = scratchFolder();
afterAll(() => {
  upstream.stop();
  folder.remove();
});

const settings = (dataDir: string) => ({
  DATA_DIR: join(folder.path, dataDir),
  OLLAMA_BASE_URL: upstream.url,
  OLLAMA_MODEL: MODEL,
});
const record = (content: string, done: boolean) =>
  `${JSON.stringify({ model: MODEL, message: { role: "assistant", content }, done, ...(done ? { done_reason: "stop" } : {}) })}\n`;

const ask = async (gateway: GatewayProcess) => {
  const before = upstream.state.asked;
  const pending = gateway.request("/api/chat", {
    method: "POST",
    body: JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
  });
  await until(() => upstream.state.asked > before, "the provider is asked");
  upstream.send(record("half", false));
  return await pending;
};
const bugsOf = (gateway: GatewayProcess) =>
  gateway.logLines().filter((line) => JSON.stringify(line).includes('"event":"bug"'));
const rowOf = (gateway: GatewayProcess, response: Response) => gateway.row(response.headers.get("x-request-id") ?? "");

test("a bug that nobody caught ends the process, with its audit whole and without its words", async () => {
  const first = await startGateway(folder.path, settings("data"), [], CRASHING);
  const cut = await ask(first);
  const whole = await ask(first);
  first.signal("SIGUSR1");
  await until(() => first.output.stdout.includes('"stopping"'), "it is stopping");
  // What is in flight has some time to end.
  upstream.send(record("whole", true));
  upstream.finish("whole");
  expect(await whole.text()).toContain('"done":true');
  // And none after a second one.
  first.signal("SIGUSR2");
  expect(await first.ended()).toBe(1);
  await cut.text().catch(() => "cut");
  expect(bugsOf(first)).toMatchObject([
    { level: "error", event: "bug", error_type: "Error" },
    { level: "error", event: "bug", error_type: "TypeError" },
  ]);
  expect(first.output.stdout + first.output.stderr).not.toContain(CRASH_WORDS);

  const second = await startGateway(folder.path, settings("data"), [], CRASHING);
  expect(await rowOf(second, whole)).toMatchObject({ status: "succeeded", streamed: true });
  expect(await rowOf(second, cut)).toMatchObject({ status: "interrupted" });
  const page: unknown = await (await second.request("/v1/audit")).json();
  expect(page).toMatchObject({ events: [{}, {}], next: null });

  // One that comes up while all is closed does not keep it from that, and shows in the exit code.
  const last = await ask(second);
  second.signal("SIGTERM");
  await until(() => second.output.stdout.includes('"stopping"'), "it closes");
  second.signal("SIGUSR2");
  await until(() => bugsOf(second).length === 1, "the bug is told");
  await last.body?.cancel();
  expect(await second.ended()).toBe(1);
  expect(second.output.stderr).toContain("a bug came up");
  expect(second.output.stdout).toContain('"stopped"');
});

test("after a bug that nobody caught, a stream without an end does not keep the process as long as a drain does", async () => {
  const gateway = await startGateway(folder.path, { ...settings("endless"), ...NO_DATABASE }, [], CRASHING);
  const endless = await ask(gateway);
  gateway.signal("SIGUSR1");
  const isWhole = endless.text().then(
    () => true,
    () => false,
  );
  expect(await gateway.ended()).toBe(1);
  expect(gateway.output.stdout).toContain('"stopping"');
  // It did not come to the end of its drain, where it would have told its streams so and closed in order.
  expect(gateway.output.stdout).not.toContain('"stopped"');
  expect(await isWhole).toBe(false);
});
