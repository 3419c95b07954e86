/**
 * `bun test/bench/audit-ship.ts`: how fast rows come from the spool to a PostgreSQL server, and what each costs.
 *
 *   --rows N    rows for each measurement (60000)
 *   --rounds N  how often (3)
 *
 * The spool is filled first; then the shipper is started and timed until the last row is committed. The server is the
 * one of TEST_DATABASE_URL, or one that is started with its usual durability on the same processors.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { canonicalRecord, columnChecksOf, intentRecord, leafHash, settledRecord } from "../../src/audit/record.ts";
import { openAuditDatabase } from "../support/audit-database.ts";
import { openInstance } from "../support/audit-instance.ts";
import { intentAt, outcomeOf } from "../support/audit-requests.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { aligned, positive, quantile } from "./audit-table.ts";

const FILLERS = 256;
const DRAIN_TIMEOUT_MS = 300_000;
const HASHED_ROWS = 20_000;

const { values } = parseArgs({
  options: { rows: { type: "string", default: "60000" }, rounds: { type: "string", default: "3" } },
});
const rowCount = Math.ceil(positive(values.rows, "--rows"));
const rounds = Math.ceil(positive(values.rounds, "--rounds"));
const server = await startPostgresServer({ durable: true });
if (server === null) throw new Error("there is no PostgreSQL on this machine, and TEST_DATABASE_URL names none");
const directory = mkdtempSync(join(tmpdir(), "policy-mesh-ship-"));

type Round = { readonly rowsPerSecond: number; readonly cpuMicros: number; readonly longestTurnMs: number };
try {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await ship(await server.createDatabase(), round));
  const of = (name: keyof Round, digits: number) => {
    const all = measured.map((round) => round[name]);
    return [quantile(all, 0.5), Math.min(...all), Math.max(...all)].map((value) => value.toFixed(digits));
  };
  const table = [
    ["", "median", "min", "max"],
    ["rows/s, from the spool to their commit", ...of("rowsPerSecond", 0)],
    ["CPU us/row of the shipping process, all of it", ...of("cpuMicros", 1)],
    ["longest turn of the event loop, ms", ...of("longestTurnMs", 1)],
    ["CPU us/row of JCS, parsing, leaf and column checks alone", ...hashing()],
  ];
  process.stdout.write(`${aligned(table)}\n`);
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function ship(url: string, round: number): Promise<Round> {
  const database = await openAuditDatabase(url, directory);
  const spool = join(directory, `spool-${round}`);
  await fill(spool);
  const instance = await openInstance({ directory: spool, url }, () => new Date());
  const turns = watchTurns();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  try {
    if (!(await instance.shipped(DRAIN_TIMEOUT_MS))) throw new Error("the backlog did not drain in time");
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    const [count] = await database.sql<{ count: number }[]>`select count(*)::int as count from audit_events`;
    if (count?.count !== rowCount) throw new Error(`${count?.count} rows of ${rowCount}`);
    return {
      rowsPerSecond: (rowCount * 1_000) / elapsedMs,
      cpuMicros: (user + system) / rowCount,
      longestTurnMs: turns.stop(),
    };
  } finally {
    await instance.close();
    await database.close();
  }
}

async function fill(spool: string): Promise<void> {
  const instance = await openInstance({ directory: spool, url: null, fsync: false }, () => new Date());
  let left = rowCount;
  const filler = async () => {
    while (left-- > 0) {
      const intent = intentAt(crypto.randomUUID(), new Date());
      const begun = await instance.audit.recordIntent(intent);
      const ended = begun.ok ? await instance.audit.recordOutcome(outcomeOf(intent, new Date())) : begun;
      if (!ended.ok) throw new Error(ended.error.message);
    }
  };
  await Promise.all(Array.from({ length: FILLERS }, filler));
  await instance.close();
}

/** How late a timer that is due every millisecond comes, at worst. */
function watchTurns() {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  return {
    stop(): number {
      clearInterval(timer);
      return longestMs;
    },
  };
}

/** What a record costs that is neither the spool's nor the database's: written once, and read once by the shipper. */
function hashing(): string[] {
  const intent = intentAt(crypto.randomUUID(), new Date());
  const stamp = { instance_id: crypto.randomUUID(), instance_seq: 1, salt: "0".repeat(32) };
  const record = settledRecord(intentRecord(intent), outcomeOf(intent, new Date()), stamp);
  const once = () => {
    const payload = Buffer.from(canonicalRecord(record));
    const parsed: unknown = JSON.parse(payload.toString());
    if (parsed === null || leafHash(payload).length + columnChecksOf(payload).length === 0) throw new Error("no hash");
  };
  const measured = Array.from({ length: rounds }, () => {
    for (let index = 0; index < HASHED_ROWS / 10; index++) once();
    const cpu = process.cpuUsage();
    for (let index = 0; index < HASHED_ROWS; index++) once();
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / HASHED_ROWS;
  });
  return [quantile(measured, 0.5), Math.min(...measured), Math.max(...measured)].map((micros) => micros.toFixed(1));
}
