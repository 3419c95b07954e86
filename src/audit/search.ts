import type { AuditEvent, EventStatus } from "./event.ts";

export type FoundEvent =
  | { readonly kind: "event"; readonly event: AuditEvent }
  /** All but its id and its time was erased. */
  | { readonly kind: "erased"; readonly requestId: string; readonly receivedAt: Date; readonly erasedAt: Date };

/** All that are given must hold. */
export type AuditFilter = {
  readonly since?: Date;
  /** Exclusive. */
  readonly until?: Date;
  /** Decided on, or the one that answered; so are zone and model. */
  readonly provider?: string;
  readonly zone?: string;
  readonly status?: Exclude<EventStatus, "pending">;
  /** One of the reason codes. */
  readonly reason?: string;
  readonly rule?: string;
  /** The label `team` of the caller. */
  readonly team?: string;
  readonly model?: string;
  readonly promptDigest?: string;
};

/** A place in the order of rows: time in microseconds since 1970, and id. */
export type AuditCursor = { readonly receivedAtMicros: number; readonly requestId: string };

/** `next` is null at the end. A page before the end may have fewer rows than were asked for, or none. */
export type AuditPage = { readonly events: readonly AuditEvent[]; readonly next: AuditCursor | null };
