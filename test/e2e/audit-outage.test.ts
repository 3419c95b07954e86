import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openAuditDatabase } from "../support/audit-database.ts";
import { type Answered, ask, claimsOf, startLoad } from "../support/audit-load.ts";
import { problemsOf } from "../support/audit-rows.ts";
import { type GatewayProcess, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { type PostgresProxy, startPostgresProxy } from "../support/postgres-proxy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { until } from "../support/until.ts";

const DRAIN_TIMEOUT_MS = 40_000;
const TEST_TIMEOUT_MS = 90_000;
/** Longer than all bounds of an orderly end together. */
const STOP_TIMEOUT_MS = 30_000;

const server = await startPostgresServer();
const folder = scratchFolder();
let models: Replay;

beforeAll(async () => {
  models = await startReplay("ollama");
  await models.play("chat-success");
});
afterAll(async () => {
  models.stop();
  await server?.stop();
  folder.remove();
});

/** A gateway that reaches an empty database of its own through a proxy, and the database without it. */
async function startWorld(mode: "durable" | "strict") {
  if (server === null) throw new Error("there is no PostgreSQL");
  const url = await server.createDatabase();
  const database = await openAuditDatabase(url, folder.path);
  const proxy = await startPostgresProxy(url);
  const start = () =>
    startGateway(folder.path, {
      DATABASE_URL: proxy.url,
      DATA_DIR: join(folder.path, mode),
      OLLAMA_BASE_URL: models.url,
      OLLAMA_MODEL: "smollm2:135m",
      AUDIT_MODE: mode,
    });
  const answers: Answered[] = [];
  const rowCount = async () => (await database.sql`select 1 from audit_events`).count;
  const world = {
    gateway: await start(),
    proxy,
    answers,
    sql: database.sql,
    rowCount,
    async restart(): Promise<void> {
      world.gateway = await start();
    },
    /** Asks with four clients while `during` runs. */
    async underLoad(during: (answered: () => number) => Promise<void>) {
      const load = startLoad([world.gateway], 4);
      try {
        await during(() => load.answers.length);
      } finally {
        await load.stop();
        // Also where that failed: rows of these requests are no news to the tests that follow.
        answers.push(...load.answers);
      }
      return load;
    },
    async drained(): Promise<void> {
      const admitted = () => answers.filter(({ status }) => status === 200).length;
      await until(async () => (await rowCount()) >= admitted(), "the backlog drains", DRAIN_TIMEOUT_MS);
    },
    async end(): Promise<void> {
      world.gateway.signal("SIGKILL");
      await world.gateway.ended();
      await proxy.stop();
      await database.close();
    },
  };
  return world;
}

type World = Awaited<ReturnType<typeof startWorld>>;
const isReady = async (gateway: GatewayProcess) => (await gateway.request("/v1/ready")).status === 200;

/** Two ways for a database to be away, and the one way back. */
const OUTAGES: readonly { readonly name: string; readonly begin: (proxy: PostgresProxy) => unknown }[] = [
  { name: "is down", begin: (proxy) => proxy.refuse() },
  { name: "accepts and never answers", begin: (proxy) => proxy.blackhole() },
];

describe.skipIf(server === null)("in durable mode", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld("durable");
  }, TEST_TIMEOUT_MS);
  afterAll(() => world.end());

  test.each(OUTAGES)(
    "no request fails while the database $name, and each has its row after it",
    async ({ begin }) => {
      const load = await world.underLoad(async (answered) => {
        await until(() => answered() >= 20, "requests are answered before");
        await begin(world.proxy);
        const before = answered();
        await until(() => answered() >= before + 100, "requests are answered meanwhile");
        expect(await isReady(world.gateway)).toBe(true);
        await world.proxy.heal();
      });
      expect(load.statuses()).toEqual([200]);
      await world.drained();
      expect(await problemsOf(world.sql, claimsOf(world.answers))).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a batch whose answer is lost is committed once",
    async () => {
      const load = await world.underLoad(async () => {
        for (let cut = 0; cut < 5; cut++) await world.proxy.cutAfterNextStatement();
      });
      expect(load.statuses()).toEqual([200]);
      await world.drained();
      expect(await problemsOf(world.sql, claimsOf(world.answers))).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a request whose gateway is killed between the call and the answer is one interrupted row",
    async () => {
      const { sql, rowCount } = world;
      const before = await rowCount();
      const calls = models.asked().length;
      const release = models.holdAnswers();
      const cut = ask(world.gateway);
      await until(() => models.asked().length > calls, "the provider is called");
      world.gateway.signal("SIGKILL");
      expect(await cut).toBeNull();
      await world.gateway.ended();
      release();
      await world.restart();
      await until(async () => (await rowCount()) === before + 1, "the row is there");
      const rows = await sql`select answered_provider, latency_ms from audit_events where status = 'interrupted'`;
      expect([...rows]).toEqual([{ answered_provider: null, latency_ms: null }]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "it ends within its bound although the database never answers, and the next start has the rest",
    async () => {
      world.proxy.blackhole();
      await world.underLoad((answered) => until(() => answered() >= 50, "requests are answered"));
      expect(await Promise.race([world.gateway.stop(), Bun.sleep(STOP_TIMEOUT_MS)])).toBe(0);
      await world.proxy.heal();
      await world.restart();
      await world.drained();
      expect(await problemsOf(world.sql, claimsOf(world.answers), 1)).toEqual([]);
      expect(await world.gateway.stop()).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );
});

describe.skipIf(server === null)("in strict mode", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld("strict");
  }, TEST_TIMEOUT_MS);
  afterAll(() => world.end());

  test.each(OUTAGES)(
    "requests are refused while the database $name, and no provider is called",
    async ({ begin }) => {
      const { gateway, proxy, answers, rowCount } = world;
      // An answer that was released has its row already.
      await world.underLoad((answered) => until(() => answered() >= 5, "requests are answered before"));
      expect(await rowCount()).toBe(answers.filter(({ status }) => status === 200).length);
      await begin(proxy);
      const calls = models.asked().length;
      const [ready, ...refused] = await Promise.all([isReady(gateway), ask(gateway), ask(gateway)]);
      expect({ ready, refused: refused.map((answer) => answer?.status) }).toEqual({
        ready: false,
        refused: [503, 503],
      });
      expect(models.asked().length).toBe(calls);
      await proxy.heal();
      await until(() => isReady(gateway), "requests are admitted again");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a batch whose answer is lost is committed once, and no answer is lost with it",
    async () => {
      const load = await world.underLoad(async () => {
        for (let cut = 0; cut < 3; cut++) await world.proxy.cutAfterNextStatement();
      });
      expect(load.statuses()).toEqual([200]);
      expect(await problemsOf(world.sql, claimsOf(world.answers))).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "an answer is withheld when the database goes away before its row is there; the row follows",
    async () => {
      const { gateway, proxy, sql, rowCount } = world;
      const before = await rowCount();
      const calls = models.asked().length;
      const release = models.holdAnswers();
      const pending = ask(gateway);
      await until(() => models.asked().length > calls, "the provider is called");
      await proxy.refuse();
      release();
      const withheld = await pending;
      expect(withheld?.status).toBe(503);
      expect(await rowCount()).toBe(before);
      await proxy.heal();
      await until(async () => (await rowCount()) === before + 1, "the row is there");
      const rows = await sql`select status from audit_events where request_id = ${withheld?.requestId ?? null}`;
      expect([...rows]).toEqual([{ status: "succeeded" }]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "requests are refused while the database answers and takes no rows, and no provider is called",
    async () => {
      const { gateway, proxy, sql, rowCount } = world;
      const [named] = await sql<{ name: string }[]>`select current_database() as name`;
      const setReadOnly = async (value: "on" | "off") => {
        await sql.unsafe(`alter database ${named?.name} set default_transaction_read_only = ${value}`);
        await proxy.refuse();
        await proxy.heal();
      };
      const before = await rowCount();
      // As on a standby. Nobody knows of it before a row was not taken, but it must be known to answer again.
      await setReadOnly("on");
      await until(() => isReady(gateway), "the database answers");
      expect((await ask(gateway))?.status).toBe(503);
      const calls = models.asked().length;
      const [ready, ...refused] = await Promise.all([isReady(gateway), ask(gateway), ask(gateway)]);
      expect({ ready, refused: refused.map((answer) => answer?.status) }).toEqual({
        ready: false,
        refused: [503, 503],
      });
      expect(models.asked().length).toBe(calls);
      await setReadOnly("off");
      await until(() => isReady(gateway), "requests are admitted again");
      expect((await ask(gateway))?.status).toBe(200);
      expect(await rowCount()).toBe(before + 2);
    },
    TEST_TIMEOUT_MS,
  );
});
