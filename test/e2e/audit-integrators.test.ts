import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { countOf, readClaims } from "../support/audit-claims.ts";
import { openAuditDatabase } from "../support/audit-database.ts";
import { newSignerKey, type Signing } from "../support/audit-instance.ts";
import { isCovered, logProblemsOf } from "../support/audit-log-check.ts";
import { type AuditChild, signRest, startAuditChild } from "../support/audit-processes.ts";
import { problemsOf } from "../support/audit-rows.ts";
import { scratchFolder } from "../support/gateway-process.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { until } from "../support/until.ts";

const SIGNERS = 3;
const CHECKPOINTS = 30;

const server = await startPostgresServer();
const folder = scratchFolder();
const running = new Set<AuditChild>();
afterEach(() => {
  for (const child of running) child.signal("SIGKILL");
  running.clear();
});
afterAll(async () => {
  await server?.stop();
  folder.remove();
});

/** An empty database, and processes that write and sign its log: a directory of its own for each name. */
async function openLog() {
  const url = (await server?.createDatabase()) ?? "";
  const { sql, close } = await openAuditDatabase(url, folder.path);
  const { signerKey, verifierKey } = newSignerKey("integrators.test/log");
  const directory = join(folder.path, crypto.randomUUID());
  const names = Array.from({ length: SIGNERS }, (_, index) => join(directory, `signer-${index}`));
  const optionsOf = (name: string, clients: number, dieAt?: Signing["dieAt"]) => ({
    directory: name,
    url,
    claims: `${name}.claims`,
    clients,
    pauseMs: 4,
    signing: {
      signerKey,
      checkpointFile: `${name}.checkpoint`,
      minAgeMs: 10,
      ...(dieAt === undefined ? {} : { dieAt }),
    },
  });
  const claims = () => readClaims(names.map((name) => `${name}.claims`));
  return {
    sql,
    close,
    names,
    claims,
    start(name: string, clients: number, dieAt?: Signing["dieAt"]) {
      const child = startAuditChild(optionsOf(name, clients, dieAt));
      running.add(child);
      return child;
    },
    /** Lets these processes bring their spools to an end, and a checkpoint cover all of it. */
    async settle(children: readonly AuditChild[]): Promise<void> {
      await Promise.all(children.map((child) => child.saying("ready")));
      await Promise.all(children.map((child) => child.finish()));
      await signRest(optionsOf(names[0] ?? "", 0), () => isCovered(sql));
    },
    checkpointCount: async () => (await sql`select 1 from audit_checkpoints`).count,
    problems: async () => [
      ...(await problemsOf(sql, claims())),
      ...(await logProblemsOf(
        sql,
        verifierKey,
        names.map((name) => `${name}.checkpoint`),
      )),
    ],
  };
}

describe.skipIf(server === null)("several signers of one log", () => {
  test("make one chain of checkpoints together", async () => {
    const log = await openLog();
    try {
      const children = log.names.map((name) => log.start(name, 4));
      await until(async () => (await log.checkpointCount()) >= CHECKPOINTS, "checkpoints are signed");
      await log.settle(children);
      expect(await log.problems()).toEqual([]);
      expect(countOf(log.claims(), "done")).toBeGreaterThan(CHECKPOINTS);
    } finally {
      await log.close();
    }
  }, 60_000);

  test.each(["kept", "committed"] as const)(
    "make one chain although some die when a checkpoint is %s",
    async (step) => {
      const log = await openLog();
      try {
        for (const count of [1, 3]) {
          const others = log.names.slice(1).map((name) => log.start(name, 4));
          const dying = log.start(log.names[0] ?? "", 4, { step, count });
          expect((await dying.ended()).exitCode).toBe(137);
          await Promise.all(others.map((child) => child.kill()));
        }
        await log.settle(log.names.map((name) => log.start(name, 0)));
        expect(await log.problems()).toEqual([]);
      } finally {
        await log.close();
      }
    },
    60_000,
  );
});
