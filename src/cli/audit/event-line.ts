import type { AuditEvent } from "../../audit/event.ts";
import { printable } from "../../policy/render-faults.ts";

/**
 * An event in one line: when, how it ended, who answered, after how many attempts, or what refused it, by which rule, in
 * which time, and its id. A terminal gets no control character of a model's name, which is the caller's own word or a
 * provider's.
 */
export function eventLine(event: AuditEvent): string {
  const { receivedAt, status, rule, latencyMs, requestId } = event;
  const parts = [
    receivedAt.toISOString(),
    status.padEnd("client_aborted".length),
    endOf(event),
    `rule ${rule ?? "-"}`,
    latencyMs === null ? "-" : `${latencyMs} ms`,
    requestId,
  ];
  return printable(parts.join("  "));
}

function endOf(event: AuditEvent): string {
  const { decision, reasonCodes, failureCategory } = event;
  if (decision === "deny") return reasonCodes.at(-1) ?? "-";
  const provider = event.answeredProvider ?? event.provider ?? "-";
  const zone = event.answeredZone ?? event.zone ?? "-";
  const model = event.answeredModel ?? event.model ?? "-";
  const calls = event.attempts?.filter(({ sent }) => sent) ?? [];
  return [
    `${provider} (${zone}) ${model}`,
    ...(failureCategory === null ? [] : [failureCategory]),
    ...(calls.length > 1 ? [`${calls.length} attempts`] : []),
  ].join(", ");
}
