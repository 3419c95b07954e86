import type { AuditEvent, Intent, Outcome } from "../audit/event.ts";
import {
  type ActionRecord,
  canonicalRecord,
  type IntentRecord,
  intentRecord,
  interruptedRecord,
  type LogRecord,
  readIntentRecord,
  type Stamp,
  settledRecord,
} from "../audit/record.ts";
import { err, ok, type Result } from "../core/result.ts";
import { actionRecord, newSalt } from "./audit-actions.ts";
import type { OpenedSpool, Spool, SpoolLoss } from "./spool/contract.ts";

/** In `strict` mode the end of an answer waits this long for its row; more than a database takes to fail over once. */
const STRICT_COMMIT_TIMEOUT_MS = 10_000;
/** A database that is only reported may not keep a probe waiting, whose patience is short and whose verdict it is not. */
const REPORT_TIMEOUT_MS = 750;

/** `message` is for the operator and names no secret. */
export type AuditFailure = { readonly message: string };

export type SpooledAuditOptions = {
  readonly spool: Spool;
  readonly mode: "durable" | "strict";
  /** Whether the database answers; bounded. */
  readonly ping: () => Promise<Result<void, AuditFailure>>;
  /** Whether all records up to this one are committed in the database; waits no longer than it is told. */
  readonly shippedThrough: (seq: number, timeoutMs: number) => Promise<boolean>;
};

/**
 * Puts requests on record: an intent is flushed to the spool's disk before this answers, and so is what ended it. Rows
 * in the database follow from the spool, whatever becomes of this process.
 */
export function createSpooledAudit({ spool, mode, ping, shippedThrough }: SpooledAuditOptions) {
  const open = new Map<string, { readonly intent: Intent; readonly record: IntentRecord }>();
  const askDatabase = sharing(ping);

  return {
    async recordIntent(intent: Intent): Promise<Result<void, AuditFailure>> {
      if (mode === "strict") {
        const answered = await askDatabase();
        if (!answered.ok) return answered;
      }
      const record = intentRecord(intent);
      const appended = await spool.appendIntent(intent.requestId, Buffer.from(JSON.stringify(record)));
      if (appended.ok) open.set(intent.requestId, { intent, record });
      return appended;
    },

    async recordOutcome(outcome: Outcome): Promise<Result<void, AuditFailure>> {
      const admitted = open.get(outcome.requestId);
      if (admitted === undefined) throw new Error("an outcome without its intent");
      const recordOf = (stamp: Stamp) => settledRecord(admitted.record, outcome, stamp);
      const appended = await append(spool, outcome.requestId, recordOf);
      open.delete(outcome.requestId);
      if (!appended.ok) return appended;
      if (mode === "durable" || (await shippedThrough(appended.value, STRICT_COMMIT_TIMEOUT_MS))) return ok(undefined);
      return err({ message: "the database is not known to have the row; its record is on the disk of DATA_DIR" });
    },

    async health() {
      const asked = askDatabase();
      const patience = Bun.sleep(REPORT_TIMEOUT_MS).then(() => SILENT);
      const database = await (mode === "strict" ? asked : Promise.race([asked, patience]));
      const status = spool.status();
      const writable = status.state === "open" ? ok(undefined) : err({ message: status.reason ?? "not open" });
      const databaseRequired = mode === "strict";
      const admits = writable.ok && databaseRequired ? database : writable;
      return { admits, database, databaseRequired, spool: status };
    },

    /** A request that was admitted by this process and has not ended. */
    pending(requestId: string): AuditEvent | null {
      const admitted = open.get(requestId);
      return admitted === undefined ? null : { ...admitted.intent, ...UNSETTLED };
    },
  };
}

export type SpooledAudit = ReturnType<typeof createSpooledAudit>;

const SILENT = err<AuditFailure>({ message: `the database did not answer within ${REPORT_TIMEOUT_MS} ms` });

const UNSETTLED = {
  status: "pending",
  completedAt: null,
  answeredProvider: null,
  answeredZone: null,
  answeredModel: null,
  failureCategory: null,
  usage: { promptTokens: null, completionTokens: null },
  costMicros: null,
  latencyMs: null,
  attempts: null,
  instance: null,
} as const;

/**
 * Ends the requests whose process died, and puts on record what of the spool cannot be read any more. All of it is on
 * the spool when this answers ok; what is not is there again at the next start.
 */
export async function recoverSpool(
  { spool, orphans, quarantined }: Pick<OpenedSpool, "spool" | "orphans" | "quarantined">,
  at: Date,
): Promise<Result<void, AuditFailure>> {
  const intents = orphans.flatMap(({ id, payload }) => {
    const record = readIntentRecord(payload);
    return record === null ? [] : [{ id, record }];
  });
  if (intents.length < orphans.length) return err({ message: OTHER_VERSION });
  const appended = await Promise.all([
    ...intents.map(({ id, record }) => append(spool, id, (stamp) => interruptedRecord(record, at, stamp))),
    ...quarantined.map((loss) => append(spool, loss.id, (stamp) => lossRecord(loss, at, stamp))),
  ]);
  return appended.find((result) => !result.ok) ?? ok(undefined);
}

const OTHER_VERSION =
  "A request that had not ended is on the audit spool in the form of another version of this program. Start that one: it can put the request on record.";

const lossRecord = ({ byteCount, missingSeqs }: SpoolLoss, at: Date, stamp: Stamp): ActionRecord => ({
  ...actionRecord("quarantine", { reason: "unreadable", byte_count: byteCount, missing_seqs: missingSeqs }, at),
  ...stamp,
});

async function append(
  spool: Spool,
  id: string,
  recordOf: (stamp: Stamp) => LogRecord,
): Promise<Result<number, AuditFailure>> {
  return spool.appendFinal(id, (seq) => Buffer.from(canonicalRecord(recordOf(stampOf(spool, seq)))));
}

const stampOf = ({ instanceId }: Spool, seq: number): Stamp => ({
  instance_id: instanceId,
  instance_seq: seq,
  salt: newSalt(),
});

/**
 * One question at a time. Who asks while one is under way shares the next, so that yes is from after the asking; no may
 * be from before it, since to refuse is the safe side, and to ask again may take as long once more.
 */
function sharing<T, E>(ask: () => Promise<Result<T, E>>): () => Promise<Result<T, E>> {
  let running: Promise<Result<T, E>> | null = null;
  let next: Promise<Result<T, E>> | null = null;
  const begin = () => {
    running = ask().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return begin();
    next ??= running.then((answer) => {
      next = null;
      return answer.ok ? (running ?? begin()) : answer;
    });
    return next;
  };
}
