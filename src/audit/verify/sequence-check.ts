import type { AuditFault } from "./fault.ts";

type Seen = {
  /** The number that its next record has. */
  next: number;
  /** How many leaves had said nothing when its last record was seen. */
  silentBefore: number;
};

/**
 * Whether the records of every spool are numbered without gaps and repeats, in the order of their leaves. Leaves that
 * say nothing any more, since their rows were dropped or changed, can be what is missing; each of them is one record.
 */
export class SequenceCheck {
  readonly #isFromStart: boolean;
  readonly #instances = new Map<string, Seen>();
  readonly #quarantined: ReadonlyMap<string, ReadonlySet<number>>;
  #silent = 0;
  #missing = 0;

  /** `quarantined`: by instance, numbers that will never be rows. Not from the start, an instance may begin anywhere. */
  constructor(isFromStart: boolean, quarantined: ReadonlyMap<string, ReadonlySet<number>>) {
    this.#isFromStart = isFromStart;
    this.#quarantined = quarantined;
  }

  get instanceCount(): number {
    return this.#instances.size;
  }

  silent(): void {
    this.#silent++;
  }

  see(instanceId: string, seq: number, leafIndex: number): AuditFault | null {
    const known = this.#instances.get(instanceId);
    const seen = known ?? { next: this.#isFromStart ? 1 : seq, silentBefore: 0 };
    const gap = this.#gap(instanceId, seen.next, seq);
    const allowed = this.#silent - seen.silentBefore;
    const expected = seen.next;
    this.#instances.set(instanceId, { next: Math.max(seen.next, seq + 1), silentBefore: this.#silent });
    if (seq < expected) {
      return broken(
        instanceId,
        leafIndex,
        `Record ${seq} of instance ${instanceId} stands after one of a higher number.`,
      );
    }
    if (gap > allowed) {
      const span = `${expected} to ${seq - 1}`;
      return broken(
        instanceId,
        leafIndex,
        `Of records ${span} of instance ${instanceId}, ${gap - allowed} or more are missing.`,
      );
    }
    this.#missing += gap;
    return null;
  }

  /** One leaf that says nothing is no more than one record, whichever instance it was of. */
  finish(): AuditFault | null {
    if (this.#missing <= this.#silent) return null;
    const message = `${this.#missing} records are missing, and no more than ${this.#silent} leaves say nothing any more.`;
    return {
      code: "sequence_broken",
      place: "audit_events",
      columns: ["instance_seq"],
      leafIndex: null,
      subject: null,
      message,
    };
  }

  #gap(instanceId: string, expected: number, seq: number): number {
    if (seq <= expected) return 0;
    const known = this.#quarantined.get(instanceId) ?? new Set();
    let explained = 0;
    for (const missing of known) if (missing >= expected && missing < seq) explained++;
    return seq - expected - explained;
  }
}

const broken = (instanceId: string, leafIndex: number, message: string): AuditFault => ({
  code: "sequence_broken",
  place: "audit_events",
  columns: ["instance_id", "instance_seq"],
  leafIndex,
  subject: instanceId,
  message,
});
