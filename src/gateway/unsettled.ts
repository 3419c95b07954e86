import type { AuditStore } from "./deps.ts";

const POLL_MS = 10;

/** Knows which requests have an intent on record and no outcome yet, so that the process does not end before they have. */
export class Unsettled {
  readonly #requestIds = new Set<string>();

  /** The same store, watched. */
  watch(audit: AuditStore): AuditStore {
    return {
      ...audit,
      recordIntent: async (intent) => {
        const recorded = await audit.recordIntent(intent);
        if (recorded.ok) this.#requestIds.add(intent.requestId);
        return recorded;
      },
      recordOutcome: async (outcome) => {
        try {
          return await audit.recordOutcome(outcome);
        } finally {
          // What could not be recorded now is not tried again; the row ends as interrupted.
          this.#requestIds.delete(outcome.requestId);
        }
      },
    };
  }

  /** Resolves when there is none, or after `timeoutMs`. */
  async none(timeoutMs: number): Promise<void> {
    for (let waitedMs = 0; this.#requestIds.size > 0 && waitedMs < timeoutMs; waitedMs += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
