import { keptSince } from "../audit/kept-since.ts";
import type { Result } from "../core/result.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { repeat, type Worker } from "./repeat.ts";

type Failure = { readonly message: string };

/** Work on the tables of the audit, each call bounded in time; safe when several replicas do it at once. */
export interface AuditMaintenance {
  /** Makes the partitions of the days around `now` and answers how many days were made. */
  createPartitions(now: Date): Promise<Result<number, Failure>>;
  /** Counts a batch of rows in the tables of hours and days. */
  countLeaves(): Promise<Result<{ readonly countedCount: number; readonly behindCount: number }, Failure>>;
  /** Drops what was received before `before`, and says what has to wait. */
  dropBefore(
    before: Date,
    now: Date,
  ): Promise<
    Result<
      {
        readonly dropped: readonly { readonly partition: string }[];
        readonly kept: readonly { readonly partition: string }[];
      },
      Failure
    >
  >;
}

export type Maintaining = Worker & {
  /** Resolves when the partitions are there, or could not be made at once. */
  readonly first: Promise<void>;
};

const COUNT_EVERY_MS = 10_000;
const MAINTAIN_EVERY_MS = 3_600_000;
/** What could not be dropped may be dropped long before the hour is over. */
const RETRY_EVERY_MS = 60_000;
/** So that a stop does not wait for a long backlog to be counted. */
const BATCHES_AT_ONCE = 100;

/**
 * Keeps the tables of the audit in shape until stopped: partitions made ahead, days dropped that are older than
 * `retentionDays` (null: none is), rows counted by the hour. Tells what it did, and a problem once until it is over.
 */
export function maintainAudit(options: {
  readonly maintenance: AuditMaintenance;
  readonly retentionDays: number | null;
  readonly telemetry: Pick<Telemetry, "auditMaintained">;
  readonly now: () => Date;
  /** Asked before days are dropped; while it says no, they stay. */
  readonly mayDrop?: () => boolean;
  readonly monotonicMs?: () => number;
  readonly everyMs?: number;
}): Maintaining {
  const { maintenance, retentionDays, telemetry, now } = options;
  const mayDrop = options.mayDrop ?? (() => true);
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const first = Promise.withResolvers<void>();
  let stopped = false;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let toldProblem: string | null = null;

  /** Each is tried, whatever becomes of the others: rows are counted before they may be dropped. */
  async function maintain(): Promise<void> {
    const created = await maintenance.createPartitions(now());
    first.resolve();
    await count();
    const isDue = retentionDays !== null && mayDrop();
    const retained = isDue ? await maintenance.dropBefore(keptSince(now(), retentionDays), now()) : null;
    const problems = [created, retained].flatMap((step) => (step === null || step.ok ? [] : [step.error.message]));
    if (retained?.ok && retained.value.kept.length > 0) problems.push(waiting(retained.value.kept));
    const problem = problems.length === 0 ? null : [...new Set(problems)].join("; ");
    const createdPartitions = created.ok ? created.value : 0;
    const droppedPartitions = retained?.ok ? retained.value.dropped.map(({ partition }) => partition) : [];
    if (createdPartitions > 0 || droppedPartitions.length > 0 || problem !== toldProblem) {
      telemetry.auditMaintained({ createdPartitions, droppedPartitions, problem });
    }
    toldProblem = problem;
    // Without a partition for today its rows begin in the default one, and stay there.
    const waitMs = problem === null && (isDue || retentionDays === null) ? MAINTAIN_EVERY_MS : RETRY_EVERY_MS;
    dueAtMs = monotonicMs() + (created.ok ? waitMs : 0);
  }

  async function count(): Promise<void> {
    for (let batch = 0; batch < BATCHES_AT_ONCE && !stopped; batch++) {
      const counted = await maintenance.countLeaves();
      // A database that is away is the shipper's to tell of; what is not counted now is counted then.
      if (!counted.ok || counted.value.behindCount === 0) return;
    }
  }

  const worker = repeat(() => (monotonicMs() >= dueAtMs ? maintain() : count()), options.everyMs ?? COUNT_EVERY_MS);

  return {
    first: first.promise,
    async stop() {
      stopped = true;
      await worker.stop();
    },
  };
}

const waiting = (kept: readonly { readonly partition: string }[]): string =>
  `too old, and kept until a checkpoint covers it: ${kept.map(({ partition }) => partition).join(", ")}`;
