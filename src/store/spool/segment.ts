import { join } from "node:path";

/** One file of the spool. What it says is on stable storage. */
export class Segment {
  readonly number: number;
  readonly path: string;
  /** Of its first final, when it has one. */
  readonly firstSeq: number;
  byteCount = 0;
  /** Intents and losses in it that no durable final has ended. */
  openCount = 0;
  readonly #openedAtMs = performance.now();
  // Where each final starts and when it came, by number from `firstSeq` on: 12 bytes each, bounded by the segment.
  #offsets = new Uint32Array(16);
  #timesMs = new Float64Array(16);
  #count = 0;

  constructor(directory: string, number: number, firstSeq: number) {
    this.number = number;
    this.path = join(directory, segmentName(number));
    this.firstSeq = firstSeq;
  }

  get ageMs(): number {
    return performance.now() - this.#openedAtMs;
  }

  get hasFinals(): boolean {
    return this.#count > 0;
  }

  /** Of its last final; one less than `firstSeq` where there is none. */
  get lastSeq(): number {
    return this.firstSeq + this.#count - 1;
  }

  /** Numbers that were left out are found where this one stands. */
  addFinal(seq: number, offset: number, atMs: number): void {
    while (this.lastSeq < seq) {
      if (this.#count === this.#offsets.length) this.#grow();
      this.#offsets[this.#count] = offset;
      this.#timesMs[this.#count] = atMs;
      this.#count += 1;
    }
  }

  /** Of the first final with that number or a greater one. Only for numbers up to `lastSeq`. */
  offsetOf(seq: number): number {
    return this.#offsets[Math.max(0, seq - this.firstSeq)] ?? 0;
  }

  timeMsOf(seq: number): number {
    return this.#timesMs[Math.max(0, seq - this.firstSeq)] ?? 0;
  }

  #grow(): void {
    const offsets = new Uint32Array(this.#offsets.length * 2);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
    const timesMs = new Float64Array(offsets.length);
    timesMs.set(this.#timesMs);
    this.#timesMs = timesMs;
  }
}

/** An intent or a loss that no final has ended. */
export type OpenItem = {
  readonly type: "intent" | "loss";
  /** Null until it is on stable storage. */
  segment: Segment | null;
  offset: number;
  frameBytes: number;
  /** Its final was taken, and may not be on stable storage yet. */
  ending: boolean;
};

const SEGMENT_NAME = /^(\d{12})\.spool$/;
export const segmentName = (number: number): string => `${String(number).padStart(12, "0")}.spool`;

/** Null for files that are no segments. */
export function segmentNumber(name: string): number | null {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
