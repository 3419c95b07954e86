import type { DigestKey } from "../audit/digest.ts";
import type { Attempt, FindingCounts, Intent, Outcome, SettledStatus } from "../audit/event.ts";
import type { AuditCursor, AuditFilter, AuditPage, FoundEvent } from "../audit/search.ts";
import type { AttemptDefaults, CircuitState } from "../core/attempts.ts";
import type { FailureCategory, Surface } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import type { ErrorReason } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { InFlight } from "./in-flight.ts";
import type { Admission, Traffic } from "./traffic/contract.ts";
import type { Turns } from "./turns.ts";

/** Why the audit could not be written or read; `message` is for the operator and names no secret. */
export type AuditFailure = { readonly message: string };

/**
 * Where audit events go. An intent that answers ok is on stable storage: it survives the death of this process and of its
 * machine, and becomes exactly one row. Waits are bounded; a failure says that nothing is known to be on record.
 */
export interface AuditStore {
  recordIntent(intent: Intent): Promise<Result<void, AuditFailure>>;
  /** In `strict` mode ok says that the row is committed in the database, too. */
  recordOutcome(outcome: Outcome): Promise<Result<void, AuditFailure>>;
  health(): Promise<AuditHealth>;
}

/** How the audit fares, for operators. */
export type AuditHealth = {
  /** Whether requests are admitted now. */
  readonly admits: Result<void, AuditFailure>;
  /** Whether the database answers. */
  readonly database: Result<void, AuditFailure>;
  /** In `durable` mode it need not: what is on the spool waits for it. */
  readonly databaseRequired: boolean;
  readonly spool: SpoolStatus;
};

export type SpoolStatus = {
  /** `full` takes what ends requests that were admitted, and admits none; `failed` takes nothing until a restart. */
  readonly state: "open" | "full" | "failed";
  /** Why it is not open; null where it is. */
  readonly reason: string | null;
  /** Of all segments together, and the bound from which on none is admitted. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Records that ended requests and are not known to be committed in the database yet. */
  readonly unshippedCount: number;
  /** When the oldest of those was appended; null where there is none. */
  readonly oldestUnshippedAt: Date | null;
};

/** Rows of `audit_events`, for those who ask what happened. */
export interface AuditReader {
  /** Looks where rows are, and among the requests of this process that have none yet. Null where nobody knows the id. */
  find(requestId: string): Promise<Result<FoundEvent | null, AuditFailure>>;
  /** Newest first: at most `limit` rows that come after `cursor`; fewer, or none, where looking on would take too long. */
  search(filter: AuditFilter, cursor: AuditCursor | null, limit: number): Promise<Result<AuditPage, AuditFailure>>;
}

export type { AuditCursor, AuditFilter, AuditPage, FoundEvent } from "../audit/search.ts";
export type { Admission, TrafficStatus } from "./traffic/contract.ts";

/** The Merkle log over the rows, as its clients read it. */
export interface AuditLog {
  /** The newest signed checkpoint (C2SP tlog-checkpoint); null before the first one. */
  checkpoint(): Promise<Result<string | null, AuditFailure>>;
  /** Hashes of a tile (C2SP tlog-tiles), all 256 or the first `width` of them; null where a checkpoint covers no such tile. */
  tile(level: number, index: number, width: number): Promise<Result<Uint8Array | null, AuditFailure>>;
  /** Verifier keys that signed checkpoints of this log, the one in use first. */
  verifierKeys(): Promise<Result<readonly string[], AuditFailure>>;
  receipt(requestId: string): Promise<Result<ReceiptAnswer, AuditFailure>>;
}

export type ReceiptAnswer =
  /** C2SP tlog-proof. */
  | { readonly kind: "receipt"; readonly text: string }
  /** The request is known, and no checkpoint covers its row yet. */
  | { readonly kind: "pending" }
  | { readonly kind: "absent" }
  | { readonly kind: "erased" }
  /** The row is older than the log. */
  | { readonly kind: "unlogged" };

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
  /** In the gateway's own words; null where no provider failed. */
  readonly failureDetail: string | null;
  readonly errorCode: ErrorReason | null;
  readonly attempts: readonly Attempt[];
  readonly durationsMs: StageDurations;
  readonly totalMs: number;
};

export type PolicyLoaded = {
  readonly result: "activated" | "unchanged" | "refused";
  /** Null where the file could not be read far enough to say. */
  readonly policy: { readonly name: string; readonly version: number; readonly hash: string } | null;
  /** Those of a policy that was put in force. */
  readonly providers: readonly ProviderId[];
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
  /** A target did not answer and another turn follows; a failure that ends the request is told with its end. */
  attemptFailed(event: {
    readonly requestId: string;
    readonly provider: ProviderId;
    readonly model: string;
    readonly category: FailureCategory;
    /** In the gateway's own words. */
    readonly detail: string;
    /** What the provider asked for, or the gateway knows. */
    readonly retryAfterMs: number | null;
    /** Whether it was called at all: else it was left alone, or had no place. */
    readonly called: boolean;
    /** Whether the same target is asked again. */
    readonly again: boolean;
    readonly waitMs: number;
  }): void;
  /** Told at transitions only. `model` is null for the provider as a whole. */
  circuitChanged(event: {
    readonly provider: ProviderId;
    readonly model: string | null;
    readonly state: CircuitState;
    readonly category: FailureCategory | null;
    /** When a request may try, of one that opened. */
    readonly triesInMs: number | null;
  }): void;
  /** Events of a stream that were not in the protocol, left out of an answer that was complete without them. */
  eventsSkipped(event: {
    readonly requestId: string;
    readonly provider: ProviderId;
    readonly model: string;
    readonly count: number;
  }): void;
  /** A policy was put in force, or refused: then the one before stays. `reason` says what is wrong and names no secret. */
  policyLoaded(event: PolicyLoaded): void;
  /** `problem` is null when the schema is up to date. */
  migrationTried(event: { readonly problem: string | null }): void;
  /** What the spool held when it was opened. */
  spoolRecovered(event: {
    /** Requests whose process died, ended as interrupted. */
    readonly interruptedCount: number;
    readonly truncatedBytes: number;
    readonly quarantinedCount: number;
  }): void;
  /** The spool takes nothing any more until a restart. */
  spoolFailed(event: { readonly reason: string }): void;
  spoolFlushed(event: { readonly seconds: number }): void;
  /** A batch of records is committed in the database. */
  auditShipped(event: { readonly count: number }): void;
  /** A batch could not be committed, and is tried again. */
  auditShipFailed(event: { readonly cause: string; readonly retryInMs: number }): void;
  /** A record that the database refuses for good was put aside. */
  auditRefused(event: { readonly instanceSeq: number; readonly cause: string }): void;
  checkpointSigned(event: { readonly treeSize: number; readonly leafCount: number }): void;
  /** `problem` is null when the signer signs again. `refuses` says that it will not without a person's doing. */
  signerState(event: { readonly problem: string | null; readonly refuses: boolean }): void;
  /** Work on the tables of the audit: partitions made and dropped, hours rolled up. */
  auditMaintained(event: {
    readonly createdPartitions: number;
    readonly droppedPartitions: readonly string[];
    readonly problem: string | null;
  }): void;
  /** No more connections are taken, as there are too many, or they are again. */
  doorsMoved(event: { readonly moved: "closed" | "opened" }): void;
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
  readonly auditEvents: AuditReader;
  readonly auditLog: AuditLog;
  /** The one in use first; the others are for questions about older rows. */
  readonly digestKeys: readonly [DigestKey, ...DigestKey[]];
  readonly inFlight: InFlight;
  readonly telemetry: Telemetry;
  /** Where neither rule nor provider says anything. */
  readonly attemptDefaults: AttemptDefaults;
  readonly traffic: Traffic;
  readonly admission: Admission;
  /** From 0 up to 1, for back-off with jitter. */
  readonly chance: () => number;
  /** The header in which a proxy in front names the caller's labels; null where there is none to trust. */
  readonly labelsHeader: string | null;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  /** For work that would keep other requests waiting. */
  readonly turns: Turns;
};
