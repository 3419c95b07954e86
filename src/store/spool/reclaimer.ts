import type { Appender } from "./appender.ts";
import type { SpoolFiles } from "./files.ts";
import { HEADERS_BYTES } from "./frame.ts";
import { type Ledger, placeItem } from "./ledger.ts";
import { readOpenItem } from "./reader.ts";
import type { Segment } from "./segment.ts";

/** Removes segments that nobody needs any more. */
export class Reclaimer {
  readonly #files: SpoolFiles;
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #ledger: Ledger;
  readonly #appender: Appender;
  readonly #mayGo: () => Promise<boolean>;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(
    files: SpoolFiles,
    directory: string,
    segmentBytes: number,
    ledger: Ledger,
    appender: Appender,
    mayGo: () => Promise<boolean>,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#ledger = ledger;
    this.#appender = appender;
    this.#mayGo = mayGo;
  }

  /** To be called when a segment may have become free. Does not fail: what fails is told to the appender. */
  wake(): void {
    if (this.#ledger.segments.length < 2) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Waits until nothing more can go. */
  async settle(): Promise<void> {
    this.wake();
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      // Whoever wakes it goes on first.
      await Promise.resolve();
      while (this.#again) {
        this.#again = false;
        while (this.#appender.failure === null && (await this.#removeOldest())) {}
      }
    } catch (cause) {
      this.#appender.fail(cause);
    } finally {
      this.#running = null;
    }
  }

  /**
   * INVARIANT: oldest first, each removal on stable storage before the next. A final may stand in a later segment than
   * its intent; were that one gone first, the request would look as if it had never ended.
   */
  async #removeOldest(): Promise<boolean> {
    const { segments, shippedSeq } = this.#ledger;
    const [oldest, next] = segments;
    if (oldest === undefined || next === undefined || oldest.lastSeq > shippedSeq) return false;
    if (oldest.openCount > 0) await this.#carryForward(oldest);
    if (oldest.openCount > 0 || !(await this.#mayGo())) return false;
    await this.#files.remove(oldest.path);
    segments.shift();
    await this.#files.flushDirectory(this.#directory);
    return true;
  }

  /**
   * Writes its open intents to the current segment again. Not where they are most of it: that would gain little room.
   * INVARIANT: what is carried never fills a segment by itself, else it would be carried on and on for as long as it is open.
   */
  async #carryForward(segment: Segment): Promise<void> {
    const items = [...this.#ledger.open.values()].filter((item) => item.segment === segment && !item.ending);
    if (items.reduce((sum, item) => sum + item.frameBytes, 0) > (this.#segmentBytes - HEADERS_BYTES) / 2) return;
    const carried: Promise<unknown>[] = [];
    for (const item of items) {
      const { bytes } = await readOpenItem(this.#files, item);
      // Its final may have been taken meanwhile; written after it, the intent would be open again.
      if (item.ending) continue;
      carried.push(
        this.#appender.append({ frame: bytes, seq: null, durable: (to, offset) => placeItem(item, to, offset) }),
      );
    }
    await Promise.all(carried);
  }
}
