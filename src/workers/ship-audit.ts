import { type ActionRecord, canonicalRecord, type QuarantineDetails } from "../audit/record.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { BackOff, type BackOffTimes } from "./back-off.ts";
import { Committed } from "./committed.ts";
import {
  type Entry,
  type Failure,
  MAX_BATCH_ROWS,
  ReadAhead,
  type RequestEntry,
  type RequestToShip,
  type SpooledRecord,
} from "./read-ahead.ts";
import { isRefusal, quarantineRecord, type ShipFailure } from "./refused-record.ts";

/** The spool, as far as whoever empties it needs it; `store/spool` says more. */
export interface SpoolToShip {
  readonly instanceId: string;
  readonly firstUnshippedSeq: number;
  read(after: number, maxRecords: number): Promise<Result<readonly SpooledRecord[], Failure>>;
  shippedThrough(seq: number): void;
  untilFinal(after: number, timeoutMs: number): Promise<void>;
  quarantine(record: SpooledRecord): Promise<Result<void, Failure>>;
  appendFinal(id: null, make: (seq: number) => Uint8Array): Promise<Result<number, Failure>>;
}

export type ShippingOptions = {
  readonly spool: SpoolToShip;
  /** Both commit what they are given, all or nothing of it, and write nothing twice. Their waits are bounded. */
  readonly sink: { ship(requests: readonly RequestToShip[]): Promise<Result<unknown, ShipFailure>> };
  readonly actions: { appendAction(record: ActionRecord): Promise<Result<unknown, ShipFailure>> };
  readonly telemetry: Pick<Telemetry, "auditShipped" | "auditShipFailed" | "auditRefused" | "bug">;
  readonly now: () => Date;
  readonly random?: () => number;
  readonly backOff?: BackOffTimes;
};

export type Shipping = {
  /** Sends what is left as long as that succeeds, at most for `timeoutMs`. The rest waits on the spool for the next start. */
  stop(timeoutMs: number): Promise<void>;
  /** Whether all records up to this one are committed in the database, once that is known or `timeoutMs` are over. */
  shippedThrough(seq: number, timeoutMs: number): Promise<boolean>;
  /**
   * Whether the database takes records, by what became of the last ones: it may answer, and yet refuse to write. Where
   * those failed they are tried again first, for `timeoutMs` at most.
   */
  takesRecords(timeoutMs: number): Promise<Result<void, Failure>>;
};

const BACK_OFF: BackOffTimes = { firstMs: 100, longestMs: 5_000 };
/** While somebody waits for a row, a database that came back is not left alone for longer. */
const LONGEST_AWAITED_MS = 500;
/** A database that is too slow for a whole batch gets fewer rows at once, but no fewer than this. */
const MIN_BATCH_ROWS = 16;
/**
 * Records that come one by one are sent together: a statement costs as much for one as for twenty, and on the embedded
 * database it takes the processor from requests. Whoever waits for a row ends it.
 */
const LINGER_MS = 50;
/** Only a bound: the spool says when there is more. */
const IDLE_MS = 60_000;

/**
 * Sends the spool's records to the database, in their order, for as long as the process runs. Whatever fails is tried
 * again; a record that the database can never hold is put aside, so that it does not keep back those after it.
 */
export function startShipping(options: ShippingOptions): Shipping {
  const shipper = new Shipper(options);
  const running = shipper.run();
  return {
    shippedThrough: (seq, timeoutMs) => shipper.committedThrough(seq, timeoutMs),
    takesRecords: (timeoutMs) => shipper.takesRecords(timeoutMs),
    async stop(timeoutMs) {
      shipper.finish();
      let timer: Timer | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([running, timeout]);
      clearTimeout(timer);
      shipper.abandon();
    },
  };
}

type Step = "worked" | "drained" | Failure;

class Shipper {
  readonly #options: ShippingOptions;
  readonly #ahead: ReadAhead;
  readonly #committed: Committed;
  readonly #backOff: BackOff;
  #state: "running" | "finishing" | "abandoned" = "running";
  #maxRows = MAX_BATCH_ROWS;
  /** One of the records up to here was refused, and nobody knows which one; 0 where none was. */
  #suspectThrough = 0;
  /** Of the last step, until something is committed. */
  #problem: Failure | null = null;
  // Ends the wait that is under way. Not a promise that each wait is raced against: it would remember all that ever were.
  #endPause = () => {};
  #endIdling = () => {};

  constructor(options: ShippingOptions) {
    const shipped = options.spool.firstUnshippedSeq - 1;
    this.#options = options;
    this.#ahead = new ReadAhead(options.spool, shipped);
    this.#committed = new Committed(shipped);
    this.#backOff = new BackOff(options.backOff ?? BACK_OFF, options.random ?? Math.random);
  }

  async run(): Promise<void> {
    while (this.#state !== "abandoned") {
      const step = await this.#step();
      if (typeof step === "string") this.#backOff.succeeded();
      this.#problem = typeof step === "string" ? null : step;
      if (step === "worked") continue;
      if (this.#state !== "running") return;
      if (step === "drained") await this.#untilMore();
      else await this.#pauseAfter(step);
    }
  }

  finish(): void {
    this.#state = "finishing";
    this.#endPause();
    this.#endIdling();
  }

  abandon(): void {
    this.#state = "abandoned";
    this.#committed.abandon();
  }

  committedThrough(seq: number, timeoutMs: number): Promise<boolean> {
    if (!this.#committed.isAwaited) this.#endPause();
    return this.#committed.until(seq, timeoutMs);
  }

  async takesRecords(timeoutMs: number): Promise<Result<void, Failure>> {
    if (this.#problem !== null) await this.committedThrough(this.#options.spool.firstUnshippedSeq, timeoutMs);
    return this.#problem === null ? ok(undefined) : err(this.#problem);
  }

  /** A bug must not end the only one who empties the spool. */
  async #step(): Promise<Step> {
    try {
      if (this.#ahead.head === undefined) {
        const failure = await this.#ahead.fill();
        if (failure !== null) return failure;
      }
      const { head } = this.#ahead;
      return head === undefined ? "drained" : ((await this.#send(head)) ?? "worked");
    } catch (error) {
      this.#options.telemetry.bug({ requestId: "none", error });
      return { message: "a bug in the gateway" };
    }
  }

  #send(head: Entry): Promise<Failure | null> {
    if (head.kind === "request") return this.#sendRequests();
    if (head.kind === "action") return this.#sendAction(head, head.record);
    if (head.kind === "unreadable") return this.#putAside(head, "unreadable", "it is no JSON");
    const { seq } = head.spooled;
    return Promise.resolve({ message: `record ${seq} of the spool was written by another version of this program` });
  }

  async #sendRequests(): Promise<Failure | null> {
    const entries = this.#ahead.requests(this.#nextRows());
    // Meanwhile the next batch is made ready. If that fails, the step that finds none will say so.
    const [failure] = await Promise.all([this.#sendBatch(entries), this.#ahead.fill()]);
    return failure;
  }

  async #sendBatch(entries: readonly RequestEntry[]): Promise<Failure | null> {
    const sent = await this.#options.sink.ship(entries.map(({ request }) => request));
    if (sent.ok) {
      this.#maxRows = Math.min(2 * this.#maxRows, MAX_BATCH_ROWS);
      this.#advance(entries);
      this.#options.telemetry.auditShipped({ count: entries.length });
      return null;
    }
    if (!isRefusal(sent.error)) {
      this.#maxRows = Math.max(Math.ceil(this.#maxRows / 2), MIN_BATCH_ROWS);
      return sent.error;
    }
    const [first] = entries;
    if (first !== undefined && entries.length === 1) return this.#putAside(first, "refused", sent.error.message);
    this.#suspectThrough = entries.at(-1)?.spooled.seq ?? 0;
    return null;
  }

  /** Of those among whom one was refused the first half, until it is alone. */
  #nextRows(): number {
    const suspects = this.#ahead.countThrough(this.#suspectThrough);
    return suspects > 0 ? Math.ceil(suspects / 2) : this.#maxRows;
  }

  async #sendAction(entry: Entry, record: ActionRecord): Promise<Failure | null> {
    const sent = await this.#options.actions.appendAction(record);
    if (sent.ok) {
      this.#advance([entry]);
      return null;
    }
    return isRefusal(sent.error) ? this.#putAside(entry, "refused", sent.error.message) : sent.error;
  }

  /** INVARIANT: the record is kept in a file, and the log is told of the gap, before the spool may forget it. */
  async #putAside(entry: Entry, reason: QuarantineDetails["reason"], cause: string): Promise<Failure | null> {
    const { spool, telemetry, now } = this.#options;
    const { spooled } = entry;
    const kept = await spool.quarantine(spooled);
    if (!kept.ok) return kept.error;
    // One that tells of a gap would be refused for the same cause: none tells of its own.
    if (entry.kind !== "action") {
      const told = await spool.appendFinal(null, (seq) =>
        Buffer.from(canonicalRecord(quarantineRecord(spooled, reason, now(), { id: spool.instanceId, seq }))),
      );
      if (!told.ok) return told.error;
    }
    this.#committed.refuse(spooled.seq);
    this.#suspectThrough = 0;
    this.#advance([entry]);
    telemetry.auditRefused({ instanceSeq: spooled.seq, cause });
    return null;
  }

  #advance(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    // After `abandon` the spool may be closed.
    if (last === undefined || this.#state === "abandoned") return;
    this.#ahead.drop(entries.length);
    this.#options.spool.shippedThrough(last.spooled.seq);
    // Before those who wait are told: they ask.
    this.#problem = null;
    this.#committed.advance(last.spooled.seq);
  }

  async #untilMore(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endIdling = resolve;
    await Promise.race([promise, this.#options.spool.untilFinal(this.#ahead.readThrough, IDLE_MS)]);
    this.#endIdling = () => {};
    if (this.#state === "running" && !this.#committed.isAwaited) await this.#rest(LINGER_MS);
  }

  async #pauseAfter({ message }: Failure): Promise<void> {
    const dueMs = this.#backOff.nextMs();
    const retryInMs = this.#committed.isAwaited ? Math.min(dueMs, LONGEST_AWAITED_MS) : dueMs;
    this.#options.telemetry.auditShipFailed({ cause: message, retryInMs });
    await this.#rest(retryInMs);
  }

  /** Ends early when the first one begins to wait for a row, and at the end. */
  async #rest(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endPause = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.#endPause = () => {};
  }
}
