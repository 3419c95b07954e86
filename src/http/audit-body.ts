import type { Attempt, AuditEvent } from "../audit/event.ts";
import { featuresBody } from "./features-body.ts";
import type { AttemptBody, AuditEventBody } from "./schemas/audit.ts";

/** An audit event in the API's words; the command line prints the same. */
export function auditEventBody(event: AuditEvent): AuditEventBody {
  return {
    request_id: event.requestId,
    received_at: event.receivedAt.toISOString(),
    completed_at: event.completedAt?.toISOString() ?? null,
    status: event.status,
    surface: event.surface,
    decision: event.decision,
    provider: event.provider,
    zone: event.zone,
    model: event.model,
    answered_provider: event.answeredProvider,
    answered_zone: event.answeredZone,
    answered_model: event.answeredModel,
    reason_codes: [...event.reasonCodes],
    policy: event.policyHash === null ? null : { hash: event.policyHash },
    rule: event.rule,
    features: event.features === null ? null : featuresBody(event.features),
    shadow: event.shadow === null ? null : event.shadow.map((result) => ({ ...result })),
    findings: { ...event.findings },
    scan_ruleset: event.scanRuleset,
    failure_category: event.failureCategory,
    message_count: event.messageCount,
    prompt_length: event.promptLength,
    prompt_digest: event.promptDigest,
    usage: { prompt_tokens: event.usage.promptTokens, completion_tokens: event.usage.completionTokens },
    cost_micros: event.costMicros,
    latency_ms: event.latencyMs,
    attempts: event.attempts === null ? null : event.attempts.map(attemptBody),
    streamed: event.streamed,
    instance: event.instance === null ? null : { ...event.instance },
  };
}

const attemptBody = ({ provider, model, result, sent, durationMs }: Attempt): AttemptBody => ({
  provider,
  model,
  result,
  sent,
  duration_ms: durationMs,
});
