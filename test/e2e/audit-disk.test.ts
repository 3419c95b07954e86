import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scanSegment } from "../../src/store/spool/scan.ts";
import { segmentNumber } from "../../src/store/spool/segment.ts";
import { countOf, readClaims } from "../support/audit-claims.ts";
import { openAuditDatabase } from "../support/audit-database.ts";
import { ask, claimsOf, startLoad } from "../support/audit-load.ts";
import { startAuditChild } from "../support/audit-processes.ts";
import { problemsOf } from "../support/audit-rows.ts";
import { type GatewayProcess, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { startPostgresProxy } from "../support/postgres-proxy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { until } from "../support/until.ts";

const server = await startPostgresServer();
const folder = scratchFolder();
let models: Replay;
const running = new Set<GatewayProcess>();

beforeAll(async () => {
  models = await startReplay("ollama");
  await models.play("chat-success");
});
afterEach(() => {
  for (const gateway of running) gateway.signal("SIGKILL");
  running.clear();
});
afterAll(async () => {
  models.stop();
  await server?.stop();
  folder.remove();
});

/** A process whose files end here: what it writes beyond fails, as it does on a disk that is full. */
const withFilesUpTo = (bytes: number) => [
  "/bin/sh",
  "-c",
  'ulimit -f "$0" && exec "$@"',
  String(Math.ceil(bytes / 512)),
];

describe.skipIf(server === null)("a gateway whose disk is full", () => {
  test("admits nothing, writes nothing more, and has every row after a start with space", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const dataDir = join(folder.path, "full");
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const env = { DATABASE_URL: url, DATA_DIR: dataDir, OLLAMA_BASE_URL: models.url, OLLAMA_MODEL: "smollm2:135m" };
    const start = async (wrapper: readonly string[] = []) => {
      const gateway = await startGateway(folder.path, env, wrapper);
      running.add(gateway);
      return gateway;
    };
    try {
      // What the program unpacks when it starts for the first time is larger than a file may be afterwards.
      expect(await (await start()).stop()).toBe(0);
      const full = await start(withFilesUpTo(200_000));
      const load = startLoad([full], 4);
      await until(() => load.statuses().includes(503), "the disk is full");
      await load.stop();
      expect(load.statuses()).toEqual([200, 503]);
      expect((await full.request("/v1/ready")).status).toBe(503);
      const calls = models.asked().length;
      const before = bytesBelow(join(dataDir, "spool"));
      expect([(await ask(full))?.status, (await ask(full))?.status]).toEqual([503, 503]);
      expect({ calls: models.asked().length, bytes: bytesBelow(join(dataDir, "spool")) }).toEqual({
        calls,
        bytes: before,
      });
      await full.stop();

      const next = await start();
      const after = await ask(next);
      expect(after?.status).toBe(200);
      expect(await next.stop()).toBe(0);
      const answers = [...load.answers, ...(after === null ? [] : [after])];
      const refused = answers.filter(({ status }) => status !== 200).length;
      expect(await problemsOf(sql, claimsOf(answers), refused)).toEqual([]);
      expect([...(await sql`select 1 from audit_events where status = 'pending'`)]).toEqual([]);
    } finally {
      await close();
    }
  }, 90_000);
});

describe.skipIf(server === null)("a spool whose disk fails to flush", () => {
  test("takes nothing more until a restart, which has a row for all that was acknowledged", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const claims = join(folder.path, "flush.claims");
    const options = { directory: join(folder.path, "flush"), url, claims, clients: 4, pauseMs: 2 };
    const broken = startAuditChild({ ...options, breakFlushAfter: 50 });
    try {
      await broken.saying("refused");
      await broken.kill();
      const next = startAuditChild({ ...options, clients: 0 });
      await next.saying("ready");
      await next.finish();
      expect(await problemsOf(sql, readClaims([claims]))).toEqual([]);
    } finally {
      broken.signal("SIGKILL");
      await close();
    }
  }, 60_000);
});

describe.skipIf(server === null)("a spool whose file was damaged", () => {
  test("gives all but what was hit, tells of that in the log, and cuts off what was never whole", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const claims = join(folder.path, "damaged.claims");
    const options = { directory: join(folder.path, "damaged"), claims, clients: 4, pauseMs: 2 };
    const writer = startAuditChild({ ...options, url: null });
    try {
      await until(() => countOf(readClaims([claims]), "done") >= 50, "requests are on the spool");
      await writer.kill();
      const hit = damage(options.directory, 20);
      const reader = startAuditChild({ ...options, url, clients: 0 });
      await reader.saying("ready");
      await reader.finish();
      const claimed = readClaims([claims]);
      // The request whose end was hit is one without an end.
      expect(claimed.get(hit.requestId)).toBe("done");
      const left = new Map([...claimed, [hit.requestId, "intent" as const]]);
      expect(await problemsOf(sql, left)).toEqual([]);
      expect([...(await sql`select kind, details -> 'missing_seqs' as missing from audit_actions`)]).toEqual([
        { kind: "quarantine", missing: [hit.seq] },
      ]);
    } finally {
      writer.signal("SIGKILL");
      await close();
    }
  }, 60_000);
});

/** Flips a bit of the `nth` record that ended a request, and leaves the beginning of another one at the end. */
function damage(directory: string, nth: number): { readonly requestId: string; readonly seq: number } {
  const [name] = readdirSync(directory).filter((file) => segmentNumber(file) !== null);
  const path = join(directory, name ?? "");
  const bytes = readFileSync(path);
  const finals = scanSegment(bytes).filter(({ frame }) => frame?.type === "final");
  const { frame, start, end } = finals[nth] ?? {};
  if (frame?.type !== "final" || start === undefined || end === undefined) throw new Error("there is no such record");
  const middle = Math.floor((start + end) / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
  writeFileSync(path, Buffer.concat([bytes, bytes.subarray(start, middle)]));
  return { requestId: frame.id ?? "", seq: frame.seq };
}

describe.skipIf(server === null)("a spool that is full, since the database is away", () => {
  test("refuses requests, ends those that it took, and takes requests again when the database is back", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const proxy = await startPostgresProxy(url);
    const claims = join(folder.path, "brim.claims");
    const options = { directory: join(folder.path, "brim"), url: proxy.url, claims, clients: 8, pauseMs: 2 };
    const done = () => countOf(readClaims([claims]), "done");
    await proxy.refuse();
    const child = startAuditChild({ ...options, maxBytes: 1_048_576, segmentBytes: 131_072 });
    try {
      await child.saying("refused");
      const before = done();
      expect(before).toBeGreaterThan(100);
      await proxy.heal();
      await until(() => done() > before + 100, "requests are taken again");
      await child.finish();
      const claimed = readClaims([claims]);
      // Whatever got in got out again: a spool that is full takes what ends requests.
      expect({ intent: countOf(claimed, "intent"), end: countOf(claimed, "end") }).toEqual({ intent: 0, end: 0 });
      expect(await problemsOf(sql, claimed)).toEqual([]);
    } finally {
      child.signal("SIGKILL");
      await proxy.stop();
      await close();
    }
  }, 60_000);
});

const filesBelow = (path: string): number[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(path, name)))
    .filter((entry) => entry.isFile())
    .map(({ size }) => size);
const bytesBelow = (path: string): number => filesBelow(path).reduce((total, size) => total + size, 0);
