import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { countOf, readClaims } from "../support/audit-claims.ts";
import { openAuditDatabase } from "../support/audit-database.ts";
import { newSignerKey } from "../support/audit-instance.ts";
import { killRounds } from "../support/audit-kill-rounds.ts";
import { isCovered, logProblemsOf } from "../support/audit-log-check.ts";
import { type AuditChild, signRest, startAuditChild } from "../support/audit-processes.ts";
import { problemsOf } from "../support/audit-rows.ts";
import { scratchFolder } from "../support/gateway-process.ts";
import { startPostgresProxy } from "../support/postgres-proxy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { until } from "../support/until.ts";

/** `test/support/prove-audit.ts` does the same far more often. */
const ROUNDS = 200;
const PLACES = 4;

const server = await startPostgresServer();
const folder = scratchFolder();
afterAll(async () => {
  await server?.stop();
  folder.remove();
});

describe.skipIf(server === null)("processes that share a PostgreSQL server", () => {
  test(`have one row for each request, and one log without a gap, through ${ROUNDS} kills`, async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    try {
      const directory = join(folder.path, "rounds");
      const { signerKey, verifierKey } = newSignerKey("kills.test/log");
      const { claims, checkpointFiles } = await killRounds({
        directory,
        url,
        rounds: ROUNDS,
        places: PLACES,
        signerKey,
        isCovered: () => isCovered(sql),
      });
      expect(await problemsOf(sql, claims)).toEqual([]);
      expect(await logProblemsOf(sql, verifierKey, checkpointFiles)).toEqual([]);
      // That there was something to lose, at each step that a request takes.
      for (const step of ["begin", "intent", "end", "done"] as const) expect(countOf(claims, step)).toBeGreaterThan(0);
    } finally {
      await close();
    }
    // So many starts take as long as they take: this ends what hangs.
  }, 600_000);

  test("lose nothing when they die while the database is away", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const proxy = await startPostgresProxy(url);
    const claims = join(folder.path, "away.claims");
    const options = { directory: join(folder.path, "away"), url: proxy.url, claims, pauseMs: 2, segmentBytes: 8_192 };
    const children: AuditChild[] = [];
    const start = (clients: number) => {
      const child = startAuditChild({ ...options, clients });
      children.push(child);
      return child;
    };
    const untilDone = (count: number) =>
      until(() => countOf(readClaims([claims]), "done") >= count, "requests go through");
    try {
      const first = start(8);
      await untilDone(50);
      await proxy.refuse();
      await untilDone(200);
      await first.kill();
      const second = start(8);
      await untilDone(350);
      await second.kill();
      await proxy.heal();
      const last = start(0);
      await last.saying("ready");
      await last.finish();
      expect(await problemsOf(sql, readClaims([claims]))).toEqual([]);
    } finally {
      for (const child of children) child.signal("SIGKILL");
      await proxy.stop();
      await close();
    }
  }, 60_000);

  test("keep the order of each and lose nothing when their clocks are set back", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const { sql, close } = await openAuditDatabase(url, folder.path);
    const { signerKey, verifierKey } = newSignerKey("clocks.test/log");
    const names = ["steady", "stepping"].map((name) => join(folder.path, name));
    const checkpointFiles = names.map((name) => `${name}.checkpoint`);
    const options = names.map((name, index) => ({
      directory: name,
      url,
      claims: `${name}.claims`,
      clients: 4,
      pauseMs: 2,
      signing: { signerKey, checkpointFile: `${name}.checkpoint`, minAgeMs: 20 },
      ...(index === 0 ? {} : { clockStepBackMs: 3_600_000 }),
    }));
    const children = options.map((one) => startAuditChild(one));
    try {
      const claimed = () => readClaims(names.map((name) => `${name}.claims`));
      // The clock of that one is set back every fifty of them, at the latest.
      const ofStepping = () => countOf(readClaims([`${names[1]}.claims`]), "done");
      await until(() => ofStepping() >= 200, "requests go through");
      await Promise.all(children.map((child) => child.finish()));
      for (const one of options) await signRest(one, () => isCovered(sql));
      expect(await problemsOf(sql, claimed())).toEqual([]);
      expect(await logProblemsOf(sql, verifierKey, checkpointFiles)).toEqual([]);
      const back = await sql`
        select 1
        from (select received_at < lag(received_at, 16) over (partition by instance_id order by instance_seq) as back
              from audit_events) as ordered
        where back`;
      expect(back.count).toBeGreaterThan(0);
    } finally {
      for (const child of children) child.signal("SIGKILL");
      await close();
    }
  }, 60_000);
});
