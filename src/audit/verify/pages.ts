import type { JsonValue } from "../../core/json.ts";
import type { Result } from "../../core/result.ts";
import type { ActionRecord, ErasureDetails, RequestRecord } from "../record.ts";

/** Why the audit cannot be read. */
export type ReadFailure = { readonly message: string };
type Read<T> = Promise<Result<T, ReadFailure>>;

/** How far the log is, as one statement saw it. */
export type LogHead = {
  /** All indices below it are leaves. */
  readonly nextIndex: number;
  /** How many of them are in tiles and under a checkpoint. */
  readonly treeSize: number;
  /** The one of the largest tree; null before the first one. */
  readonly newest: StoredCheckpoint | null;
};

export type StoredCheckpoint = {
  readonly treeSize: number;
  readonly rootHash: Uint8Array;
  readonly note: string;
  /** Microseconds since 1970, by the clock of the database. */
  readonly signedAt: number;
};

export type StoredTile = {
  readonly index: number;
  readonly hashes: Uint8Array;
  /** Of `audit_log_tree`, as the same statement saw it: the tree grows while it is verified. */
  readonly treeSize: number;
};

/** Values that somebody changed can be anything of their column's type: numbers may be unsafe or none. */
export type StoredRow = {
  /** As its columns make it; erased columns are null in it. */
  readonly record: RequestRecord;
  readonly columnChecks: Uint8Array | null;
  /** Microseconds since 1970, as all times here; null where the row is whole. */
  readonly erasedAt: number | null;
  /** Of the columns that erasure empties, those that hold something. */
  readonly filled: readonly string[];
  /** The action of the log that erased it; null where there is none. */
  readonly erasure: { readonly performedAt: number; readonly leafIndex: number } | null;
};

export type StoredLeaf = {
  readonly leafIndex: number;
  readonly requestId: string;
  readonly receivedAt: number;
  readonly leafHash: Uint8Array;
  /** The row of that id and time. */
  readonly row: StoredRow | null;
};

export type StoredAction = {
  readonly leafIndex: number;
  readonly leafHash: Uint8Array;
  readonly record: ActionRecord;
};

/** A row of `audit_events`, as far as it takes to ask whether it has a leaf. */
export type ListedRow = {
  readonly requestId: string;
  readonly receivedAt: number;
  readonly recordVersion: number;
  readonly hasLeaf: boolean;
};

export type StoredPolicy = {
  readonly hash: string;
  readonly name: string;
  readonly version: number;
  readonly document: JsonValue;
};

export type TimedPolicy = StoredPolicy & { readonly firstActivatedAt: number; readonly lastActivatedAt: number };

/**
 * The tables of the audit, page by page; each page is as one statement saw it. Nothing of it is trusted. Pages are in the
 * order of their keys, and none is longer than its implementation can hold in memory with ease.
 */
export interface AuditPages {
  head(): Read<LogHead>;
  /** Tiles of a level from an index on, at most `limit`. */
  tiles(level: number, from: number, limit: number): Read<readonly StoredTile[]>;
  /** Tiles that no tree of `size` leaves has, nor one of the size that the tree has by now; some of them. */
  strayTiles(size: number): Read<readonly { readonly level: number; readonly index: number }[]>;
  /** Checkpoints of trees larger than `after`, at most `limit`; with `after` null all of them. */
  checkpoints(after: number | null, limit: number): Read<readonly StoredCheckpoint[]>;
  /** Leaves of rows from index `from` to before `to`. */
  leaves(from: number, to: number): Read<readonly StoredLeaf[]>;
  /** Hashes of leaves of rows and of actions from `from` to before `to`, in order; fewer where some are not there. */
  leafHashes(from: number, to: number): Read<readonly { readonly leafIndex: number; readonly leafHash: Uint8Array }[]>;
  /** How many leaves of rows and of actions there are from `from` to before `to`. */
  countLeaves(from: number, to: number): Read<number>;
  /** Of the rows that these erasures name, the leaf indices of those that are not empty. */
  unerased(erasures: readonly ErasureDetails[]): Read<readonly number[]>;
  /** Actions from index `from` to before `to`, at most `limit`. */
  actions(from: number, to: number, limit: number): Read<readonly StoredAction[]>;
  /** Leaves of rows and actions beyond what is sequenced; some of them. */
  strayLeaves(): Read<readonly { readonly place: "audit_leaves" | "audit_actions"; readonly leafIndex: number }[]>;
  /** The least index of a leaf whose row was received at `since` or later; null where there is none. */
  firstLeafSince(since: number): Read<number | null>;
  /** Rows received at `since` or later (all of them where it is null) after the one that `after` names. */
  rows(
    since: number | null,
    after: string | null,
    limit: number,
  ): Read<{
    readonly rows: readonly ListedRow[];
    /** Null at the end. */
    readonly next: string | null;
  }>;
  /** Rows of that id, or received at that very time; some of them. */
  similarRows(requestId: string, receivedAt: number): Read<readonly StoredRow[]>;
  /** Keys that signed checkpoints of this log, as the database has them. */
  verifierKeys(): Read<readonly string[]>;
  policies(after: string | null, limit: number): Read<readonly TimedPolicy[]>;
  policy(hash: string): Read<StoredPolicy | null>;
}
