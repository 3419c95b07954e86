import {
  type ActionRecord,
  columnChecksOf,
  isKnownVersion,
  type LogRecord,
  leafHash,
  type RequestRecord,
} from "../audit/record.ts";
import type { Result } from "../core/result.ts";

export type SpooledRecord = { readonly seq: number; readonly payload: Buffer };
export type Failure = { readonly message: string };

/** What a row takes. */
export type RequestToShip = {
  readonly record: RequestRecord;
  readonly leafHash: Uint8Array;
  readonly columnChecks: Uint8Array;
};

/** A record of the spool, read as far as it can be. */
export type Entry = { readonly spooled: SpooledRecord } & (
  | { readonly kind: "request"; readonly request: RequestToShip }
  | { readonly kind: "action"; readonly record: ActionRecord }
  /** A newer program wrote it, and may yet read it. */
  | { readonly kind: "unknown" }
  | { readonly kind: "unreadable" }
);

export type RequestEntry = Extract<Entry, { kind: "request" }>;

type Source = {
  read(after: number, maxRecords: number): Promise<Result<readonly SpooledRecord[], Failure>>;
};

/** Bounds on what one statement takes. With rows of the usual 1,400 bytes the first of them holds. */
export const MAX_BATCH_ROWS = 512;
const MAX_BATCH_BYTES = 1_048_576;
/** Bounds on what waits in memory: the batch that is being sent, and the next one. */
const MAX_AHEAD_ROWS = 2 * MAX_BATCH_ROWS;
const MAX_AHEAD_BYTES = 4 * MAX_BATCH_BYTES;
/** So many are made ready in one go: about 1 ms, after which others have their turn. */
const SLICE_ROWS = 64;

/** Reads the spool ahead of what is sent, so that the database need not wait for it. */
export class ReadAhead {
  readonly #source: Source;
  #entries: Entry[] = [];
  #bytes = 0;
  #readThrough: number;
  #filling: Promise<Failure | null> | null = null;

  constructor(source: Source, after: number) {
    this.#source = source;
    this.#readThrough = after;
  }

  get head(): Entry | undefined {
    return this.#entries[0];
  }

  get readThrough(): number {
    return this.#readThrough;
  }

  /** Reads until there is enough, or no more. Who calls it meanwhile waits for the same. */
  fill(): Promise<Failure | null> {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null;
    });
    return this.#filling;
  }

  async #fill(): Promise<Failure | null> {
    while (this.#entries.length < MAX_AHEAD_ROWS && this.#bytes < MAX_AHEAD_BYTES) {
      const read = await this.#source.read(this.#readThrough, SLICE_ROWS);
      if (!read.ok) return read.error;
      if (read.value.length === 0) return null;
      for (const spooled of read.value) this.#add(spooled);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return null;
  }

  /** The requests at the head, at most `maxRows` of them, and at least one. */
  requests(maxRows: number): readonly RequestEntry[] {
    const requests: RequestEntry[] = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      bytes += entry.spooled.payload.length;
      if (entry.kind !== "request" || requests.length === maxRows) break;
      if (bytes > MAX_BATCH_BYTES && requests.length > 0) break;
      requests.push(entry);
    }
    return requests;
  }

  /** How many of the entries at hand come no later than `seq`. */
  countThrough(seq: number): number {
    const after = this.#entries.findIndex((entry) => entry.spooled.seq > seq);
    return after === -1 ? this.#entries.length : after;
  }

  drop(count: number): void {
    for (const { spooled } of this.#entries.splice(0, count)) this.#bytes -= spooled.payload.length;
  }

  #add(spooled: SpooledRecord): void {
    this.#entries.push(entryOf(spooled));
    this.#bytes += spooled.payload.length;
    this.#readThrough = spooled.seq;
  }
}

function entryOf(spooled: SpooledRecord): Entry {
  const record = recordOf(spooled.payload);
  if (record === null) return { spooled, kind: "unreadable" };
  if (!isKnownVersion(record)) return { spooled, kind: "unknown" };
  if (record.kind !== "request") return { spooled, kind: "action", record };
  const { payload } = spooled;
  // The spool keeps records in their canonical form, so neither needs that made again.
  return {
    spooled,
    kind: "request",
    request: { record, leafHash: leafHash(payload), columnChecks: columnChecksOf(payload) },
  };
}

function recordOf(payload: Buffer): LogRecord | null {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return null;
  }
}
