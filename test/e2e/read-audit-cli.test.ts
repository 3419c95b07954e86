import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { microsOf } from "../../src/audit/record.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { gatewayCommand, runGateway, scratchFolder } from "../support/gateway-process.ts";
import { featuresOf } from "../support/policy.ts";
import { requestRecord } from "../support/request-records.ts";

const folder = scratchFolder();
const dataDir = join(folder.path, "data");
/** More than two pages of an export. */
const COUNT = 1_100;
const START_MS = Date.UTC(2026, 10, 1);

const RECORDS = Array.from({ length: COUNT }, (_, index) =>
  requestRecord(index + 1, {
    received_at: microsOf(new Date(START_MS + index * 60_000)),
    features: recordFeatures(featuresOf({ labels: { team: index % 2 === 0 ? "red" : "blue" } })),
    answered_model: "m2",
  }),
);
const ids = RECORDS.map(({ request_id }) => request_id);
const audit = (...args: string[]) => runGateway(["audit", ...args], folder.path, { DATA_DIR: dataDir });

/** This process has the embedded database open, as a running gateway has. */
let world: Awaited<ReturnType<typeof openAuditStore>>;
beforeAll(async () => {
  world = await openAuditStore(dataDir);
  for (let from = 0; from < COUNT; from += 200) await world.ship(RECORDS.slice(from, from + 200));
}, 60_000);
afterAll(async () => {
  await world.close();
  folder.remove();
});

describe("policy-mesh audit, beside a gateway that runs on the embedded database", () => {
  test("shows one event, for people and as the API does", async () => {
    const shown = await audit("show", ids[7] ?? "");
    expect([shown.stderr, shown.exitCode]).toEqual(["", 0]);
    expect(shown.stdout).toMatch(new RegExp(`^request_id +${ids[7]}$`, "m"));
    expect(shown.stdout).toMatch(/^reason_codes +\["default"\]$/m);
    const json = await audit("show", ids[7] ?? "", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ request_id: ids[7], instance: { seq: 8 }, cost_micros: 172 });
  }, 30_000);

  test("says of an erased event that it was, and of an unknown id that nobody had it", async () => {
    const record = requestRecord(5_000, { received_at: microsOf(new Date("2019-01-01T00:00:00Z")) });
    await world.ship([record]);
    await world.erase(record.request_id);
    const erased = await audit("show", record.request_id);
    expect([erased.stdout, erased.exitCode]).toEqual(["", 1]);
    expect(erased.stderr).toContain("was erased at 2026-11-23T00:00:00.500Z");
    const unknown = await audit("show", Bun.randomUUIDv7(), "--json");
    expect([unknown.stderr, unknown.exitCode]).toEqual(["", 1]);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ ok: false, error: { code: "audit.not_found" } });
  }, 30_000);

  test("prints the newest events, the newest last", async () => {
    const { stdout, stderr, exitCode } = await audit("tail", "--lines", "3", "--team", "red");
    expect([stderr, exitCode]).toEqual(["", 0]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split("  ").at(-1))).toEqual([1_094, 1_096, 1_098].map((index) => ids[index]));
    expect(lines[0]).toContain("openai (cloud) m2, 2 attempts  rule default  1500 ms");
  }, 30_000);

  test("exports a span of time whole, newest first", async () => {
    const span = ["--since", "2026-11-01", "--until", "2026-11-02"];
    const { stdout, stderr, exitCode } = await audit("export", ...span);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const exported = stdout.trimEnd().split("\n");
    expect(exported.map((line) => JSON.parse(line).request_id)).toEqual(ids.toReversed());
    const csv = await audit("export", ...span, "--format", "csv", "--team", "blue");
    const rows = csv.stdout.trimEnd().split("\r\n").slice(1);
    expect(rows.map((row) => row.slice(0, 36))).toEqual(ids.filter((_, index) => index % 2 === 1).toReversed());
  }, 30_000);

  test("ends without a word where nobody reads an export on", async () => {
    const child = Bun.spawn(gatewayCommand("audit", "export"), {
      cwd: folder.path,
      env: { DATA_DIR: dataDir },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [stderr, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect([stderr, exitCode]).toEqual(["", 1]);
  }, 30_000);

  test("follows events as they become rows, each once", async () => {
    const child = Bun.spawn(gatewayCommand("audit", "tail", "--follow", "--json", "--lines", "2"), {
      cwd: folder.path,
      env: { DATA_DIR: dataDir },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const next = idsOf(child.stdout);
    for (const id of ids.slice(-2)) expect(await next()).toBe(id);
    // One that took longer than those that are there already.
    const late = requestRecord(6_000, { received_at: microsOf(new Date(START_MS)) });
    const newest = requestRecord(6_001, { received_at: microsOf(new Date(START_MS + COUNT * 60_000)) });
    await world.ship([late]);
    expect(await next()).toBe(late.request_id);
    await world.ship([newest]);
    expect(await next()).toBe(newest.request_id);
    child.kill("SIGTERM");
    await child.exited;
    expect(await new Response(child.stderr).text()).toBe("");
  }, 30_000);
});

describe("policy-mesh audit, where no gateway runs", () => {
  test("opens the embedded database itself, and makes none", async () => {
    // Too long for a socket, which then is elsewhere.
    const own = join(folder.path, "a".repeat(60), "b".repeat(60));
    const env = { DATA_DIR: own };
    const other = await openAuditStore(own);
    await other.ship([requestRecord(1)]);
    const joined = await runGateway(["audit", "tail"], folder.path, env);
    await other.close();
    expect([joined.stderr, joined.exitCode, joined.stdout.trimEnd().split("\n").length]).toEqual(["", 0, 1]);
    expect(existsSync(join(own, "run.path"))).toBe(false);

    const followed = await runGateway(["audit", "tail", "--follow"], folder.path, env);
    expect([followed.stdout, followed.exitCode]).toEqual([joined.stdout, 1]);
    expect(followed.stderr).toContain("No gateway runs");

    const fresh = join(folder.path, "fresh");
    mkdirSync(fresh);
    const none = await runGateway(["audit", "tail"], folder.path, { DATA_DIR: fresh });
    expect([none.stdout, none.exitCode, readdirSync(fresh)]).toEqual(["", 1, []]);
  }, 60_000);

  test("says that rows cannot be read, and names no password", async () => {
    const env = { DATABASE_URL: "postgres://someone:hunter2@127.0.0.1:9/nowhere" };
    const { stdout, stderr, exitCode } = await runGateway(["audit", "export"], folder.path, env);
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toContain("The audit cannot be read");
    expect(stderr).not.toContain("hunter2");
  }, 30_000);
});

/** The id of each next event. */
function idsOf(stream: ReadableStream<Uint8Array>): () => Promise<string> {
  const chunks = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return async () => {
    while (!text.includes("\n")) {
      const { value, done } = await chunks.read();
      if (done) throw new Error("it ended");
      text += decoder.decode(value, { stream: true });
    }
    const line = text.slice(0, text.indexOf("\n"));
    text = text.slice(line.length + 1);
    return String(JSON.parse(line).request_id);
  };
}
