import type { Result } from "../../core/result.ts";
import type { SpoolFiles } from "./files.ts";

/**
 * The audit's stable storage on this machine: append-only segments under one directory, held by one process.
 * `frame.ts` has the format. Whatever an append answered ok to survives the death of the process
 * and of the machine, until `shippedThrough` says that it is committed elsewhere.
 */
export interface Spool {
  /** Made with the directory's first segment (a UUID); it stays as long as the directory does. */
  readonly instanceId: string;
  /** Of finals that are on stable storage, the one that `read` would give first: 1 more than what was shipped. */
  readonly firstUnshippedSeq: number;
  /** Of the newest final on stable storage; 0 before the first one. */
  readonly lastDurableSeq: number;

  /** What a request is about to do. Refused when the spool is full, failed or closed. Ids may be up to 255 bytes. */
  appendIntent(id: string, payload: Uint8Array): Promise<Result<void, SpoolFailure>>;
  /**
   * How it ended; gives its number. Numbers start at 1 and have no gaps; `make` is called with the next one, at once and
   * once. The intent `id`, an orphan or a loss has then ended; one that is not open is refused, so nothing ends twice.
   * Null is for records that end nothing. Taken also when the spool is full.
   */
  appendFinal(id: string | null, make: (seq: number) => Uint8Array): Promise<Result<number, SpoolFailure>>;

  /**
   * Finals on stable storage with a number greater than `after`, in order, but none that was shipped. May give fewer
   * than `maxRecords` though there are more; it gives none only where there is none.
   */
  read(after: number, maxRecords: number): Promise<Result<readonly SpooledRecord[], SpoolFailure>>;
  /** All finals up to `seq` are committed elsewhere: their segments may go. */
  shippedThrough(seq: number): void;
  /** Resolves when `lastDurableSeq > after`, after `timeoutMs`, or when the spool is closed, whichever is first. */
  untilFinal(after: number, timeoutMs: number): Promise<void>;

  /** Keeps a record that nobody takes in `quarantine/`. Only then may `shippedThrough` pass it. */
  quarantine(record: SpooledRecord): Promise<Result<void, SpoolFailure>>;
  status(): SpoolStatus;
  /** Takes nothing more, waits for what was taken, and gives the directory back. What was shipped is not kept in it. */
  close(): Promise<void>;
}

export type SpoolOptions = {
  readonly directory: string;
  /** Of all segments together. From there on no intent is taken; finals of those that were taken still are. */
  readonly maxBytes: number;
  /** A segment that has reached it is followed by a new one. Never more than a quarter of `maxBytes`. */
  readonly segmentBytes?: number;
  /** So does one that holds finals and is as old, so that what was shipped does not stay here for long. */
  readonly segmentMs?: number;
  /** A disk that takes longer for one write and flush, in milliseconds, is taken for one that failed: nobody waits longer. */
  readonly stalledMs?: number;
  readonly files?: SpoolFiles;
  readonly now?: () => Date;
  /**
   * Asked before a segment goes: whether what was shipped from it is on stable storage where it was shipped to. While it
   * is not, the segment stays, and is shipped again by the next process.
   */
  readonly maySegmentsGo?: () => Promise<boolean>;
  /** After every flush of appended records. */
  readonly onFlushed?: (seconds: number) => void;
  /** Once, when the spool stops taking anything. */
  readonly onFailed?: (reason: string) => void;
};

export type OpenedSpool = {
  readonly spool: Spool;
  /** Intents without a final: their process died. Each is told again at every start until a final ends it. */
  readonly orphans: readonly { readonly id: string; readonly payload: Buffer }[];
  /** Of a write that the last process did not finish, so nobody was told that it succeeded. */
  readonly truncatedBytes: number;
  readonly quarantined: readonly SpoolLoss[];
};

/** Bytes that are no frames any more. Each loss is told again at every start until a final with its id ends it. */
export type SpoolLoss = {
  readonly id: string;
  /** In `quarantine/`; empty where nothing is left of them. */
  readonly file: string;
  readonly byteCount: number;
  /** Numbers of finals that are not there any more, ascending; of a damaged end those that may have been there. */
  readonly missingSeqs: readonly number[];
};

export type SpooledRecord = { readonly seq: number; readonly payload: Buffer };

export type SpoolFailure = {
  /**
   * `held`: another process has the directory. `unreadable`: nothing in it says whose numbers these are.
   * `not_open`: the final is of no open intent. `duplicate`: an intent of that id is open. The rest is what it says.
   */
  readonly kind:
    | "full"
    | "failed"
    | "closed"
    | "too_large"
    | "duplicate"
    | "not_open"
    | "held"
    | "unusable"
    | "unreadable";
  /** A full sentence for the operator; it quotes no record. */
  readonly message: string;
};

export type SpoolStatus = {
  readonly state: "open" | "full" | "failed";
  readonly reason: string | null;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly unshippedCount: number;
  readonly oldestUnshippedAt: Date | null;
};

/** Of an intent's payload. Finals may have twice that, so an intent that was taken can always be ended. */
export const MAX_INTENT_BYTES = 1_048_576;
export const MAX_FINAL_BYTES = 2 * MAX_INTENT_BYTES;
