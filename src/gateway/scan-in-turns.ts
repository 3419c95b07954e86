import type { ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import type { CompiledScan } from "../scan/compile.ts";
import { scanInSteps } from "../scan/scan.ts";
import type { Deps } from "./deps.ts";

/** How long scans, all together, may keep all other requests waiting before those get a turn. */
const TURN_MS = 8;
/** Most requests are done in their first turn, and wait for none. Many of them may come at once. */
const FIRST_TURN_MS = 2;

/**
 * Scans a request without keeping the others waiting. Null where nobody waits for it any more: nothing was decided then.
 * What the scanner throws ends the request before any provider is called.
 */
export async function scanInTurns(
  { monotonicMs, turns }: Pick<Deps, "monotonicMs" | "turns">,
  scan: CompiledScan,
  request: ChatRequest,
  isAbandoned: () => boolean,
): Promise<readonly Finding[] | null> {
  const steps = scanInSteps(request, scan);
  let turnBeganMs = monotonicMs();
  let turnMs = FIRST_TURN_MS;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (monotonicMs() - turnBeganMs < turnMs) continue;
    await turns.next();
    if (isAbandoned()) return null;
    turnMs = TURN_MS;
    turnBeganMs = monotonicMs();
  }
}
