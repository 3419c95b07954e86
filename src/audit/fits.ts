import type { AuditEvent } from "./event.ts";
import type { AuditFilter } from "./search.ts";

/** Whether a search with this filter would find the event. */
export function fits(filter: AuditFilter, event: AuditEvent): boolean {
  const { since, until, provider, zone, status, reason, rule, team, model, promptDigest } = filter;
  return (
    (since === undefined || event.receivedAt >= since) &&
    (until === undefined || event.receivedAt < until) &&
    isOneOf(provider, event.provider, event.answeredProvider) &&
    isOneOf(zone, event.zone, event.answeredZone) &&
    isOneOf(status, event.status) &&
    isOneOf(reason, ...event.reasonCodes) &&
    isOneOf(rule, event.rule) &&
    isOneOf(team, event.features?.labels["team"]) &&
    isOneOf(model, event.model, event.answeredModel) &&
    isOneOf(promptDigest, event.promptDigest)
  );
}

const isOneOf = (wanted: string | undefined, ...given: readonly (string | null | undefined)[]): boolean =>
  wanted === undefined || given.includes(wanted);
