import type { DigestKey } from "../audit/digest.ts";
import type { AuditEvent, FindingCounts, Intent, Outcome, SettledStatus } from "../audit/event.ts";
import type { FailureCategory, Surface } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import type { ErrorReason } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { InFlight } from "./in-flight.ts";
import type { Turns } from "./turns.ts";

/** Why the audit could not be written or read; `message` is for the operator and names no secret. */
export type AuditFailure = { readonly message: string };

/**
 * Where audit events go. A call that answers ok has committed: the record survives the death of this process. Waits
 * are bounded; a failure says that nothing is known to be committed.
 */
export interface AuditStore {
  recordIntent(intent: Intent): Promise<Result<void, AuditFailure>>;
  recordOutcome(outcome: Outcome): Promise<Result<void, AuditFailure>>;
  find(requestId: string): Promise<Result<AuditEvent | null, AuditFailure>>;
  /** Whether writes can be expected to succeed now. */
  check(): Promise<Result<void, AuditFailure>>;
}

export type Stage = "scan" | "decide" | "intent" | "provider" | "translate" | "outcome";
export type StageDurations = Readonly<Partial<Record<Stage, number>>>;

/** How a chat request ended, with nothing of what it said. */
export type ChatFinished = {
  readonly requestId: string;
  readonly surface: Surface;
  readonly streamed: boolean;
  readonly decision: "route" | "deny";
  readonly status: SettledStatus | "audit_unavailable";
  readonly provider: ProviderId | null;
  readonly model: string | null;
  readonly reasonCodes: readonly string[];
  readonly findings: FindingCounts;
  readonly rule: string;
  readonly policyHash: string;
  /** Whether a shadow rule would have decided otherwise; null where none matched. */
  readonly shadowDiffers: boolean | null;
  readonly failureCategory: FailureCategory | null;
  readonly errorCode: ErrorReason | null;
  readonly durationsMs: StageDurations;
  readonly totalMs: number;
};

export type PolicyLoaded = {
  readonly result: "activated" | "unchanged" | "refused";
  /** Null where the file could not be read far enough to say. */
  readonly policy: { readonly name: string; readonly version: number; readonly hash: string } | null;
  readonly reason: string | null;
};

/** One method per event; each logs and counts. None may throw and none sees content. */
export interface Telemetry {
  chatFinished(event: ChatFinished): void;
  auditWriteFailed(event: {
    readonly requestId: string;
    readonly step: "intent" | "outcome";
    readonly cause: string;
  }): void;
  requestRefused(event: {
    readonly requestId: string;
    readonly code: ErrorReason;
    readonly field: string | null;
  }): void;
  /** Policy was asked what it would do with a request that went nowhere. */
  dryRun(event: { readonly requestId: string; readonly denied: boolean }): void;
  /** A target failed and the next one is tried; a failure that ends the request is told with its end. */
  attemptFailed(event: {
    readonly requestId: string;
    readonly provider: ProviderId;
    readonly model: string;
    readonly category: FailureCategory;
  }): void;
  /** A policy was put in force, or refused: then the one before stays. `reason` says what is wrong and names no secret. */
  policyLoaded(event: PolicyLoaded): void;
  /** `problem` is null when the schema is up to date. */
  migrationTried(event: { readonly problem: string | null }): void;
  /** Rows of requests whose process died were ended, or could not be. */
  interruptedSettled(event: { readonly count: number; readonly problem: string | null }): void;
  started(event: { readonly url: string; readonly version: string; readonly database: string }): void;
  stopping(): void;
  stopped(): void;
  bug(event: { readonly requestId: string; readonly error: unknown }): void;
}

/** All that a request touches; opened by `boot.ts`, replaced one by one in tests. */
export type Deps = {
  /** The one of this moment; whoever works by it asks once and keeps it. */
  readonly active: () => ActivePolicy;
  readonly audit: AuditStore;
  readonly digestKey: DigestKey;
  readonly inFlight: InFlight;
  readonly telemetry: Telemetry;
  readonly providerTimeoutMs: number;
  /** The header in which a proxy in front names the caller's labels; null where there is none to trust. */
  readonly labelsHeader: string | null;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  /** For work that would keep other requests waiting. */
  readonly turns: Turns;
};
