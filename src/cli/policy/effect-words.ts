import type { Effects } from "../../core/decision.ts";
import { counted } from "../command/text.ts";

/** What a rule asks for beside its route, as parts of a sentence; none where that is nothing. */
export function effectWords({
  maxOutputTokens,
  maxEstimatedCostMicros,
  delivery,
  attempts,
}: Effects): readonly string[] {
  return [
    ...(maxOutputTokens === null ? [] : [`at most ${counted(maxOutputTokens, "token")} of output`]),
    ...(maxEstimatedCostMicros === null ? [] : [`at most ${maxEstimatedCostMicros} micro-USD by estimate`]),
    ...(delivery === "live" ? [] : ["streams kept back until they are whole"]),
    ...(attempts.timeoutMs === null ? [] : [`at most ${attempts.timeoutMs} ms for an attempt`]),
    ...(attempts.maxTargets === null ? [] : [`at most ${counted(attempts.maxTargets, "provider")} tried`]),
  ];
}
