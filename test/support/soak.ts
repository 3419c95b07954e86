/**
 * Mixed failures against a real gateway for a while, and whether anything of it stays: by hand, 15 minutes unless
 * `--seconds` says otherwise. Prints a line of figures every so often, and exits 1 where something grew or a row is missing.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../bench/report.ts";
import { PLAY_NAMES } from "./fault-plays.ts";
import { type FaultServer, startFaultServer } from "./fault-server.ts";
import { type GatewayProcess, scratchFolder, sourceCommand, startGateway } from "./gateway-process.ts";

const MIB = 1024 * 1024;
const CLIENTS = 16;
/** For a run of some minutes. */
const TOO_LONG = ["very-slow", "limited-long", "unavailable-long", "limited-5-seconds", "limited-5-date"];
/** Closes a provider as a whole, so these have one to themselves. */
const CLOSING: readonly string[] = ["unauthorized", "forbidden"];
const CLOSED = "closed-openai";
const PLAYS = PLAY_NAMES.filter((name) => ![...TOO_LONG, ...CLOSING].includes(name));
/** A caller's own patience, so that some leave at every stage. */
const LEAVES_WITHIN_MS = 400;
const REQUEST_TIMEOUT_MS = 30_000;
const SAMPLES = 30;
/** What a process that was just started still grows by is no leak: the first third of the samples is not compared. */
const WARM_SHARE = 1 / 3;
const MAX_GROWTH_BYTES = 48 * MIB;
/** More than is under way at any moment. */
const MAX_GROWTH_COUNT = 300;
const MAX_IDLE_SOCKETS = 60;

const { values } = parseArgs({ options: { seconds: { type: "string", default: "900" } } });
const seconds = Number(values.seconds);

type Sample = {
  readonly atSeconds: number;
  readonly requests: number;
  readonly calls: number;
  readonly residentBytes: number;
  readonly sockets: number;
  readonly descriptors: number;
  readonly inFlight: number;
  readonly alive: Readonly<Record<string, number>>;
};

const counts = { asked: 0, answered: 0, left: 0, statuses: new Map<number, number>() };
const folder = scratchFolder();
const probeFile = join(folder.path, "alive.json");
const server = await startFaultServer();
const gateway = await start(server);
const faults: string[] = [];
try {
  const samples = await soak();
  await settled();
  samples.push(await sampleAt(seconds));
  faults.push(...growthOf(samples), ...(await missingRows()));
} finally {
  const exitCode = await gateway.stop();
  if (exitCode !== 0) faults.push(`the gateway ended with ${exitCode}`);
  if (/warn|leak/i.test(gateway.output.stderr)) faults.push("the gateway complained on standard error");
  await server.stop();
  folder.remove();
}
say(`${counts.asked} requests, ${counts.answered} answered, ${counts.left} left by their callers`);
say(`by status: ${[...counts.statuses].map(([status, count]) => `${status}: ${count}`).join(", ")}`);
for (const fault of faults) say(`FAULT ${fault}`);
say(faults.length === 0 ? "flat" : "not flat");
process.exit(faults.length === 0 ? 0 : 1);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function start(faultServer: FaultServer): Promise<GatewayProcess> {
  const policy = join(folder.path, "policy.json");
  writeFileSync(policy, JSON.stringify(policyOf(faultServer)));
  const env = {
    DATA_DIR: join(folder.path, "data"),
    POLICY_FILE: policy,
    SOAK_PROBE_FILE: probeFile,
    SOAK_KEY: "sk-invented-key-of-the-soak",
    LOG_LEVEL: "error",
    PROVIDER_TIMEOUT_SECONDS: "2",
  };
  return startGateway(folder.path, env, [], sourceCommand(join(import.meta.dir, "soak-probe.ts"), "serve"));
}

function policyOf({ url }: FaultServer) {
  const attempts = { first_token_timeout_ms: 300, idle_timeout_ms: 300, timeout_seconds: 1 };
  // So seldom that circuits stay closed, but for those of the providers that deliver whole answers.
  const breaker = { minimum_calls: 1_000 };
  const openai = { kind: "openai", zone: "cloud", base_url: `${url}/v1`, api_key: "${SOAK_KEY}", attempts, breaker };
  const ollama = { kind: "ollama", zone: "cloud", base_url: url, attempts, breaker };
  const names = ["live-openai", "live-ollama", "whole-openai", "whole-ollama", CLOSED];
  return {
    apiVersion: "policy-mesh/v1",
    name: "soak",
    version: 1,
    providers: Object.fromEntries(
      [...names, "backup"].map((name) => [
        name,
        {
          ...(name.endsWith("ollama") ? ollama : openai),
          ...(name.startsWith("whole") ? { breaker: { minimum_calls: 20 } } : {}),
          default_model: "answers",
        },
      ]),
    ),
    rules: names.map((name) => ({
      id: name,
      when: { requested_provider: name },
      route: [name, "backup"],
      reason: "named",
      delivery: name.startsWith("whole") ? "whole" : "live",
    })),
    default: { route: ["backup"], reason: "default" },
  };
}

async function soak(): Promise<Sample[]> {
  const startedMs = performance.now();
  const endsMs = startedMs + seconds * 1_000;
  const isOver = () => performance.now() > endsMs;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver()) await askOnce();
  });
  const samples: Sample[] = [];
  while (!isOver()) {
    await Bun.sleep((seconds * 1_000) / SAMPLES);
    samples.push(await sampleAt((performance.now() - startedMs) / 1_000));
  }
  await Promise.all(clients);
  return samples;
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("there is nothing to pick from");
  return item;
}

async function askOnce(): Promise<void> {
  const isClosing = Math.random() < 0.02;
  const provider = isClosing ? CLOSED : `${pick(["live", "whole"])}-${pick(["openai", "ollama"])}`;
  const model = `${provider}/${pick(isClosing ? CLOSING : PLAYS)}`;
  const stream = Math.random() < 0.6;
  const messages = [{ role: "user", content: "Hello" }];
  const [path, body] = pick([
    ["/v1/chat", { model, messages, stream }],
    ["/v1/chat/completions", { model, messages, stream }],
    ["/v1/completions", { model, prompt: "Hello", stream }],
    ["/v1/responses", { model, input: "Hello", stream }],
    ["/api/chat", { model, messages, stream }],
    ["/api/generate", { model, prompt: "Hello", stream }],
  ] as const);
  const leavesMs = Math.random() < 0.15 ? Math.random() * LEAVES_WITHIN_MS : REQUEST_TIMEOUT_MS;
  counts.asked++;
  try {
    const response = await gateway.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(leavesMs),
    });
    counts.statuses.set(response.status, (counts.statuses.get(response.status) ?? 0) + 1);
    if (response.status === 500) faults.push(`${path} answered 500 to ${model}`);
    await response.text();
    counts.answered++;
  } catch {
    counts.left++;
    if (leavesMs === REQUEST_TIMEOUT_MS) faults.push(`${path} with ${model} was cut, or took ${leavesMs} ms`);
  }
}

async function metric(name: string): Promise<number> {
  const text = await (await gateway.request("/v1/metrics")).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
  return values.reduce((total, [, value]) => total + Number(value), 0);
}

/** What is still alive after a collection; before it, memory says how long ago the last one was. */
async function sampleAt(atSeconds: number): Promise<Sample> {
  const alive = await probe();
  const status = readFileSync(`/proc/${gateway.pid}/status`, "utf8");
  const descriptors = readdirSync(`/proc/${gateway.pid}/fd`);
  const sample: Sample = {
    atSeconds: Math.round(atSeconds),
    requests: counts.asked,
    calls: server.callCount(),
    residentBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1_024,
    sockets: descriptors.filter(isSocket).length,
    descriptors: descriptors.length,
    inFlight: await metric("policy_mesh_requests_in_flight"),
    alive,
  };
  const { residentBytes, alive: _, ...figures } = sample;
  say(JSON.stringify({ ...figures, residentMib: Math.round(residentBytes / MIB), ...alive }));
  return sample;
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/${gateway.pid}/fd/${descriptor}`).startsWith("socket:");
  } catch {
    return false;
  }
}

async function probe(): Promise<Readonly<Record<string, number>>> {
  rmSync(probeFile, { force: true });
  gateway.signal("SIGUSR2");
  for (let turn = 0; turn < 500 && !existsSync(probeFile); turn++) await Bun.sleep(10);
  await Bun.sleep(50);
  const alive: Readonly<Record<string, number>> = JSON.parse(readFileSync(probeFile, "utf8"));
  return alive;
}

/** Until nothing is under way, and idle connections of both sides had their time. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100 && (await metric("policy_mesh_requests_in_flight")) > 0; turn++) await Bun.sleep(100);
  await Bun.sleep(15_000);
}

function growthOf(samples: readonly Sample[]): readonly string[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const [last] = samples.slice(-1);
  const [first] = warm;
  if (first === undefined || last === undefined) return ["there are no samples"];
  const compared = warm.slice(0, -1);
  const half = Math.ceil(compared.length / 2);
  // A peak of one moment, of garbage or of a busy machine, is no growth.
  const grew = (read: (sample: Sample) => number) =>
    median(compared.slice(-half).map(read)) - median(compared.slice(0, half).map(read));
  const kinds = Object.keys(first.alive).filter((kind) => kind !== "heapBytes");
  return [
    ...(grew(({ residentBytes }) => residentBytes) > MAX_GROWTH_BYTES ? ["resident memory grew"] : []),
    ...(grew(({ alive }) => alive["heapBytes"] ?? 0) > MAX_GROWTH_BYTES ? ["the heap grew"] : []),
    ...kinds.filter((kind) => grew(({ alive }) => alive[kind] ?? 0) > MAX_GROWTH_COUNT).map((kind) => `${kind} grew`),
    ...(last.inFlight > 0 ? [`${last.inFlight} requests are still under way`] : []),
    ...(last.sockets > MAX_IDLE_SOCKETS ? [`${last.sockets} sockets are open with nothing under way`] : []),
    ...(server.openSockets() > MAX_IDLE_SOCKETS ? [`${server.openSockets()} sockets of providers are open`] : []),
  ];
}

/** A row for each request that was decided; who left before that has none. */
async function missingRows(): Promise<readonly string[]> {
  const decided = await metric("policy_mesh_decisions_total");
  let rows = 0;
  for (let turn = 0; turn < 60; turn++) {
    const text = await (await gateway.request("/v1/audit/export?format=ndjson")).text();
    rows = text.split("\n").filter((line) => line !== "").length;
    if (rows === decided) return [];
    await Bun.sleep(500);
  }
  return [`${rows} rows of ${decided} requests`];
}
