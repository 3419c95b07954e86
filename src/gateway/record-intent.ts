import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { intentOf } from "./records.ts";
import { announce, UNRECORDED } from "./settle.ts";

/**
 * Puts the intent of a decided request on stable storage. False where that failed, of which telemetry is told here.
 * INVARIANT: I2, then no provider may be called, and there is no row to settle.
 */
export async function recordIntent(deps: Deps, decided: Decided, receivedAt: Date): Promise<boolean> {
  const recorded = await deps.audit.recordIntent(intentOf(deps, decided, receivedAt));
  decided.stopwatch.lap("intent");
  if (recorded.ok) return true;
  const { call, planned } = decided;
  deps.telemetry.auditWriteFailed({ requestId: call.requestId, step: "intent", cause: recorded.error.message });
  announce(deps, decided, planned.ok ? planned.value[0] : null, UNRECORDED);
  return false;
}
