import { Elysia } from "elysia";
import type { AuditEvent } from "../audit/event.ts";
import { REASONS } from "../core/reasons.ts";
import type { AuditStore } from "../gateway/deps.ts";
import { featuresBody } from "./features-body.ts";
import { Refusal } from "./problem.ts";
import { AuditEventBody, AuditParams } from "./schemas/audit.ts";
import { COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";

export function auditRoutes(audit: AuditStore) {
  return new Elysia({ name: "policy-mesh/audit" }).get(
    "/v1/audit/:request_id",
    async ({ params }) => {
      const found = await audit.find(params.request_id);
      if (!found.ok) throw new Refusal("audit.unavailable", "The audit store cannot be read now.");
      if (found.value === null) {
        throw new Refusal("audit.not_found", REASONS["audit.not_found"].meaning, { field: "request_id" });
      }
      return toBody(found.value);
    },
    {
      params: AuditParams,
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: AuditEventBody, 404: ProblemBody, 503: ProblemBody },
      detail: {
        summary: "One audit event",
        description: "What is on record of a request: the decision, its reasons and its outcome, never its text.",
        tags: ["audit"],
      },
    },
  );
}

function toBody(event: AuditEvent): AuditEventBody {
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
    latency_ms: event.latencyMs,
    streamed: event.streamed,
  };
}
