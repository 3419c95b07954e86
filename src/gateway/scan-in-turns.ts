import type { ChatRequest } from "../core/chat.ts";
import type { Finding } from "../core/finding.ts";
import { scanInSteps } from "../scan/scan.ts";
import type { Deps } from "./deps.ts";

/** How long a scan may keep all other requests waiting before they get a turn. */
const TURN_MS = 8;

/**
 * Scans a request without keeping the others waiting. Goes on when its caller leaves: a scan is bounded, and a request
 * that was read whole leaves its row. What the scanner throws ends the request before any provider is called.
 */
export async function scanInTurns(
  { scan, monotonicMs, pause }: Pick<Deps, "scan" | "monotonicMs" | "pause">,
  request: ChatRequest,
): Promise<readonly Finding[]> {
  const steps = scanInSteps(request, scan);
  let turnBeganMs = monotonicMs();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (monotonicMs() - turnBeganMs < TURN_MS) continue;
    await pause();
    turnBeganMs = monotonicMs();
  }
}
