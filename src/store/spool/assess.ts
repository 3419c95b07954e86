import { crc32c } from "../../core/crc32c.ts";
import type { SpoolLoss } from "./contract.ts";
import { encodeAgain, encodeIntent, type Frame, HEADERS_BYTES } from "./frame.ts";
import { encodeLoss, parseLoss } from "./loss.ts";
import { isTorn, possibleFinals, type ScanItem, scanSegment } from "./scan.ts";

export type Assessed = {
  /** What of the segment goes on, but for its headers. */
  readonly frames: readonly KeptFrame[];
  /** Whether that is other than what is in the file. */
  readonly changed: boolean;
  readonly losses: readonly LostBytes[];
  readonly gaps: readonly SeqGap[];
  readonly truncatedBytes: number;
  /** The number after its last one, whether that can still be read or not. */
  readonly nextSeq: number;
};
export type KeptFrame = { readonly frame: Frame; readonly bytes: Buffer };
export type LostBytes = { readonly loss: SpoolLoss; readonly bytes: Buffer };
/** Numbers that no final has, both ends included. */
export type SeqGap = { readonly first: number; readonly last: number };

export type SegmentContext = {
  readonly number: number;
  /** The number its first final should have; null where nobody knows. */
  readonly expectedSeq: number | null;
  /** The first number of the segment after it; null where nobody knows, or there is none. */
  readonly nextFirstSeq: number | null;
  readonly isLast: boolean;
};

/** So a loss always fits a record. */
const MAX_MISSING_PER_LOSS = 1_000;

/**
 * Parts what is good from what is damaged, and finds out by the numbers which finals the damage took. A loss becomes a
 * frame where its bytes stood: it is told until it has been recorded, and explains the gap in the numbers ever after.
 */
export function assessSegment(bytes: Buffer, context: SegmentContext): Assessed {
  const items = scanSegment(bytes);
  const last = items.at(-1);
  const torn = context.isLast && last?.frame === null && isTorn(bytes, last.start) ? items.pop() : undefined;
  const assessment = new Assessment(context);
  for (const item of items) assessment.take(item, bytes);
  return assessment.finish(torn === undefined ? 0 : torn.end - torn.start);
}

/** `isFrame` where the bytes are good, and only their number is wrong. */
type Damage = { readonly start: number; readonly bytes: Buffer; readonly isFrame: boolean };

class Assessment {
  readonly #context: SegmentContext;
  readonly #frames: KeptFrame[] = [];
  readonly #losses: LostBytes[] = [];
  readonly #gaps: SeqGap[] = [];
  /** Since the last final: the next one tells what this damage took. */
  #damage: Damage[] = [];
  #expectedSeq: number | null;
  #end = 0;
  #headerCount = 0;
  #mended = false;

  constructor(context: SegmentContext) {
    this.#context = context;
    this.#expectedSeq = context.expectedSeq;
  }

  take(item: ScanItem, segment: Buffer): void {
    const { frame, start } = item;
    this.#end = item.end;
    const bytes = segment.subarray(start, item.end);
    // INVARIANT: numbers only grow. A final that goes back is none, whatever its checksum says.
    if (frame === null || (frame.type === "final" && frame.seq < (this.#expectedSeq ?? 0))) {
      this.#damage.push({ start, bytes, isFrame: frame !== null });
      return;
    }
    this.#mended ||= item.mended;
    if (frame.type === "header") {
      this.#headerCount += 1;
      return;
    }
    if (frame.type === "final") {
      this.#reach(frame.seq, start);
      this.#expectedSeq = frame.seq + 1;
    }
    if (frame.type === "loss") this.#explain(parseLoss(frame.id, frame.payload).missingSeqs);
    this.#frames.push({ frame, bytes: item.mended ? encodeAgain(item.payload) : bytes });
  }

  finish(truncatedBytes: number): Assessed {
    const { nextFirstSeq } = this.#context;
    const expectedSeq = this.#expectedSeq ?? 1;
    const nextSeq = nextFirstSeq === null ? expectedSeq + this.#possiblyLost() : Math.max(expectedSeq, nextFirstSeq);
    this.#reach(nextSeq, this.#end);
    return {
      frames: this.#frames,
      changed: this.#losses.length > 0 || this.#mended || this.#headerCount !== 2 || truncatedBytes > 0,
      losses: this.#losses,
      gaps: this.#gaps,
      truncatedBytes,
      nextSeq,
    };
  }

  /** No number after the damaged end tells what it held: those that may have been given are not given again. */
  #possiblyLost(): number {
    let count = 0;
    for (const { start, bytes, isFrame } of this.#damage) {
      if (!isFrame && start + bytes.length > HEADERS_BYTES) count += possibleFinals(bytes);
    }
    return count;
  }

  /** A number of which it is known that it comes next: what lies between it and the one before is lost. */
  #reach(seq: number, at: number): void {
    const missing = this.#skipTo(seq);
    const [first = { start: at, bytes: Buffer.alloc(0) }, ...others] = this.#damage;
    for (let from = 0; from === 0 || from < missing.length; from += MAX_MISSING_PER_LOSS) {
      const bytes = from === 0 ? first.bytes : Buffer.alloc(0);
      this.#lose(first.start + from, bytes, missing.slice(from, from + MAX_MISSING_PER_LOSS));
    }
    for (const { start, bytes } of others) this.#lose(start, bytes, []);
    this.#damage = [];
  }

  /** The numbers from the one expected to the one before `seq`. */
  #skipTo(seq: number): number[] {
    const first = this.#expectedSeq ?? seq;
    this.#expectedSeq = Math.max(first, seq);
    if (first >= seq) return [];
    this.#gaps.push({ first, last: seq - 1 });
    return Array.from({ length: seq - first }, (_, index) => first + index);
  }

  #explain(missingSeqs: readonly number[]): void {
    const last = missingSeqs.at(-1);
    if (last !== undefined) this.#skipTo(last + 1);
  }

  #lose(at: number, bytes: Buffer, missingSeqs: readonly number[]): void {
    if (bytes.length === 0 && missingSeqs.length === 0) return;
    const checksum = crc32c(bytes).toString(16).padStart(8, "0");
    const id = `lost-${this.#context.number}-${at}-${checksum}`;
    const file = bytes.length === 0 ? "" : `${id}.bytes`;
    const loss: SpoolLoss = { id, file, byteCount: bytes.length, missingSeqs };
    const payload = encodeLoss(loss);
    this.#losses.push({ loss, bytes });
    this.#frames.push({ frame: { type: "loss", id, payload }, bytes: encodeIntent("loss", id, payload) });
  }
}
