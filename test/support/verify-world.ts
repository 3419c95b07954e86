import { intentRecord, type RequestRecord, settledRecord } from "../../src/audit/record.ts";
import { ok } from "../../src/core/result.ts";
import { createAuditActions } from "../../src/store/audit-actions.ts";
import { createAuditMaintenance } from "../../src/store/audit-maintenance.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import type { Database, Parameter } from "../../src/store/database.ts";
import { LogRounds } from "../../src/workers/log-round.ts";
import { intentAt, outcomeOf, REQUEST_POLICY } from "./audit-requests.ts";
import type { LogDatabase } from "./log-database.ts";
import { shipped } from "./request-records.ts";
import { signerNamed } from "./signed-log.ts";

export const SIGNER = signerNamed("log.example/verified");
export const INSTANCES = ["0192d3a4-aaaa-4bbb-8ccc-dddddddddd01", "0192d3a4-aaaa-4bbb-8ccc-dddddddddd02"] as const;
/** Rows of the first day are dropped; the log begins with them. */
export const DROPPED_DAY = Date.UTC(2026, 10, 1, 12);
export const KEPT_DAY = Date.UTC(2026, 10, 5, 12);

/** The request that is record `seq` of that instance. */
export function recordOf(instance: 0 | 1, seq: number, dayMs = KEPT_DAY, version: 1 | 2 = 2): RequestRecord {
  const digits = (instance * 1_000_000 + seq).toString(16).padStart(12, "0");
  const at = new Date(dayMs + seq);
  const intent = intentAt(`0192d3a4-1111-7222-8333-${digits}`, at);
  return settledRecord(
    { ...intentRecord(intent), record_version: version },
    outcomeOf(intent, new Date(at.getTime() + 12)),
    {
      instance_id: INSTANCES[instance],
      instance_seq: seq,
      salt: digits.padStart(32, "5"),
    },
  );
}

export async function ship(log: LogDatabase, records: readonly RequestRecord[]): Promise<void> {
  const sent = await createAuditShipping(log.database).ship(records.map(shipped));
  if (!sent.ok || sent.value.inserted !== records.length) throw new Error("the records were not taken");
}

/** Keeps the outside checkpoint where a test can see it. */
export class KeptNote {
  note: string | null = null;
  readonly path = "the checkpoint file";
  read = async () => ok(this.note);
  setAside = async () => ok(undefined);
  async replace(note: string) {
    this.note = note;
    return ok(undefined);
  }
}

export async function sign(log: LogDatabase, outside: KeptNote, signer = SIGNER): Promise<void> {
  const round = await new LogRounds({ tree: log.tree, outside, signer, oldKeys: [] }, 0).run();
  if (round.kind !== "signed" && round.kind !== "idle") throw new Error(JSON.stringify(round));
}

/** What stands where in the log that `buildLog` makes. */
export const LOG = {
  /** Leaves in tiles, and all of them. */
  treeSize: 690,
  nextIndex: 700,
  /** Checkpoints by their size. */
  checkpoints: [100, 256, 400, 690],
  droppedCount: 60,
  /** A whole row of each class of tile: one in the full first tile, one in the partial last tile, one in none. */
  rows: { full: 201, partial: 601, unsigned: 695 },
  /** Leaves before it are of a gateway that knew no attempts, and so is this row of theirs. */
  upgradedAt: 100,
  older: 90,
  /** One after those among which some were dropped. */
  leaf: 250,
  erased: 300,
} as const;

/**
 * A log of two instances, upgraded on its way, with rows that were dropped, one that was erased, a quarantined record, and leaves that no
 * checkpoint covers yet. Returns the outside checkpoint.
 */
export async function buildLog(log: LogDatabase): Promise<KeptNote> {
  const outside = new KeptNote();
  const maintenance = createAuditMaintenance(log.database);
  const { hash, name, version, stored } = REQUEST_POLICY;
  await log.sql`insert into policies (hash, name, version, document, first_activated_at, last_activated_at)
    values (${hash}, ${name}, ${version}, ${log.sql.json(stored)}, ${new Date(DROPPED_DAY)}, ${new Date(KEPT_DAY)})`;
  await maintenance.createPartitions(new Date(DROPPED_DAY));
  const [next, nextSeqs] = [{ index: 0 }, [1, 1]];
  const add = async (count: number) => {
    const records = Array.from({ length: count }, (_, at) => {
      const index = next.index + at;
      const instance = index % 3 === 0 ? 1 : 0;
      // A record of the first instance was put aside.
      if (instance === 0 && nextSeqs[0] === 50) nextSeqs[0] = 51;
      const seq = nextSeqs[instance] ?? 1;
      nextSeqs[instance] = seq + 1;
      const day = index % 4 === 0 && index < 4 * LOG.droppedCount ? DROPPED_DAY : KEPT_DAY;
      return recordOf(instance, seq, day, index < LOG.upgradedAt ? 1 : 2);
    });
    await ship(log, records);
    next.index += count;
  };
  await add(100);
  await sign(log, outside);
  await add(156);
  await sign(log, outside);
  await add(144);
  await sign(log, outside);
  for (let behind = 1; behind > 0; ) {
    const counted = await maintenance.countLeaves();
    if (!counted.ok) throw new Error(counted.error.message);
    behind = counted.value.behindCount;
  }
  const now = new Date(KEPT_DAY);
  const dropped = await maintenance.dropBefore(new Date(Date.UTC(2026, 10, 3)), now);
  if (!dropped.ok || dropped.value.dropped.length === 0) throw new Error("nothing was dropped");
  const [row] = await log.sql<
    { id: string }[]
  >`select request_id as id from audit_leaves where leaf_index >= ${LOG.erased} order by leaf_index limit 1`;
  const erased = await maintenance.erase(row?.id ?? "", now);
  if (!erased.ok) throw new Error(JSON.stringify(erased.error));
  await createAuditActions(log.database).appendAction({
    kind: "quarantine",
    record_version: 1,
    action_id: "0192d3a4-2222-4222-8333-000000000001",
    performed_at: KEPT_DAY * 1_000 + 3,
    instance_id: INSTANCES[0],
    instance_seq: 50,
    details: { reason: "refused", byte_count: 600, missing_seqs: [50] },
    salt: "ab".repeat(16),
  });
  const [state] = await log.sql<{ next: number }[]>`select next_index::integer as next from audit_log_state`;
  next.index = state?.next ?? 0;
  await add(LOG.treeSize - next.index);
  await sign(log, outside);
  await add(LOG.nextIndex - LOG.treeSize);
  return outside;
}

/** A database over one transaction, which a test rolls back. */
export const databaseOver = (tx: {
  unsafe(text: string, parameters: never[]): PromiseLike<readonly object[]>;
}): Database => ({
  async query(text: string, parameters: readonly Parameter[]) {
    const rows = await tx.unsafe(text, [...parameters] as never[]);
    return ok([...rows] as never[]);
  },
  hung: new Promise(() => {}),
  close: async () => {},
});
