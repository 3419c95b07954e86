/**
 * `bun run bench`: what the gateway costs, against a mock upstream, in one run on one machine.
 *
 *   --seconds N         how long all measurements together take (60)
 *   --rounds N          how often each scenario is measured (5)
 *   --database-url URL  a PostgreSQL server in place of the embedded one; also DATABASE_URL. Rows are written there.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Bench, withBench } from "./processes.ts";
import { type Cell, sum, tableOf } from "./report.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

const CONCURRENCIES = [1, 16];
/** Part of the time that goes to code which runs for the first time, and is not counted. */
const WARM_UP_SHARE = 0.1;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rounds: { type: "string", default: "5" },
    "database-url": { type: "string" },
  },
});
const seconds = positive(values.seconds, "--seconds");
const rounds = Math.ceil(positive(values.rounds, "--rounds"));
const databaseUrl = values["database-url"] ?? (process.env["DATABASE_URL"] || null);

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));

try {
  console.log(conditions());
  const cells = await withBench(databaseUrl, interrupted.signal, measureAll);
  for (const concurrency of CONCURRENCIES) console.log(`\nconcurrency ${concurrency}\n${tableOf(cells, concurrency)}`);
  const failed = sum(cells.map((cell) => cell.measured.failed));
  if (failed > 0) console.log(`\n${failed} request(s) failed: these numbers say nothing.`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
}

/** Round by round, so that what disturbs the machine for a while does so for all scenarios. */
async function measureAll(bench: Bench): Promise<Cell[]> {
  const budgetMs = seconds * 1_000;
  const warmUpMs = (budgetMs * WARM_UP_SHARE) / SCENARIOS.length;
  for (const scenario of SCENARIOS) await measureOne(bench, scenario, Math.max(...CONCURRENCIES), warmUpMs);
  const durationMs = (budgetMs * (1 - WARM_UP_SHARE)) / (rounds * SCENARIOS.length * CONCURRENCIES.length);
  const cells: Cell[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const scenario of SCENARIOS) {
      for (const concurrency of CONCURRENCIES) {
        cells.push(await measureOne(bench, scenario, concurrency, durationMs));
      }
    }
  }
  return cells;
}

async function measureOne(bench: Bench, scenario: Scenario, concurrency: number, durationMs: number): Promise<Cell> {
  const asksGateway = scenario.server === "gateway";
  const url = asksGateway ? bench.gatewayUrl : bench.mockUrl;
  const job = { scenario: scenario.id, url, concurrency, durationMs };
  if (!asksGateway) return { scenario, concurrency, measured: await bench.measure(job), cpuSeconds: null };
  const before = await bench.gatewayCpuSeconds();
  const measured = await bench.measure(job);
  return { scenario, concurrency, measured, cpuSeconds: (await bench.gatewayCpuSeconds()) - before };
}

function conditions(): string {
  const database =
    databaseUrl === null
      ? "embedded Postgres, whose work is part of the gateway's CPU"
      : "a PostgreSQL server, whose work is not part of the gateway's CPU";
  return [
    `machine   ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, ${process.platform} ${process.arch}`,
    `program   ${program()}, Bun ${Bun.version}, commit ${commit()}`,
    `database  ${database}; audit on, two records flushed to the spool for each request`,
    `load      ${SCENARIOS.length} scenarios x concurrency ${CONCURRENCIES.join(" and ")} x ${rounds} round(s) in ${seconds} s`,
    "          mock, load generator and gateway are processes on this machine and share its processors;",
    "          an answer has 64 words; the mock writes stream chunks one by one, without a pause",
    "numbers   medians of the rounds; (min-max) are the lowest and highest round",
  ].join("\n");
}

function program(): string {
  return process.env["POLICY_MESH_BINARY"] === undefined ? "the gateway from source" : "the compiled gateway";
}

function commit(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: import.meta.dir, stderr: "ignore" })
      .stdout.toString()
      .trim();
  const head = git("rev-parse", "--short", "HEAD");
  if (head === "") return "unknown";
  return git("status", "--porcelain") === "" ? head : `${head} with changes`;
}

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (value > 0) return value;
  console.error(`${flag} takes a number above 0.`);
  process.exit(2);
}
