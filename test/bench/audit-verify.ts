/**
 * How long `audit verify --full` takes, and how much memory at its peak: 100,000 rows beside 1,000,000, in processes of
 * their own, on a PostgreSQL of their own.
 *
 *   bun test/bench/audit-verify.ts [ROWS]...
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyAudit } from "../../src/audit/verify/verify.ts";
import { createAuditMaintenance } from "../../src/store/audit-maintenance.ts";
import { createAuditVerification } from "../../src/store/audit-verification.ts";
import { openDatabase } from "../../src/store/database.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { REQUEST_POLICY } from "../support/audit-requests.ts";
import { LogDatabase, verifierOf } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { KEPT_DAY, KeptNote, recordOf, SIGNER, ship, sign } from "../support/verify-world.ts";

const BATCH_ROWS = 1_000;
/** As a log of five thousand rows a second is signed. */
const ROWS_PER_CHECKPOINT = 5_000;
const DAYS = 8;
const DAY_MS = 86_400_000;

if (process.argv[2] === "--verify") await verifyOnce(process.argv[3] ?? "");
else await run(process.argv.slice(2).map(Number));

async function run(sizes: readonly number[]): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-bench-verify-"));
  const server = await startPostgresServer();
  if (server === null) throw new Error("there is no PostgreSQL on this machine");
  try {
    for (const rowCount of sizes.length === 0 ? [100_000, 1_000_000] : sizes) {
      const url = await server.createDatabase();
      await fill(url, scratch, rowCount);
      const child = Bun.spawn([process.execPath, import.meta.path, "--verify", url], { stdout: "inherit" });
      if ((await child.exited) !== 0) throw new Error("the log was not verified");
    }
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function fill(url: string, scratch: string, rowCount: number): Promise<void> {
  const log = await LogDatabase.open({ kind: "server", url }, scratch);
  const { hash, name, version, stored } = REQUEST_POLICY;
  await log.sql`insert into policies (hash, name, version, document, first_activated_at, last_activated_at)
    values (${hash}, ${name}, ${version}, ${log.sql.json(stored)}, ${new Date(KEPT_DAY)}, ${new Date(KEPT_DAY)})`;
  await createAuditMaintenance(log.database).createPartitions(new Date(KEPT_DAY));
  const outside = new KeptNote();
  for (let done = 0; done < rowCount; done += BATCH_ROWS) {
    const day = KEPT_DAY + Math.floor((done / rowCount) * DAYS) * DAY_MS;
    const count = Math.min(BATCH_ROWS, rowCount - done);
    await ship(
      log,
      Array.from({ length: count }, (_, at) => recordOf(0, done + at + 1, day)),
    );
    if ((done + count) % ROWS_PER_CHECKPOINT === 0 || done + count === rowCount) await sign(log, outside);
  }
  await log.sql`analyze`;
  await log.close();
}

async function verifyOnce(url: string): Promise<void> {
  const options = clientOptions(url);
  if (options === null) throw new Error("not a PostgreSQL URL");
  const database = openDatabase({ kind: "server", options });
  const startedAt = performance.now();
  const verifiers = [verifierOf(SIGNER.verifierKey)];
  const report = await verifyAudit(createAuditVerification(database), {
    verifiers,
    kept: [],
    since: null,
    now: KEPT_DAY * 1_000,
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  await database.close();
  if (!report.ok) throw new Error(report.error.message);
  const { faultCount, tree, rows } = report.value;
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  const line = {
    rows: rows.rowCount,
    checkpoints: tree.checkpointCount,
    faults: faultCount,
    seconds: seconds.toFixed(1),
    cpu_seconds: (process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6).toFixed(1),
    peak_rss_mb: Math.round(Number(peak) / 1_024),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
