import checkpoint from "../../../db/queries/session/checkpoint.sql" with { type: "text" };
import vacuum from "../../../db/queries/session/vacuum.sql" with { type: "text" };
import { simpleQuery } from "./protocol.ts";
import { MAINTENANCE_CONNECTION, type SessionQueue } from "./session-queue.ts";

/**
 * What a server's background processes do, and PGlite, being one process, does not: without checkpoints the write-ahead
 * log grows for as long as the program runs, and with it the recovery after a crash; without vacuum the old versions of
 * updated rows are never reused. Both run as one more connection of the queue, never inside somebody's transaction.
 */
export type MaintenanceTimes = {
  readonly tickMs: number;
  /** So many bytes of messages call for a checkpoint before the minute is over. */
  readonly checkpointBytes: number;
  readonly checkpointEveryTicks: number;
  readonly firstVacuumTick: number;
  readonly vacuumEveryTicks: number;
};

/** A checkpoint holds the session for about 0.1 s after 100,000 rows, a vacuum for about 0.5 s at 500,000 rows. */
const TIMES: MaintenanceTimes = {
  tickMs: 5_000,
  checkpointBytes: 32 * 1024 * 1024,
  checkpointEveryTicks: 12,
  firstVacuumTick: 60,
  vacuumEveryTicks: 720,
};

type Queue = Pick<SessionQueue, "enqueue" | "clearTransactionIfNeeded" | "receivedBytes">;

/** Owns its timer. `stop` resolves when nothing of it runs any more. A database that nobody uses is left in peace. */
export function startMaintenance(queue: Queue, times: MaintenanceTimes = TIMES): { stop(): Promise<void> } {
  let tick = 0;
  let checkpointedBytes = queue.receivedBytes;
  let vacuumedBytes = queue.receivedBytes;
  let running: Promise<void> | undefined;

  const work = async () => {
    tick += 1;
    const newBytes = queue.receivedBytes - checkpointedBytes;
    const vacuumDue = (tick - times.firstVacuumTick) % times.vacuumEveryTicks === 0 && tick >= times.firstVacuumTick;
    if (vacuumDue && queue.receivedBytes > vacuumedBytes) {
      await run(queue, vacuum);
      vacuumedBytes = queue.receivedBytes;
    }
    if (newBytes >= times.checkpointBytes || (newBytes > 0 && tick % times.checkpointEveryTicks === 0)) {
      await run(queue, checkpoint);
      checkpointedBytes = queue.receivedBytes;
    }
  };
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined;
    });
  }, times.tickMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** PostgreSQL answers a failure as a message that nobody reads: the next turn tries again. */
async function run(queue: Queue, command: string): Promise<void> {
  try {
    await queue.enqueue(MAINTENANCE_CONNECTION, simpleQuery(command), () => {});
  } catch {
    // The session itself failed; whoever uses it next will say so.
  }
  await queue.clearTransactionIfNeeded(MAINTENANCE_CONNECTION);
}
