/**
 * `bun test/bench/audit-lag.ts`: how long after a request ended a signed checkpoint covers its row.
 *
 *   --rate N     requests that end each second (5000)
 *   --seconds N  for how long (20)
 *
 * One process has the spool, the shipper and the integrator, as a gateway has; the PostgreSQL server is the one of
 * TEST_DATABASE_URL, or one that is started with its usual durability on the same processors.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openAuditDatabase } from "../support/audit-database.ts";
import { newSignerKey, openInstance } from "../support/audit-instance.ts";
import { intentAt, outcomeOf } from "../support/audit-requests.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { until } from "../support/until.ts";
import { aligned, positive, quantile } from "./audit-table.ts";

const TICK_MS = 5;
const LAST_CHECKPOINT_TIMEOUT_MS = 60_000;

const { values } = parseArgs({
  options: { rate: { type: "string", default: "5000" }, seconds: { type: "string", default: "20" } },
});
const rate = positive(values.rate, "--rate");
const durationMs = positive(values.seconds, "--seconds") * 1_000;
const server = await startPostgresServer({ durable: true });
if (server === null) throw new Error("there is no PostgreSQL on this machine, and TEST_DATABASE_URL names none");
const directory = mkdtempSync(join(tmpdir(), "policy-mesh-lag-"));
const database = await openAuditDatabase(server.url, directory);

/** In the order in which they ended, which is the order of the leaves: there is one spool, and the log begins with it. */
const endedMs: number[] = [];
const lagsMs: number[] = [];
const checkpoints: number[] = [];
const { signerKey } = newSignerKey("lag.test/log");
const options = {
  directory: join(directory, "spool"),
  url: server.url,
  signing: { signerKey, checkpointFile: join(directory, "checkpoint") },
};
const instance = await openInstance(options, () => new Date(), {
  checkpointSigned({ treeSize }) {
    const nowMs = performance.now();
    checkpoints.push(nowMs);
    while (lagsMs.length < treeSize) lagsMs.push(nowMs - (endedMs[lagsMs.length] ?? nowMs));
  },
});
try {
  await writeAtRate();
  await until(() => lagsMs.length >= endedMs.length, "a checkpoint covers all", LAST_CHECKPOINT_TIMEOUT_MS);
  const spans = checkpoints.slice(1).map((atMs, index) => atMs - (checkpoints[index] ?? atMs));
  const reachedRate = ((endedMs.length - 1) * 1_000) / ((endedMs.at(-1) ?? 0) - (endedMs[0] ?? 0));
  const table = [
    ["", "p50", "p99", "max"],
    ["from the end of a request to its checkpoint, ms", ...figures(lagsMs)],
    ["between two checkpoints, ms", ...figures(spans)],
  ];
  process.stdout.write(`${aligned(table)}\n${endedMs.length} requests, ${reachedRate.toFixed(0)} each second\n`);
} finally {
  await instance.close();
  await database.close();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Begins as many requests as are due by the clock, so that a slow moment is made up for. */
async function writeAtRate(): Promise<void> {
  const startedMs = performance.now();
  const running = new Set<Promise<void>>();
  for (let begun = 0; ; await Bun.sleep(TICK_MS)) {
    const elapsedMs = Math.min(performance.now() - startedMs, durationMs);
    for (const due = Math.floor((elapsedMs * rate) / 1_000); begun < due; begun++) {
      const request = takeThrough().finally(() => running.delete(request));
      running.add(request);
    }
    if (elapsedMs >= durationMs) break;
  }
  await Promise.all(running);
}

async function takeThrough(): Promise<void> {
  const intent = intentAt(crypto.randomUUID(), new Date());
  const begun = await instance.audit.recordIntent(intent);
  const ended = begun.ok ? await instance.audit.recordOutcome(outcomeOf(intent, new Date())) : begun;
  if (!ended.ok) throw new Error(ended.error.message);
  endedMs.push(performance.now());
}

function figures(values: readonly number[]): string[] {
  return [quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)].map((ms) => ms.toFixed(0));
}
