import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import postgres from "postgres";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { newSignerKey } from "../support/audit-instance.ts";
import { claimsOf, startLoad } from "../support/audit-load.ts";
import { isCovered } from "../support/audit-log-check.ts";
import { problemsOf } from "../support/audit-rows.ts";
import {
  type Environment,
  type GatewayProcess,
  runGateway,
  scratchFolder,
  startGateway,
} from "../support/gateway-process.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { until } from "../support/until.ts";

const REPLICAS = 4;
const EMBEDDED_ROUNDS = 3;
const ANSWERS_TIMEOUT_MS = 60_000;

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

async function start(env: Environment) {
  const gateway = await startGateway(folder.path, {
    OLLAMA_BASE_URL: models.url,
    OLLAMA_MODEL: "smollm2:135m",
    ...env,
  });
  running.add(gateway);
  return gateway;
}

async function connected<T>(options: postgres.Options<Record<string, never>>, use: (sql: postgres.Sql) => Promise<T>) {
  const sql = postgres({ ...options, max: 1, onnotice() {} });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The whole log as the program itself checks it. */
async function expectVerified(env: Environment): Promise<void> {
  const verified = await runGateway(["audit", "verify", "--full"], folder.path, env);
  expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
}

describe.skipIf(server === null)(`${REPLICAS} gateways on one PostgreSQL server`, () => {
  test("write one log without a gap, although each is killed once under load", async () => {
    const url = server?.url ?? "";
    const shared = { DATABASE_URL: url, AUDIT_LOG_KEY: newSignerKey("replicas.test/log").signerKey };
    const envs = Array.from({ length: REPLICAS }, (_, index) => ({
      ...shared,
      DATA_DIR: join(folder.path, `replica-${index}`),
    }));
    const loads: ReturnType<typeof startLoad>[] = [];
    for (const round of ["killed", "stopped"]) {
      const gateways = await Promise.all(envs.map(start));
      const load = startLoad(gateways, 2 * REPLICAS);
      loads.push(load);
      // Each waits twice for a disk.
      await until(() => load.answers.length >= 400, "requests are answered", ANSWERS_TIMEOUT_MS);
      if (round === "killed") for (const gateway of gateways) gateway.signal("SIGKILL");
      await load.stop();
      if (round === "stopped")
        expect(await Promise.all(gateways.map((gateway) => gateway.stop()))).toEqual([0, 0, 0, 0]);
      else await Promise.all(gateways.map((gateway) => gateway.ended()));
    }
    const answers = loads.flatMap((load) => load.answers);
    const unanswered = loads.reduce((total, load) => total + load.state.unanswered, 0);
    const options = clientOptions(url);
    if (options === null) throw new Error("not a PostgreSQL URL");
    await connected(options, async (sql) => {
      expect(await problemsOf(sql, claimsOf(answers), unanswered)).toEqual([]);
      // Whoever stops last need not have signed for all: the next one to start does.
      const last = await start(envs[0] ?? shared);
      await until(() => isCovered(sql), "a checkpoint covers every row");
      expect(await last.stop()).toBe(0);
      await expectVerified(envs[0] ?? shared);
    });
  }, 180_000);
});

async function unshippedOf(gateway: GatewayProcess): Promise<unknown> {
  const ready = (await (await gateway.request("/v1/ready")).json()) as { audit: { unshipped_records: number } };
  return ready.audit.unshipped_records;
}

describe("a gateway with the embedded database", () => {
  test(`has one row for each request, and one log without a gap, through ${EMBEDDED_ROUNDS} kills under load`, async () => {
    const env = { DATA_DIR: join(folder.path, "embedded") };
    const loads: ReturnType<typeof startLoad>[] = [];
    for (let round = 0; round < EMBEDDED_ROUNDS; round++) {
      const gateway = await start(env);
      const load = startLoad([gateway], 4);
      loads.push(load);
      await until(() => load.answers.length >= 5, "requests are answered");
      await Bun.sleep(Math.random() * 400);
      gateway.signal("SIGKILL");
      await Promise.all([gateway.ended(), load.stop()]);
    }
    const answers = loads.flatMap((load) => load.answers);
    const unanswered = loads.reduce((total, load) => total + load.state.unanswered, 0);
    const last = await start(env);
    // What the last kill left on the spool is sent after the start; until then the log covers every row that is there.
    await until(async () => (await unshippedOf(last)) === 0, "the spool is empty");
    const socket = { path: join(env.DATA_DIR, "run", ".s.PGSQL.5432"), username: "postgres", database: "postgres" };
    await connected(socket, async (sql) => {
      await until(() => isCovered(sql), "a checkpoint covers every row");
      expect(await problemsOf(sql, claimsOf(answers), unanswered)).toEqual([]);
    });
    await expectVerified(env);
    expect(await last.stop()).toBe(0);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  }, 180_000);
});
