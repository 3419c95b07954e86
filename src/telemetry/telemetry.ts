import type { Logger } from "pino";
import { groupOf } from "../core/finding.ts";
import { ERROR_REASONS, REASONS } from "../core/reasons.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { beginSeries, type Metrics } from "./metrics.ts";

/** Log and metric of an event are written together, so that neither says what the other does not. */
export function createTelemetry(logger: Logger, metrics: Metrics): Telemetry {
  /** Why batches cannot be sent, while they cannot. */
  let shipCause: string | null = null;
  return {
    chatFinished(event) {
      const provider = event.provider ?? "none";
      metrics.requests.inc({ provider, status: event.status });
      metrics.latency.observe({ provider }, event.totalMs / 1_000);
      for (const reason of event.reasonCodes) {
        if (!Object.hasOwn(ERROR_REASONS, reason)) metrics.decisions.inc({ reason });
      }
      for (const [code, count] of Object.entries(event.findings)) {
        metrics.scanFindings.inc({ group: groupOf(code) }, count);
      }
      if (event.shadowDiffers !== null) metrics.shadowDecisions.inc({ differs: String(event.shadowDiffers) });
      if (event.durationsMs.scan !== undefined) metrics.scanDuration.observe(event.durationsMs.scan / 1_000);
      for (const attempt of event.attempts) {
        metrics.traffic.attempts.inc({
          provider: attempt.provider,
          outcome: attempt.result,
        });
        if (attempt.result === "answered" || attempt.result === "left") continue;
        metrics.providerFailures.inc({ provider: attempt.provider, category: attempt.result });
      }
      const level = event.errorCode === null ? "info" : REASONS[event.errorCode].logLevel;
      logger[level](
        {
          event: "chat",
          request_id: event.requestId,
          surface: event.surface,
          streamed: event.streamed,
          decision: event.decision,
          status: event.status,
          provider: event.provider,
          model: event.model,
          reason_codes: event.reasonCodes,
          finding_codes: event.findings,
          rule: event.rule,
          policy_hash: event.policyHash,
          shadow_differs: event.shadowDiffers,
          failure_category: event.failureCategory,
          failure_detail: event.failureDetail,
          error_code: event.errorCode,
          attempts: event.attempts.map(({ provider, model, result, sent, durationMs }) => ({
            provider,
            model,
            result,
            sent,
            duration_ms: durationMs,
          })),
          duration_ms: event.totalMs,
          stage_ms: event.durationsMs,
        },
        "chat request",
      );
    },

    auditWriteFailed({ requestId, step, cause }) {
      metrics.auditWriteFailures.inc({ step });
      logger.error({ event: "audit_write_failed", request_id: requestId, step, cause }, "audit write failed");
    },

    requestRefused({ requestId, code, field }) {
      metrics.refused.inc({ code });
      const level = REASONS[code].logLevel;
      logger[level]({ event: "refused", request_id: requestId, error_code: code, field }, "request refused");
    },

    dryRun({ requestId, denied }) {
      metrics.dryRuns.inc({ denied: String(denied) });
      logger.info({ event: "dry_run", request_id: requestId, denied }, "dry run");
    },

    attemptFailed({ requestId, provider, model, category, detail, retryAfterMs, called, again, waitMs }) {
      if (again) metrics.traffic.retries.inc({ provider });
      const fields = { request_id: requestId, provider, model, failure_category: category };
      // Every request there is while a circuit is open: as warnings they would bury that it opened.
      if (!called) return logger.debug({ event: "passed_over", ...fields }, "nothing sent, the next one is asked");
      const next = again ? "it is asked again" : "the next one is asked";
      logger.warn(
        {
          event: "attempt_failed",
          ...fields,
          detail,
          retry_after_ms: retryAfterMs,
          again,
          wait_ms: Math.round(waitMs),
        },
        `provider failed, ${next}`,
      );
    },

    circuitChanged({ provider, model, state, category, triesInMs }) {
      metrics.traffic.circuitTransitions.inc({ provider, to: state });
      const fields = { event: "circuit", provider, model, state, failure_category: category, tries_in_ms: triesInMs };
      if (state === "closed") logger.info(fields, "circuit closed: in use again");
      else if (state === "half_open") logger.info(fields, "circuit half open: one request tries");
      // That mends itself only if somebody mends the key.
      else if (model === null) logger.error(fields, "circuit open: the provider refuses the gateway's credentials");
      else logger.warn(fields, "circuit open: the model failed too often and is left alone");
    },

    eventsSkipped({ requestId, provider, model, count }) {
      metrics.traffic.skippedEvents.inc({ provider }, count);
      logger.warn({ event: "events_skipped", request_id: requestId, provider, model, count }, "events left out");
    },

    policyLoaded({ result, policy, providers, reason }) {
      metrics.policyLoads.inc({ result });
      if (result === "activated" && policy !== null) {
        for (const provider of providers) beginSeries(metrics, provider);
        metrics.policyInfo.reset();
        metrics.policyInfo.set({ name: policy.name, version: String(policy.version), hash: policy.hash }, 1);
      }
      const level = result === "refused" ? "error" : "info";
      logger[level]({ event: "policy", result, ...policy, reason }, `policy ${result}`);
    },

    migrationTried({ problem }) {
      if (problem === null) logger.info({ event: "migrated" }, "database migrated");
      else logger.warn({ event: "migration_put_off", cause: problem }, "database not usable yet");
    },

    spoolRecovered({ interruptedCount, truncatedBytes, quarantinedCount }) {
      metrics.audit.interrupted.inc(interruptedCount);
      metrics.audit.quarantined.inc(quarantinedCount);
      if (interruptedCount + truncatedBytes + quarantinedCount === 0) return;
      logger[quarantinedCount > 0 ? "error" : "warn"](
        {
          event: "spool_recovered",
          interrupted: interruptedCount,
          truncated_bytes: truncatedBytes,
          quarantined: quarantinedCount,
        },
        "the process before this one died; its requests were ended",
      );
    },

    spoolFailed({ reason }) {
      logger.error({ event: "spool_failed", cause: reason }, "no request is admitted until a restart");
    },

    spoolFlushed: ({ seconds }) => metrics.audit.spoolFlush.observe(seconds),

    auditShipped({ count }) {
      metrics.audit.shipped.inc(count);
      if (shipCause !== null) logger.info({ event: "audit_ship_recovered" }, "audit records reach the database again");
      shipCause = null;
    },

    auditShipFailed({ cause, retryInMs }) {
      metrics.audit.shipFailures.inc();
      // The same every few seconds says nothing new.
      const level = cause === shipCause ? "debug" : "warn";
      shipCause = cause;
      logger[level]({ event: "audit_ship_failed", cause, retry_in_ms: retryInMs }, "audit records wait on the spool");
    },

    auditRefused({ instanceSeq, cause }) {
      metrics.audit.quarantined.inc();
      logger.error(
        { event: "audit_refused", instance_seq: instanceSeq, cause },
        "the database refuses an audit record",
      );
    },

    checkpointSigned({ treeSize, leafCount }) {
      metrics.audit.treeSize.set(treeSize);
      metrics.audit.checkpointAt.setToCurrentTime();
      logger.debug({ event: "checkpoint", tree_size: treeSize, leaves: leafCount }, "checkpoint signed");
    },

    signerState({ problem, refuses }) {
      metrics.audit.signerRefusing.set(refuses ? 1 : 0);
      if (problem === null) logger.info({ event: "signer" }, "checkpoints are signed");
      else logger[refuses ? "error" : "warn"]({ event: "signer", refuses, cause: problem }, "no checkpoint is signed");
    },

    auditMaintained({ createdPartitions, droppedPartitions, problem }) {
      metrics.audit.partitionsDropped.inc(droppedPartitions.length);
      const fields = { event: "audit_maintained", created: createdPartitions, dropped: droppedPartitions };
      if (problem !== null) logger.warn({ ...fields, cause: problem }, "the audit's tables could not be seen to");
      else if (createdPartitions + droppedPartitions.length > 0) logger.info(fields, "partitions of the audit");
    },

    doorsMoved({ moved }) {
      const why = moved === "closed" ? "too many connections: no more are taken" : "connections are taken again";
      logger[moved === "closed" ? "warn" : "info"]({ event: "doors", moved }, why);
    },

    started: (event) => logger.info({ event: "started", ...event }, "serving"),
    stopping: () => logger.info({ event: "stopping" }, "finishing what is in flight"),
    stopped: () => logger.info({ event: "stopped" }, "stopped"),

    bug({ requestId, error }) {
      logger.error({ event: "bug", request_id: requestId, ...describeBug(error) }, "unexpected error");
    },
  };
}

/** An unexpected error's message may quote whatever it was given, so only its type and place are logged. */
function describeBug(error: unknown): { readonly error_type: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { error_type: typeof error, at: [] };
  const stack = error.stack ?? "";
  // The stack begins with the message, which may have lines that look like places. One that cannot be cut off stays.
  const messageAt = error.message === "" ? -1 : stack.indexOf(error.message);
  if (messageAt < 0) return { error_type: error.name, at: [] };
  const places = stack.slice(messageAt + error.message.length).split("\n");
  const frames = places.map((line) => line.trim()).filter((line) => /^at .*:\d+:\d+\)?$/.test(line));
  return { error_type: error.name, at: frames.slice(0, 8) };
}
