import type { Admission } from "./contract.ts";
import { type After, afterTimeout, Gate } from "./gate.ts";

/** So long a request waits for a place at most. */
const MAX_WAIT_MS = 5_000;

export type AdmissionOptions = {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly after?: After;
};

/** Who is turned away is told to stay away for as long as it could have waited in line. */
export function createAdmission({ maxConcurrent, maxQueued, after = afterTimeout }: AdmissionOptions): Admission {
  const gate = new Gate({ maxPlaces: maxConcurrent, maxQueued, after });
  return {
    status: () => gate.status(),
    async enter(caller, signal) {
      const entrance = await gate.enter(caller, MAX_WAIT_MS, signal);
      if (entrance.kind === "place") return entrance;
      return entrance.kind === "left"
        ? { kind: "left", retryAfterMs: 0 }
        : { kind: "overloaded", retryAfterMs: MAX_WAIT_MS };
    },
  };
}
