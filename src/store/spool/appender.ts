import { err, ok, type Result } from "../../core/result.ts";
import { codeOf } from "../durable-file.ts";
import type { SpoolFailure } from "./contract.ts";
import type { SpoolFile, SpoolFiles } from "./files.ts";
import { HEADERS_BYTES } from "./frame.ts";
import { createSegment } from "./recover.ts";
import { Segment } from "./segment.ts";

export type Append = {
  readonly frame: Buffer;
  /** The final's number; null for all else. */
  readonly seq: number | null;
  /** Called in the order of the appends, before anybody is told. */
  readonly durable: (segment: Segment, offset: number) => void;
};

export type AppenderOptions = {
  readonly files: SpoolFiles;
  readonly directory: string;
  readonly instanceId: string;
  /** A segment that has as many is followed by a new one. */
  readonly segmentBytes: number;
  /** So is one that holds finals and is as old. */
  readonly segmentMs: number;
  /** A disk that has not done its work by then is taken for one that failed. */
  readonly stalledMs: number;
  readonly onFlushed: (seconds: number) => void;
  /** After every batch, when all in it know that it is on stable storage. */
  readonly onAppended: () => void;
  readonly onStarted: (segment: Segment) => void;
  readonly onFailed: (message: string) => void;
};

type Waiting = Append & { readonly answer: (result: Result<void, SpoolFailure>) => void };

/** A disk that neither works nor fails. */
class StalledDisk extends Error {
  readonly code = "stalled";
}

/** The time is counted in parts: a process that was held for as long would find it over before it hears of the disk. */
const STALL_TICKS = 10;
/** What one write and one flush take at most, or one frame where that is more. */
const MAX_BATCH_BYTES = 1_048_576;

/**
 * Group commit without a timer: while one flush runs, the next batch gathers. Order of calls is order on disk.
 *
 * After a write, flush or rename that failed nothing is tried again: what the file holds then only a restart can tell.
 */
export class Appender {
  readonly #options: AppenderOptions;
  #segment: Segment;
  #file: SpoolFile;
  #nextSeq: number;
  #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #failure: SpoolFailure | null = null;
  #finishing = false;
  /** Taken and not on stable storage yet. */
  pendingBytes = 0;

  constructor(options: AppenderOptions, segment: Segment, file: SpoolFile, nextSeq: number) {
    this.#options = options;
    this.#segment = segment;
    this.#file = file;
    this.#nextSeq = nextSeq;
  }

  get failure(): SpoolFailure | null {
    return this.#failure;
  }

  append(append: Append): Promise<Result<void, SpoolFailure>> {
    if (this.#failure !== null) return Promise.resolve(err(this.#failure));
    this.pendingBytes += append.frame.length;
    const answered = new Promise<Result<void, SpoolFailure>>((answer) => this.#queue.push({ ...append, answer }));
    this.wake();
    return answered;
  }

  /** Goes on with what there is to do, if anything; that may be a new segment after one that is long or old enough. */
  wake(): void {
    this.#running ??= this.#run();
  }

  /** From now on it takes nothing more. The first failure stays. */
  fail(cause: unknown): SpoolFailure {
    if (this.#failure !== null) return this.#failure;
    const message = `The audit spool cannot be used (${codeOf(cause)}). It takes nothing more until a restart.`;
    this.#failure = { kind: "failed", message };
    this.#refuse(this.#queue.splice(0), this.#failure);
    this.#options.onFailed(message);
    return this.#failure;
  }

  /** Waits for what was taken. With `finish` it ends with a segment that holds no finals. */
  async settle({ finish }: { finish: boolean }): Promise<void> {
    this.#finishing = finish;
    this.wake();
    while (this.#running !== null) await this.#running;
  }

  async close(): Promise<void> {
    await this.settle({ finish: false });
    // What was answered is flushed: that it cannot be closed is no news to anybody.
    await this.#file.close().catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      // Callers of this turn of the event loop share the first batch.
      await Promise.resolve();
      while (this.#failure === null) {
        if (this.#segmentIsDone()) await this.#startSegment();
        else if (this.#queue.length > 0) await this.#writeBatch(this.#takeBatch());
        else break;
      }
    } finally {
      this.#running = null;
    }
  }

  #segmentIsDone(): boolean {
    const { segmentBytes, segmentMs } = this.#options;
    if (this.#segment.byteCount >= Math.max(segmentBytes, HEADERS_BYTES + 1)) return true;
    return this.#segment.hasFinals && (this.#finishing || this.#segment.ageMs >= segmentMs);
  }

  #takeBatch(): Waiting[] {
    let count = 0;
    let byteCount = 0;
    for (const { frame } of this.#queue) {
      if (count > 0 && byteCount + frame.length > MAX_BATCH_BYTES) break;
      count += 1;
      byteCount += frame.length;
    }
    return this.#queue.splice(0, count);
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const seconds = await this.#inTime(this.#write(Buffer.concat(batch.map(({ frame }) => frame))));
      this.#options.onFlushed(seconds);
    } catch (cause) {
      this.fail(cause);
    }
    if (this.#failure !== null) return this.#refuse(batch, this.#failure);
    for (const { frame, seq, durable } of batch) {
      durable(this.#segment, this.#segment.byteCount);
      this.#segment.byteCount += frame.length;
      this.pendingBytes -= frame.length;
      if (seq !== null) this.#nextSeq = seq + 1;
    }
    for (const { answer } of batch) answer(ok(undefined));
    this.#options.onAppended();
  }

  /** On stable storage when it resolves, with the seconds that the flush took. */
  async #write(bytes: Buffer): Promise<number> {
    await this.#file.append(bytes);
    const startedAt = performance.now();
    await this.#file.flush();
    return (performance.now() - startedAt) / 1_000;
  }

  /** Rejects where the disk does not answer. What it still does then counts for nothing until a restart reads it. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    let timer: Timer | undefined;
    const stalled = new Promise<never>((_, reject) => {
      let count = 0;
      timer = setInterval(() => {
        count += 1;
        if (count === STALL_TICKS) reject(new StalledDisk());
      }, this.#options.stalledMs / STALL_TICKS);
    });
    try {
      return await Promise.race([work, stalled]);
    } finally {
      clearInterval(timer);
    }
  }

  async #startSegment(): Promise<void> {
    try {
      const { files, directory, instanceId } = this.#options;
      const segment = new Segment(directory, this.#segment.number + 1, this.#nextSeq);
      const file = await this.#inTime(createSegment(files, directory, segment, instanceId, []));
      const before = this.#file;
      this.#file = file;
      this.#segment = segment;
      this.#options.onStarted(segment);
      await before.close();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #refuse(batch: readonly Waiting[], failure: SpoolFailure): void {
    for (const { frame, answer } of batch) {
      this.pendingBytes -= frame.length;
      answer(err(failure));
    }
  }
}
