import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyReceipt } from "../../src/audit/receipt.ts";
import { canonicalRecord } from "../../src/audit/record.ts";
import { verifyAudit } from "../../src/audit/verify/verify.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createAuditMaintenance } from "../../src/store/audit-maintenance.ts";
import { createAuditVerification } from "../../src/store/audit-verification.ts";
import { migrate, rollback } from "../../src/store/migrate.ts";
import { openSpool } from "../../src/store/spool/spool.ts";
import { openInstance } from "../support/audit-instance.ts";
import { intentAt, outcomeOf, REQUEST_POLICY } from "../support/audit-requests.ts";
import { LogDatabase, verifierOf } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { intentV1, recordV1 } from "../support/records-v1.ts";
import { KEPT_DAY, KeptNote, recordOf, SIGNER, ship, sign } from "../support/verify-world.ts";

const ATTEMPTS = [
  "20261122230001_check_attempts_of_audit_events.sql",
  "20261122230000_add_attempts_to_audit_events.sql",
];
const NOW = new Date(KEPT_DAY + 3_600_000);
/** Of a request that ended before the upgrade, of one that it cut, and of one that came after it. */
const IDS = {
  row: recordOf(0, 1).request_id,
  ended: "0192d3a4-1111-7222-8333-0000000000e1",
  cut: "0192d3a4-1111-7222-8333-0000000000e2",
  later: "0192d3a4-1111-7222-8333-0000000000e3",
} as const;

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-upgrade-"));
const options = { workDir: join(scratch, "bin"), timeoutMs: 30_000, exclusive: false };
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe.skipIf(server === null)("a gateway that knew no attempts", () => {
  let url: string;
  let log: LogDatabase;
  const outside = new KeptNote();

  beforeAll(async () => {
    url = (await server?.createDatabase()) ?? "";
    log = await LogDatabase.open({ kind: "server", url }, scratch);
    const { hash, name, version, stored } = REQUEST_POLICY;
    await log.sql`insert into policies (hash, name, version, document, first_activated_at, last_activated_at)
      values (${hash}, ${name}, ${version}, ${log.sql.json(stored)}, ${new Date(0)}, ${NOW})`;
    // What it left: rows, the schema of its time with a day of its own, and a spool.
    await ship(
      log,
      [1, 2, 3, 4].map((seq) => recordOf(0, seq, KEPT_DAY, 1)),
    );
    await sign(log, outside);
    for (const name of ATTEMPTS) expect(await stepBack()).toEqual([name]);
    await log.sql`select audit_create_partitions('2026-11-05', 1)`;
    await leaveSpool();
    expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: ATTEMPTS.toReversed() } });
  }, 60_000);
  afterAll(() => log.close());

  async function stepBack(): Promise<readonly string[]> {
    const back = await rollback(url, options);
    if (!back.ok) throw new Error(back.error.message);
    return back.value.rolledBack;
  }

  async function leaveSpool(): Promise<void> {
    const opened = await openSpool({ directory: scratch, maxBytes: 1_000_000 });
    if (!opened.ok) throw new Error(opened.error.message);
    const { spool } = opened.value;
    const own = { policy_hash: REQUEST_POLICY.hash, instance_id: spool.instanceId } as const;
    for (const request_id of [IDS.ended, IDS.cut]) {
      await spool.appendIntent(request_id, Buffer.from(JSON.stringify(intentV1({ ...own, request_id }))));
    }
    const ended = (instance_seq: number) => recordV1({ ...own, request_id: IDS.ended, instance_seq });
    await spool.appendFinal(IDS.ended, (seq) => Buffer.from(canonicalRecord(ended(seq))));
    await spool.close();
  }

  const database = () => log.database;
  async function faults() {
    const report = await verifyAudit(createAuditVerification(database()), {
      verifiers: [verifierOf(SIGNER.verifierKey)],
      kept: [{ file: outside.path, note: outside.note ?? "" }],
      since: null,
      now: NOW.getTime() * 1_000,
    });
    if (!report.ok) throw new Error(report.error.message);
    return report.value.faults.map(({ code, columns, subject }) => ({ code, columns, subject }));
  }
  const rows = () => log.sql`
    select request_id, record_version, status, attempts from audit_events
    where request_id in ${log.sql(Object.values(IDS))} order by request_id`;

  test("has its spool shipped by the next one, whose own requests have attempts", async () => {
    const instance = await openInstance({ directory: scratch, url }, () => NOW);
    const intent = intentAt(IDS.later, NOW);
    await instance.audit.recordIntent(intent);
    await instance.audit.recordOutcome(outcomeOf(intent, NOW));
    expect(await instance.shipped(10_000)).toBe(true);
    await instance.close();
    const older = { record_version: 1, attempts: null };
    expect([...(await rows())]).toEqual([
      { ...older, request_id: IDS.row, status: "succeeded" },
      { ...older, request_id: IDS.ended, status: "succeeded" },
      { ...older, request_id: IDS.cut, status: "interrupted" },
      {
        request_id: IDS.later,
        record_version: 2,
        status: "succeeded",
        attempts: [{ provider: "cloud", model: "gpt-4o-mini", result: "answered", sent: true, duration_ms: 11 }],
      },
    ]);
  });

  test("stands in one log with the next one, with receipts for both", async () => {
    await sign(log, outside);
    expect(await faults()).toEqual([]);
    for (const id of Object.values(IDS)) {
      const receipt = await createAuditLog(database(), SIGNER.verifierKey).receipt(id);
      if (!receipt.ok || receipt.value.kind !== "receipt") throw new Error(JSON.stringify(receipt));
      const verified = verifyReceipt(receipt.value.text, [verifierOf(SIGNER.verifierKey)]);
      const record = verified.ok ? verified.value.record : {};
      expect([record["request_id"], "attempts" in record]).toEqual([id, id === IDS.later]);
    }
  });

  test("leaves rows that can be erased as those of the next one can", async () => {
    const maintenance = createAuditMaintenance(database());
    for (const id of [IDS.ended, IDS.later]) {
      expect(await maintenance.erase(id, NOW)).toMatchObject({ ok: true, value: { kind: "erased" } });
    }
    await sign(log, outside);
    expect(await faults()).toEqual([]);
    const erased = (await rows()).filter(({ status }) => status === null);
    expect(erased.map(({ attempts }) => attempts)).toEqual([null, null]);
  });

  test("can be gone back to, but what rows said of attempts is lost, and a verification tells", async () => {
    await ship(log, [recordOf(0, 5)]);
    await sign(log, outside);
    for (const name of ATTEMPTS) expect(await stepBack()).toEqual([name]);
    expect((await migrate(url, options)).ok).toBe(true);
    const columns = ["record_version", "attempts"].toSorted();
    expect(await faults()).toEqual([{ code: "row_changed", columns, subject: recordOf(0, 5).request_id }]);
  });
});
