/**
 * Kills processes that write the audit, far more often than the suite does, and keeps the database away for longer; then
 * looks at every row and every hash.
 *
 *   bun test/support/prove-audit.ts [--rounds N] [--places N] [--outage-seconds N]
 *
 * `--rounds` counts kills (1,000), `--places` the processes that run side by side on one PostgreSQL server (4);
 * `--outage-seconds` says for how long the database is down while requests come (180). Exits 1 if any request has not its
 * one row, or the log has not each of them once under its checkpoints. Takes the server of TEST_DATABASE_URL, or starts
 * one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { countOf } from "./audit-claims.ts";
import { openAuditDatabase } from "./audit-database.ts";
import { newSignerKey } from "./audit-instance.ts";
import { killRounds } from "./audit-kill-rounds.ts";
import { isCovered, logProblemsOf } from "./audit-log-check.ts";
import { longOutage } from "./audit-long-outage.ts";
import { problemsOf } from "./audit-rows.ts";
import { startPostgresServer } from "./postgres-server.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1000" },
    places: { type: "string", default: "4" },
    "outage-seconds": { type: "string", default: "180" },
  },
});
const rounds = wholeNumber(values.rounds);
const places = wholeNumber(values.places);
const outageSeconds = wholeNumber(values["outage-seconds"]);
const server = await startPostgresServer();
if (server === null) throw new Error("there is no PostgreSQL on this machine, and TEST_DATABASE_URL names none");
const directory = mkdtempSync(join(tmpdir(), "policy-mesh-prove-"));
try {
  const problems = [...(await proveOutage(server.url)), ...(await proveKills(await server.createDatabase()))];
  for (const problem of problems) say(problem);
  say(problems.length === 0 ? "ok  every request has its one row, and the log has no gap" : "FAIL");
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function proveOutage(url: string): Promise<string[]> {
  const database = await openAuditDatabase(url, directory);
  try {
    const { claims, during, drainSeconds } = await longOutage(directory, url, outageSeconds);
    say(
      `${during} requests while the database was down for ${outageSeconds} s; rows drained in ${drainSeconds.toFixed(1)} s`,
    );
    return await problemsOf(database.sql, claims);
  } finally {
    await database.close();
  }
}

async function proveKills(url: string): Promise<string[]> {
  const database = await openAuditDatabase(url, directory);
  const startedMs = performance.now();
  try {
    const { signerKey, verifierKey } = newSignerKey("prove-audit/log");
    const { claims, checkpointFiles } = await killRounds({
      directory,
      url,
      rounds,
      places,
      signerKey,
      isCovered: () => isCovered(database.sql),
      onRound: (done) => {
        if (done % 100 === 0) say(`${done} processes killed`);
      },
    });
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    say(`${claims.size} requests, ${countOf(claims, "done")} of them acknowledged to the end, ${seconds} s`);
    return [
      ...(await problemsOf(database.sql, claims)),
      ...(await logProblemsOf(database.sql, verifierKey, checkpointFiles)),
    ];
  } finally {
    await database.close();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error("flags take whole numbers of at least 1");
  return value;
}
