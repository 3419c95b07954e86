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
    ...attemptWords(attempts),
  ];
}

function attemptWords(attempts: Effects["attempts"]): readonly string[] {
  const { deadlineMs, timeoutMs, connectTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs, retries, maxTargets } = attempts;
  return [
    ...(deadlineMs === null ? [] : [`at most ${deadlineMs} ms for all attempts`]),
    ...(timeoutMs === null ? [] : [`at most ${timeoutMs} ms for an attempt`]),
    ...(connectTimeoutMs === null ? [] : [`at most ${connectTimeoutMs} ms for a connection`]),
    ...(firstTokenTimeoutMs === null ? [] : [`at most ${firstTokenTimeoutMs} ms to the first token of a stream`]),
    ...(idleTimeoutMs === null ? [] : [`at most ${idleTimeoutMs} ms of silence in a stream`]),
    ...(retries === null
      ? []
      : [retries === 0 ? "no provider asked again" : `a provider asked again ${times(retries)}`]),
    ...(maxTargets === null ? [] : [`at most ${counted(maxTargets, "provider")} tried`]),
  ];
}

const times = (count: number): string => `at most ${counted(count, "time")}`;
