import { join } from "node:path";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Store } from "../store/open-store.ts";
import { openPolicyOutbox } from "../store/policy-outbox.ts";
import type { PolicyWorld } from "../workers/keep-policy.ts";
import { PolicyRecorder } from "../workers/record-policy.ts";
import { repeatUntil, type Worker } from "../workers/repeat.ts";
import { outboxPolicy, recordPolicy } from "./policy.ts";

const POLICY_RETRY_MS = 5_000;

export type RecordKeeper = Worker & {
  /** From when this returns on, records may name the policy. */
  record(active: ActivePolicy): void;
};

/**
 * Puts every policy that comes in force on record, and those that a process before this one could not. Until the
 * database has a policy it stands in a file, since the records that name it outlive this process too.
 */
export function keepOnRecord(
  dataDir: string,
  store: Pick<Store, "policies" | "flush">,
  world: Pick<PolicyWorld, "allowDowngrade">,
  onOutdated: (message: string) => void,
): RecordKeeper {
  const outbox = openPolicyOutbox(join(dataDir, "policies"));
  // An embedded database may lose to a power failure what it has only committed.
  const dropFromOutbox = async (hash: string) => {
    if (await store.flush()) outbox.remove(hash);
  };
  const leftovers = outbox.leftovers().map(({ meta, stored, loadedAt }) =>
    repeatUntil(async () => {
      const { ok } = await store.policies.activate(stored, meta, loadedAt);
      if (ok) await dropFromOutbox(meta.hash);
      return ok;
    }, POLICY_RETRY_MS),
  );
  const recorder = new PolicyRecorder(async (active) => {
    const recorded = await recordPolicy(store, active, world, onOutdated);
    if (recorded.ok) await dropFromOutbox(active.policy.hash);
    return recorded;
  }, POLICY_RETRY_MS);
  return {
    record(active) {
      try {
        outbox.put(outboxPolicy(active));
      } catch {
        // The spool is on the same disk and will say so; the database may still take the policy before this process ends.
      }
      recorder.record(active);
    },
    async stop() {
      await Promise.all([recorder, ...leftovers].map((worker) => worker.stop()));
    },
  };
}
