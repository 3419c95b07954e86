import type { SeqGap } from "./assess.ts";
import type { Recovered } from "./recover.ts";
import type { OpenItem, Segment } from "./segment.ts";

/** What is known in memory of what is on disk. Its size is bounded by what is in flight and by the segments. */
export class Ledger {
  /** Oldest first; the last one is appended to. */
  readonly segments: Segment[];
  /** By id. */
  readonly open: Map<string, OpenItem>;
  /** The next final's. */
  nextSeq: number;
  durableSeq: number;
  shippedSeq: number;
  #gaps: readonly SeqGap[];

  constructor(recovered: Recovered) {
    this.segments = [...recovered.segments];
    this.open = recovered.open;
    this.nextSeq = recovered.nextSeq;
    this.#gaps = recovered.gaps;
    this.shippedSeq = (this.segments[0]?.firstSeq ?? 1) - 1;
    // Not the number before the next one: those that a damaged end may have held are none that anybody can read.
    const withFinals = this.segments.findLast((segment) => segment.hasFinals);
    this.durableSeq = withFinals?.lastSeq ?? this.shippedSeq;
  }

  addIntent(id: string, frameBytes: number): OpenItem {
    const item: OpenItem = { type: "intent", segment: null, offset: 0, frameBytes, ending: false };
    this.open.set(id, item);
    return item;
  }

  finalIsDurable(segment: Segment, seq: number, offset: number, atMs: number, ended: string | null): void {
    segment.addFinal(seq, offset, atMs);
    this.durableSeq = seq;
    if (ended === null) return;
    const item = this.open.get(ended);
    if (item?.segment) item.segment.openCount -= 1;
    this.open.delete(ended);
  }

  shippedThrough(seq: number): void {
    this.shippedSeq = Math.max(this.shippedSeq, Math.min(seq, this.durableSeq));
    this.#gaps = this.#gaps.filter((gap) => gap.last > this.shippedSeq);
  }

  /** Whether nothing in it is needed by anybody but for the open intents. */
  get isShipped(): boolean {
    return this.durableSeq === this.shippedSeq;
  }

  get unshippedCount(): number {
    let count = this.durableSeq - this.shippedSeq;
    for (const { first, last } of this.#gaps) {
      count -= Math.max(0, Math.min(last, this.durableSeq) - Math.max(first - 1, this.shippedSeq));
    }
    return count;
  }

  get oldestUnshippedAt(): Date | null {
    const segment = this.segments.find(({ lastSeq }) => lastSeq > this.shippedSeq);
    return segment === undefined ? null : new Date(segment.timeMsOf(this.shippedSeq + 1));
  }

  /** On stable storage. */
  get byteCount(): number {
    let sum = 0;
    for (const segment of this.segments) sum += segment.byteCount;
    return sum;
  }
}

/** Its place is another one from now on. */
export function placeItem(item: OpenItem, segment: Segment, offset: number): void {
  if (item.segment !== null) item.segment.openCount -= 1;
  segment.openCount += 1;
  item.segment = segment;
  item.offset = offset;
}
