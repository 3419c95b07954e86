import type { ActivePolicy } from "../gateway/active-policy.ts";
import { repeatUntil, type Worker } from "./repeat.ts";

/**
 * Puts each policy that comes in force on record, and tries again every `everyMs` while the database is away. Rows may
 * name a policy before it is there; without the database there are none.
 */
export class PolicyRecorder {
  readonly #store: (active: ActivePolicy) => Promise<{ readonly ok: boolean }>;
  readonly #everyMs: number;
  readonly #workers = new Set<Worker>();

  constructor(store: (active: ActivePolicy) => Promise<{ readonly ok: boolean }>, everyMs: number) {
    this.#store = store;
    this.#everyMs = everyMs;
  }

  record(active: ActivePolicy): void {
    const worker = repeatUntil(async () => {
      const { ok } = await this.#store(active);
      if (ok) this.#workers.delete(worker);
      return ok;
    }, this.#everyMs);
    this.#workers.add(worker);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
  }
}
