import { FAILURE_CATEGORIES, type FailureCategory, type Surface, type Usage } from "../core/chat.ts";
import type { ProviderId, ShadowResult, Zone } from "../core/decision.ts";
import type { Features } from "../core/features.ts";

/**
 * How many of each kind the scanner found, by code: `{"pii.email": 2}`.
 * INVARIANT: codes and counts only. The path of a finding quotes keys of the body, which are content.
 */
export type FindingCounts = Readonly<Record<string, number>>;

export const EVENT_STATUSES = ["pending", "succeeded", "failed", "denied", "client_aborted", "interrupted"] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];
/** How a request ends; `interrupted` is given to those whose process died before they had ended. */
export type SettledStatus = Exclude<EventStatus, "pending" | "interrupted">;

/** What is on record before any provider is called. No text of the request, only lengths and a keyed digest. */
export type Intent = {
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly surface: Surface;
  readonly decision: "route" | "deny";
  readonly provider: ProviderId | null;
  readonly zone: Zone | null;
  readonly model: string | null;
  /** Those of the decision, then the one that refused, where one did. */
  readonly reasonCodes: readonly string[];
  /** The policy that decided, `sha256:<hex>`; the store keeps it under that name. */
  readonly policyHash: string;
  /** Id of the rule that matched, or `default`. */
  readonly rule: string;
  /** All that the decision depended on, so that it can be derived again. */
  readonly features: Features;
  readonly shadow: readonly ShadowResult[];
  readonly findings: FindingCounts;
  /** Version and hash of the rules that it was scanned by, `<version>:<sha-256 hex>`. */
  readonly scanRuleset: string;
  readonly messageCount: number;
  /** Unicode code points over all messages. */
  readonly promptLength: number;
  /** `hmac-sha256:<key id>:<hex>` over the JCS form of the messages. */
  readonly promptDigest: string;
  readonly streamed: boolean;
};

/** How a call of a target ended; `left` is for what was cut by its caller, by the end of the process, or by a bug. */
export const ATTEMPT_RESULTS = ["answered", ...FAILURE_CATEGORIES, "left"] as const;
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/** One target's turn. */
export type Attempt = {
  readonly provider: ProviderId;
  readonly model: string;
  readonly result: AttemptResult;
  /** False: nothing of the request was sent to it. True: it was handed to the network, and the provider may have it. */
  readonly sent: boolean;
  readonly durationMs: number;
};

export type Outcome = {
  readonly requestId: string;
  readonly completedAt: Date;
  readonly status: SettledStatus;
  /** Who answered, or was asked last, where that is, and by which model; null where nobody was. */
  readonly provider: ProviderId | null;
  readonly zone: Zone | null;
  readonly model: string | null;
  readonly failureCategory: FailureCategory | null;
  /** In their order; empty for what was denied. */
  readonly attempts: readonly Attempt[];
  /** Of the target that answered, or of the stream that broke off. */
  readonly usage: Usage;
  /** In micro-USD, by the usage that the provider reported and the policy's prices; null where either is not known. */
  readonly costMicros: number | null;
  readonly latencyMs: number;
};

/** What rows of older versions do not say. */
type Unsaid = "scanRuleset" | "policyHash" | "rule" | "features" | "shadow";

/** One row of `audit_events`, or, while it is `pending`, of the request that will be one. */
export type AuditEvent = Omit<Intent, Unsaid> & {
  readonly [Name in Unsaid]: Intent[Name] | null;
} & {
  readonly completedAt: Date | null;
  readonly status: EventStatus;
  /** Who answered, or was asked last, and where that is. */
  readonly answeredProvider: string | null;
  readonly answeredZone: string | null;
  readonly answeredModel: string | null;
  readonly failureCategory: string | null;
  /** Null in rows of versions before there were any, while the request is pending, and where it was interrupted. */
  readonly attempts: readonly Attempt[] | null;
  readonly usage: Usage;
  readonly costMicros: number | null;
  readonly latencyMs: number | null;
  /** Which spool it came by, and as which of its records; null in rows that are older than the log. */
  readonly instance: { readonly id: string; readonly seq: number } | null;
};
