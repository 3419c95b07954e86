import type { FindingCounts } from "../audit/event.ts";
import type { ChatRequest } from "../core/chat.ts";
import { ok, type Result } from "../core/result.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { AnswerError } from "./chat-result.ts";
import { type DecidedRequest, decideRequest } from "./decide-request.ts";
import type { Call } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { countsOf } from "./records.ts";
import { scanCall } from "./scan-call.ts";

/** What would become of a request, by the policy that was in force. */
export type DryRun = DecidedRequest & { readonly active: ActivePolicy; readonly findings: FindingCounts };

/**
 * Scans and decides as `admit` does, and goes no further: no provider hears of the request, nothing goes on record, and
 * of the metrics only those of dry runs count it.
 */
export async function dryRun(deps: Deps, request: ChatRequest, call: Call): Promise<Result<DryRun, AnswerError>> {
  const active = deps.active();
  const scanned = await scanCall(deps, active.scan, request, call);
  if (!scanned.ok) return scanned;
  const decided = decideRequest(active, request, scanned.value, call.labels);
  deps.telemetry.dryRun({ requestId: call.requestId, denied: !decided.planned.ok });
  return ok({ ...decided, active, findings: countsOf(scanned.value) });
}
