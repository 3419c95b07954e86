import type { Intent, Outcome } from "../../src/audit/event.ts";
import { err, ok } from "../../src/core/result.ts";
import type { AuditLog, AuditReader, AuditStore } from "../../src/gateway/deps.ts";

const SPOOL = {
  state: "open",
  reason: null,
  bytes: 0,
  maxBytes: 1_000,
  unshippedCount: 0,
  oldestUnshippedAt: null,
} as const;

/** An audit store in memory that can be told to fail, and that notes what happened in which order. */
export function memoryAudit() {
  const intents = new Map<string, Intent>();
  const outcomes = new Map<string, Outcome>();
  const failing = { intent: false, outcome: false, database: false };
  const journal: string[] = [];
  let hold = Promise.resolve();
  const store: AuditStore = {
    async recordIntent(intent) {
      if (failing.intent) return err({ message: "told to fail" });
      intents.set(intent.requestId, intent);
      journal.push("intent");
      return ok(undefined);
    },
    async recordOutcome(outcome) {
      await hold;
      if (failing.outcome) return err({ message: "told to fail" });
      if (!intents.has(outcome.requestId)) throw new Error("an outcome without its intent");
      if (outcomes.has(outcome.requestId)) throw new Error("a second outcome");
      outcomes.set(outcome.requestId, outcome);
      journal.push("outcome");
      return ok(undefined);
    },
    async health() {
      const admits = failing.intent ? err({ message: "told to fail" }) : ok(undefined);
      const database = failing.database ? err({ message: "told to be away" }) : ok(undefined);
      return { admits, database, databaseRequired: false, spool: SPOOL };
    },
  };
  const reader: AuditReader = {
    find: async () => ok(null),
    search: async () => ok({ events: [], next: null }),
  };
  const log: AuditLog = {
    checkpoint: async () => ok(null),
    tile: async () => ok(null),
    verifierKeys: async () => ok([]),
    receipt: async () => ok({ kind: "absent" }),
  };
  return {
    store,
    reader,
    log,
    intents,
    outcomes,
    failing,
    journal,
    /** Keeps outcomes from being recorded until the returned function is called. */
    holdOutcomes(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      return resolve;
    },
  };
}
