import { join } from "node:path";
import { type DigestKey, digestKey } from "../audit/digest.ts";
import type { Config } from "../config/config.ts";
import { ok, type Result } from "../core/result.ts";
import type { AuditLog, AuditReader, AuditStore, SpoolStatus, Telemetry } from "../gateway/deps.ts";
import { createSpooledAudit, recoverSpool } from "../store/audit-spool.ts";
import { openCheckpointFile } from "../store/checkpoint-file.ts";
import { loadOrCreateDigestKeys } from "../store/digest-key-file.ts";
import { followingReads } from "../store/following-reads.ts";
import { type LogKeys, loadLogKeys, logDirectory } from "../store/log-key-file.ts";
import type { Store } from "../store/open-store.ts";
import type { Spool } from "../store/spool/contract.ts";
import { openSpool } from "../store/spool/spool.ts";
import { startIntegrating } from "../workers/integrate-log.ts";
import { maintainAudit } from "../workers/maintain-audit.ts";
import type { Worker } from "../workers/repeat.ts";
import { type Shipping, startShipping } from "../workers/ship-audit.ts";

/** `message` is for a person at a terminal: what is wrong and what to do; no secret in it. */
export type AuditFailure = { readonly message: string };

/** Everything between a request and a signed checkpoint over its row. */
export type Audit = {
  readonly store: AuditStore;
  readonly events: AuditReader;
  readonly log: AuditLog;
  readonly digestKeys: readonly [DigestKey, ...DigestKey[]];
  readonly status: () => SpoolStatus;
  /** The file that a key for the log was just made in; null where there was one. */
  readonly generatedKeyFile: string | null;
  /** Sends what it can within a bound; the rest stays on the spool for the next start. */
  close(): Promise<void>;
};

/** For what is on the spool and in no database when the process ends. A database that is away does not hold it up. */
const SHIP_REST_TIMEOUT_MS = 5_000;
/** Who asks whether rows are taken waits so long for those that failed to be tried again. */
const TRY_AGAIN_TIMEOUT_MS = 1_000;
/** A database that is away makes no partitions, and does not keep the gateway from starting. */
const FIRST_PARTITIONS_WAIT_MS = 3_000;

/**
 * Opens keys and spool, puts on record what a process that died has left, and begins to send records, sign checkpoints
 * and see to the tables. The database need not be there yet.
 */
export async function openAudit(
  config: Config,
  store: Store,
  telemetry: Telemetry,
  now: () => Date,
): Promise<Result<Audit, AuditFailure>> {
  const digestKeys = readDigestKeys(config);
  if (!digestKeys.ok) return digestKeys;
  const keys = await loadLogKeys({
    dataDir: config.dataDir,
    key: config.auditLogKey,
    keyFile: config.auditLogKeyFile,
    oldKeys: config.auditLogOldKeys,
  });
  if (!keys.ok) return keys;
  const opened = await openSpool({
    directory: join(config.dataDir, "spool"),
    maxBytes: config.auditSpoolMaxBytes,
    now,
    maySegmentsGo: () => store.flush(),
    onFlushed: (seconds) => telemetry.spoolFlushed({ seconds }),
    onFailed: (reason) => telemetry.spoolFailed({ reason }),
  });
  if (!opened.ok) return opened;
  const { spool, orphans, truncatedBytes, quarantined } = opened.value;
  const recovered = await recoverSpool(opened.value, now());
  if (!recovered.ok) {
    await spool.close();
    return recovered;
  }
  telemetry.spoolRecovered({
    interruptedCount: orphans.length,
    truncatedBytes,
    quarantinedCount: quarantined.length,
  });
  const lastOfBefore = spool.lastDurableSeq;
  const maintaining = maintainAudit({
    maintenance: store.auditMaintenance,
    retentionDays: config.auditRetentionDays,
    telemetry,
    now,
    // What the process before this one had committed may be on the spool still, and is sent again: where its rows were
    // dropped already, it would become other ones.
    mayDrop: () => spool.firstUnshippedSeq > lastOfBefore,
  });
  // A day whose rows come before its partition is slower to drop one day.
  await Promise.race([maintaining.first, Bun.sleep(FIRST_PARTITIONS_WAIT_MS)]);
  const parts = { spool, maintaining, keys: keys.value, digestKeys: digestKeys.value };
  return ok(running(config, store, telemetry, now, parts));
}

type Parts = {
  readonly spool: Spool;
  readonly maintaining: Worker;
  readonly keys: LogKeys;
  readonly digestKeys: Audit["digestKeys"];
};

function running(
  config: Config,
  store: Store,
  telemetry: Telemetry,
  now: () => Date,
  { spool, maintaining, keys, digestKeys }: Parts,
): Audit {
  const integrating = startIntegrating({
    tree: store.logTree,
    signer: keys.signer,
    oldKeys: keys.oldKeys,
    outside: openCheckpointFile(config.auditCheckpointFile ?? join(logDirectory(config.dataDir), "checkpoint")),
    telemetry,
  });
  const shipping = startShipping({
    spool,
    sink: store.auditShipping,
    actions: store.auditActions,
    telemetry: {
      ...telemetry,
      auditShipped(event) {
        telemetry.auditShipped(event);
        integrating.kick();
      },
    },
    now,
  });
  const spooled = createSpooledAudit({
    spool,
    mode: config.auditMode,
    ping: () => databaseTakesRows(store, shipping),
    shippedThrough: (seq, timeoutMs) => shipping.shippedThrough(seq, timeoutMs),
  });
  const following = followingReads({
    audit: spooled,
    search: store.auditSearch,
    log: store.auditLog(keys.signer.verifierKey),
    spool,
    shippedThrough: (seq, timeoutMs) => shipping.shippedThrough(seq, timeoutMs),
  });
  return {
    store: spooled,
    ...following,
    digestKeys,
    status: () => spool.status(),
    generatedKeyFile: keys.generatedFile,
    async close() {
      await shipping.stop(SHIP_REST_TIMEOUT_MS);
      await Promise.all([integrating.stop(), maintaining.stop(), spool.close()]);
    },
  };
}

/** A database that answers may refuse to write: one that became a standby, or whose disk is full. */
async function databaseTakesRows(store: Pick<Store, "ping">, shipping: Pick<Shipping, "takesRecords">) {
  const answered = await store.ping();
  return answered.ok ? await shipping.takesRecords(TRY_AGAIN_TIMEOUT_MS) : answered;
}

function readDigestKeys(config: Config): Result<Audit["digestKeys"], AuditFailure> {
  const old = config.auditDigestOldKeys.map(digestKey);
  if (config.auditDigestKey !== null) return ok([digestKey(config.auditDigestKey), ...old]);
  const loaded = loadOrCreateDigestKeys(config.dataDir);
  if (!loaded.ok) return loaded;
  const [first, ...others] = loaded.value;
  return ok([digestKey(first), ...others.map(digestKey), ...old]);
}
