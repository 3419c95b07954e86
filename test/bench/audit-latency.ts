/**
 * `bun test/bench/audit-latency.ts`: what putting a request on record adds to it, beside what the disk alone takes.
 *
 *   --seconds N    how long each cell of the table is measured (4)
 *   --directory D  where the spool is written (a folder of the system's own for temporary files)
 *
 * One request is an intent and an outcome, one after the other, as a gateway waits for them. Strict mode needs a
 * PostgreSQL server: the one of TEST_DATABASE_URL, or one that is started with its usual durability.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { canonicalRecord, intentRecord, settledRecord } from "../../src/audit/record.ts";
import { openAuditDatabase } from "../support/audit-database.ts";
import { openInstance } from "../support/audit-instance.ts";
import { intentAt, outcomeOf } from "../support/audit-requests.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { aligned, positive, quantile } from "./audit-table.ts";

const CONCURRENCIES = [1, 64];
/** Not counted: code that runs for the first time, and segments that are made. */
const WARM_UP_MS = 500;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "4" }, directory: { type: "string", default: tmpdir() } },
});
const durationMs = positive(values.seconds, "--seconds") * 1_000;
const directory = mkdtempSync(join(values.directory, "policy-mesh-latency-"));
const server = await startPostgresServer({ durable: true });

type Cell = { readonly latenciesMs: readonly number[]; readonly elapsedMs: number };
const rows: string[][] = [["", "concurrency", "requests/s", "p50 ms", "p99 ms"]];
const add = (title: string, concurrency: number, { latenciesMs, elapsedMs }: Cell) =>
  rows.push([
    title,
    String(concurrency),
    ((latenciesMs.length * 1_000) / elapsedMs).toFixed(0),
    quantile(latenciesMs, 0.5).toFixed(3),
    quantile(latenciesMs, 0.99).toFixed(3),
  ]);

try {
  add("append + fdatasync of one record, no gateway code", 1, await measureDisk());
  for (const concurrency of CONCURRENCIES) {
    add("durable, fsync off", concurrency, await measureAudit(concurrency, { fsync: false, mode: "durable" }));
    add("durable", concurrency, await measureAudit(concurrency, { fsync: true, mode: "durable" }));
    if (server === null) continue;
    add("strict, fsync off", concurrency, await measureAudit(concurrency, { fsync: false, mode: "strict" }));
    add("strict", concurrency, await measureAudit(concurrency, { fsync: true, mode: "strict" }));
  }
  process.stdout.write(`${aligned(rows)}\n`);
} finally {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** What no durable write gets around: one record, one flush, one after the other. */
async function measureDisk(): Promise<Cell> {
  const intent = intentAt(crypto.randomUUID(), new Date());
  const stamp = { instance_id: crypto.randomUUID(), instance_seq: 1, salt: "0".repeat(32) };
  const record = Buffer.from(
    canonicalRecord(settledRecord(intentRecord(intent), outcomeOf(intent, new Date()), stamp)),
  );
  const file = await open(join(directory, "disk"), "w");
  try {
    return await measure(1, async () => {
      await file.write(record);
      await file.datasync();
    });
  } finally {
    await file.close();
  }
}

async function measureAudit(
  concurrency: number,
  { fsync, mode }: { readonly fsync: boolean; readonly mode: "durable" | "strict" },
): Promise<Cell> {
  const url = mode === "strict" ? ((await server?.createDatabase()) ?? null) : null;
  const database = url === null ? null : await openAuditDatabase(url, directory);
  const spool = mkdtempSync(join(directory, "spool-"));
  const instance = await openInstance({ directory: spool, url, mode, fsync }, () => new Date());
  try {
    return await measure(concurrency, async () => {
      const intent = intentAt(crypto.randomUUID(), new Date());
      const recorded = await instance.audit.recordIntent(intent);
      const ended = recorded.ok ? await instance.audit.recordOutcome(outcomeOf(intent, new Date())) : recorded;
      if (!ended.ok) throw new Error(ended.error.message);
    });
  } finally {
    await instance.close();
    await database?.close();
  }
}

async function measure(concurrency: number, once: () => Promise<void>): Promise<Cell> {
  await run(concurrency, WARM_UP_MS, once);
  return run(concurrency, durationMs, once);
}

async function run(concurrency: number, forMs: number, once: () => Promise<void>): Promise<Cell> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const client = async () => {
    do {
      const askedMs = performance.now();
      await once();
      latenciesMs.push(performance.now() - askedMs);
    } while (performance.now() - startedMs < forMs);
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return { latenciesMs, elapsedMs: performance.now() - startedMs };
}
