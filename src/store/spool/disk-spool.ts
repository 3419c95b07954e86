import { err, ok, type Result } from "../../core/result.ts";
import { codeOf } from "../durable-file.ts";
import type { Lock } from "../lock.ts";
import { Appender } from "./appender.ts";
import {
  MAX_FINAL_BYTES,
  MAX_INTENT_BYTES,
  type Spool,
  type SpooledRecord,
  type SpoolFailure,
  type SpoolOptions,
  type SpoolStatus,
} from "./contract.ts";
import type { SpoolFiles } from "./files.ts";
import { encodeFinal, encodeIntent, idFits } from "./frame.ts";
import { Ledger, placeItem } from "./ledger.ts";
import type { Quarantine } from "./quarantine.ts";
import { readFinals } from "./reader.ts";
import { Reclaimer } from "./reclaimer.ts";
import type { Recovered } from "./recover.ts";
import type { Segment } from "./segment.ts";
import { Waiters } from "./waiters.ts";

export type DiskSpoolParts = {
  readonly options: SpoolOptions;
  readonly files: SpoolFiles;
  readonly segmentBytes: number;
  readonly lock: Lock;
  readonly quarantine: Quarantine;
  readonly recovered: Recovered;
};

/** Of intents that wait for the disk: past that it does not keep up, and more of them would only wait longer. */
const MAX_PENDING_BYTES = 33_554_432;
const DEFAULT_SEGMENT_MS = 600_000;
/** Disks of networks pause for seconds. */
const DEFAULT_STALLED_MS = 30_000;

/** The spool over a directory that was recovered and is locked. */
export class DiskSpool implements Spool {
  readonly instanceId: string;
  readonly #parts: DiskSpoolParts;
  readonly #ledger: Ledger;
  readonly #appender: Appender;
  readonly #reclaimer: Reclaimer;
  readonly #waiters = new Waiters();
  #closing: Promise<void> | null = null;

  constructor(parts: DiskSpoolParts) {
    this.instanceId = parts.recovered.instanceId;
    this.#parts = parts;
    this.#ledger = new Ledger(parts.recovered);
    this.#appender = this.#startAppender(this.#ledger.segments);
    const { files, segmentBytes, options } = parts;
    const mayGo = options.maySegmentsGo ?? (async () => true);
    this.#reclaimer = new Reclaimer(files, options.directory, segmentBytes, this.#ledger, this.#appender, mayGo);
    // The last segment may have been left at its full length, and the first one free to go.
    this.#appender.wake();
    this.#reclaimer.wake();
  }

  #startAppender(segments: Segment[]): Appender {
    const { options, files, segmentBytes, recovered } = this.#parts;
    const { instanceId, file, nextSeq } = recovered;
    const current = segments.at(-1);
    if (current === undefined) throw new Error("a spool was opened without a segment");
    const events = {
      onFlushed: options.onFlushed ?? (() => {}),
      onFailed: options.onFailed ?? (() => {}),
      onAppended: () => this.#reclaimer.wake(),
      onStarted: (segment: Segment) => {
        segments.push(segment);
        this.#reclaimer.wake();
      },
    };
    const { directory, segmentMs = DEFAULT_SEGMENT_MS, stalledMs = DEFAULT_STALLED_MS } = options;
    const bounds = { segmentBytes, segmentMs, stalledMs };
    return new Appender({ files, directory, instanceId, ...bounds, ...events }, current, file, nextSeq);
  }

  get firstUnshippedSeq(): number {
    return this.#ledger.shippedSeq + 1;
  }

  get lastDurableSeq(): number {
    return this.#ledger.durableSeq;
  }

  async appendIntent(id: string, payload: Uint8Array): Promise<Result<void, SpoolFailure>> {
    const refusal = this.#refusal() ?? this.#refusalToAdmit(id, payload);
    if (refusal !== null) return err(refusal);
    const frame = encodeIntent("intent", id, payload);
    const item = this.#ledger.addIntent(id, frame.length);
    return this.#appender.append({ frame, seq: null, durable: (segment, offset) => placeItem(item, segment, offset) });
  }

  async appendFinal(id: string | null, make: (seq: number) => Uint8Array): Promise<Result<number, SpoolFailure>> {
    const refusal = this.#refusal();
    if (refusal !== null) return err(refusal);
    const item = id === null ? null : this.#ledger.open.get(id);
    if (item === undefined || item?.ending) return err(NOT_OPEN);
    const seq = this.#ledger.nextSeq;
    const payload = make(seq);
    if (payload.length > MAX_FINAL_BYTES) return err(tooLarge("final", MAX_FINAL_BYTES));
    this.#ledger.nextSeq = seq + 1;
    if (item !== null) item.ending = true;
    const atMs = this.#now();
    const appended = await this.#appender.append({
      frame: encodeFinal(seq, atMs, id, payload),
      seq,
      durable: (segment, offset) => {
        this.#ledger.finalIsDurable(segment, seq, offset, atMs, id);
        this.#waiters.reached(seq);
      },
    });
    return appended.ok ? ok(seq) : appended;
  }

  async read(after: number, maxRecords: number): Promise<Result<readonly SpooledRecord[], SpoolFailure>> {
    const from = Math.max(after, this.#ledger.shippedSeq) + 1;
    for (const segment of [...this.#ledger.segments]) {
      if (segment.lastSeq < from) continue;
      try {
        const records = await readFinals(this.#parts.files, segment, from, maxRecords);
        if (records.length > 0) return ok(records);
      } catch (cause) {
        // Shipped while it was read, it is gone: what is left to ask for stands in later ones.
        if (!this.#ledger.segments.includes(segment)) return this.read(after, maxRecords);
        this.#appender.fail(cause);
        return err({ kind: "failed", message: `The audit spool cannot be read (${codeOf(cause)}).` });
      }
    }
    return ok([]);
  }

  shippedThrough(seq: number): void {
    this.#ledger.shippedThrough(seq);
    this.#reclaimer.wake();
  }

  async untilFinal(after: number, timeoutMs: number): Promise<void> {
    if (this.lastDurableSeq > after) return;
    await this.#waiters.wait(after, timeoutMs);
    // Whoever waits is the clock by which an idle spool sees that its segment is old.
    if (this.#closing === null) this.#appender.wake();
  }

  async quarantine(record: SpooledRecord): Promise<Result<void, SpoolFailure>> {
    const refusal = this.#refusal();
    if (refusal !== null) return err(refusal);
    const { quarantine, options } = this.#parts;
    if (quarantine.byteCount + record.payload.length > options.maxBytes) {
      return err({ kind: "full", message: `The quarantine of the audit spool has its ${options.maxBytes} bytes.` });
    }
    try {
      await quarantine.keep(`refused-${this.instanceId}-${record.seq}.json`, record.payload);
      return ok(undefined);
    } catch (cause) {
      return err(this.#appender.fail(cause));
    }
  }

  status(): SpoolStatus {
    const { unshippedCount, oldestUnshippedAt } = this.#ledger;
    const { maxBytes } = this.#parts.options;
    const failed = this.#appender.failure;
    const full = this.#fullness();
    return {
      state: failed !== null ? "failed" : full !== null ? "full" : "open",
      reason: (failed ?? full)?.message ?? null,
      bytes: this.#bytes,
      maxBytes,
      unshippedCount,
      oldestUnshippedAt,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    try {
      await this.#appender.settle({ finish: false });
      await this.#appender.settle({ finish: this.#ledger.isShipped });
      await this.#reclaimer.settle();
      await this.#appender.close();
    } finally {
      this.#waiters.reached(Number.POSITIVE_INFINITY);
      // Last of all: from then on the files are another process's.
      this.#parts.lock.release();
    }
  }

  get #bytes(): number {
    return this.#ledger.byteCount + this.#appender.pendingBytes;
  }

  #now(): number {
    return this.#parts.options.now?.().getTime() ?? Date.now();
  }

  #refusal(): SpoolFailure | null {
    return this.#closing === null ? this.#appender.failure : CLOSED;
  }

  #refusalToAdmit(id: string, payload: Uint8Array): SpoolFailure | null {
    if (payload.length > MAX_INTENT_BYTES) return tooLarge("intent", MAX_INTENT_BYTES);
    if (!idFits(id)) return { kind: "too_large", message: "The id of an intent has 1 to 255 bytes." };
    if (this.#ledger.open.has(id)) return DUPLICATE;
    return this.#fullness();
  }

  #fullness(): SpoolFailure | null {
    const { maxBytes } = this.#parts.options;
    if (this.#bytes >= maxBytes) {
      return { kind: "full", message: `The audit spool has its ${maxBytes} bytes: rows do not reach the database.` };
    }
    return this.#appender.pendingBytes < MAX_PENDING_BYTES ? null : BEHIND;
  }
}

const tooLarge = (what: string, maxBytes: number): SpoolFailure => ({
  kind: "too_large",
  message: `The record of a request's ${what} has more than ${maxBytes} bytes.`,
});
const CLOSED: SpoolFailure = { kind: "closed", message: "The audit spool is closed." };
const BEHIND: SpoolFailure = { kind: "full", message: "The disk of the audit spool does not keep up." };
const DUPLICATE: SpoolFailure = { kind: "duplicate", message: "The audit spool has an open intent of that id." };
const NOT_OPEN: SpoolFailure = { kind: "not_open", message: "The audit spool has no open intent of that id." };
