import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { SpoolStatus } from "../gateway/deps.ts";

/** From an SSD's flush to the seconds of a disk that is dying. */
const FLUSH_BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** What the audit does between the spool and a signed checkpoint. */
export function auditMetrics(registers: Registry[]) {
  return {
    spoolFlush: new Histogram({
      name: "policy_mesh_spool_fsync_seconds",
      help: "Seconds that a flush of the spool to the disk took; one flush is for all records that wait for it.",
      buckets: FLUSH_BUCKETS_SECONDS,
      registers,
    }),
    interrupted: new Counter({
      name: "policy_mesh_interrupted_requests_total",
      help: "Requests whose process died, found on the spool at start; each has its row.",
      registers,
    }),
    quarantined: new Counter({
      name: "policy_mesh_spool_quarantined_total",
      help: "Pieces of the spool that cannot be read, and records that the database refuses; each is kept in a file.",
      registers,
    }),
    shipped: new Counter({
      name: "policy_mesh_audit_records_shipped_total",
      help: "Records that are committed in the database.",
      registers,
    }),
    shipFailures: new Counter({
      name: "policy_mesh_audit_ship_failures_total",
      help: "Batches of records that could not be committed, and were tried again.",
      registers,
    }),
    treeSize: new Gauge({
      name: "policy_mesh_log_tree_size",
      help: "Leaves under the last checkpoint that this process signed.",
      registers,
    }),
    checkpointAt: new Gauge({
      name: "policy_mesh_log_last_checkpoint_timestamp_seconds",
      help: "When this process last signed a checkpoint, in Unix time.",
      registers,
    }),
    signerRefusing: new Gauge({
      name: "policy_mesh_log_signer_refusing",
      help: "1 while this process refuses to sign checkpoints, for a reason that the log tells and a person must see to.",
      registers,
    }),
    partitionsDropped: new Counter({
      name: "policy_mesh_audit_partitions_dropped_total",
      help: "Days of audit rows that were dropped after AUDIT_RETENTION_DAYS.",
      registers,
    }),
  };
}

/** Asked at each scrape: what waits changes without an event of its own. */
export function watchSpool(registers: Registry[], status: () => SpoolStatus, now: () => Date): void {
  const gauge = (name: string, help: string, value: (status: SpoolStatus) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(status()));
      },
    });
  gauge("policy_mesh_spool_bytes", "Bytes of the spool on disk.", ({ bytes }) => bytes);
  gauge(
    "policy_mesh_spool_max_bytes",
    "The bound on them, from which on no request is admitted.",
    ({ maxBytes }) => maxBytes,
  );
  gauge(
    "policy_mesh_spool_unshipped_records",
    "Records of requests that ended and are not known to be in the database.",
    ({ unshippedCount }) => unshippedCount,
  );
  gauge("policy_mesh_spool_oldest_unshipped_seconds", "Age of the oldest of those.", ({ oldestUnshippedAt }) =>
    oldestUnshippedAt === null ? 0 : Math.max(0, (now().getTime() - oldestUnshippedAt.getTime()) / 1_000),
  );
  const states = new Gauge({
    name: "policy_mesh_spool_state",
    help: "1 for the state that the spool is in: open, full (admits none), failed (takes nothing until a restart).",
    labelNames: ["state"],
    registers,
    collect() {
      for (const state of SPOOL_STATES) states.set({ state }, status().state === state ? 1 : 0);
    },
  });
}

export const SPOOL_STATES = ["open", "full", "failed"] as const satisfies readonly SpoolStatus["state"][];
