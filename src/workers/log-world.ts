import type { Tile } from "../audit/tiles.ts";
import type { Result } from "../core/result.ts";
import type { NoteSigner, NoteVerifier } from "../core/signed-note.ts";

/** For the operator; names no secret. */
export type LogFailure = { readonly message: string };

/** What signing the log takes from the world. Nothing of it throws, and every wait is bounded. */
export type LogWorld = {
  readonly tree: LogTree;
  readonly outside: OutsideCheckpoint;
  readonly signer: NoteSigner;
  /** Keys of before, whose checkpoints are trusted. */
  readonly oldKeys: readonly NoteVerifier[];
};

/** The log in the database. An answer that is ok is committed. */
export interface LogTree {
  /** As of one moment; null where the log has lost its state. */
  head(): Promise<Result<LogHead | null, LogFailure>>;
  /** From `from` on, at most `maxCount`, one hash behind the other. */
  leaves(
    from: number,
    maxCount: number,
  ): Promise<Result<{ readonly hashes: Uint8Array; readonly brokenAt: number | null }, LogFailure>>;
  /** Those that are there; they may have more hashes by now. */
  tiles(wanted: readonly Pick<Tile, "level" | "index">[]): Promise<Result<readonly Tile[], LogFailure>>;
  /** False where another replica was first; then nothing is written. */
  grow(grown: {
    readonly fromSize: number;
    readonly size: number;
    readonly rootHash: Uint8Array;
    readonly tiles: readonly Tile[];
    readonly note: string;
    readonly verifierKey: string;
  }): Promise<Result<boolean, LogFailure>>;
}

export type LogHead = {
  readonly nextIndex: number;
  readonly treeSize: number;
  readonly checkpoint: {
    readonly size: number;
    readonly rootHash: Uint8Array;
    readonly note: string;
    readonly ageMs: number;
  } | null;
};

/** The last checkpoint, outside the database. */
export interface OutsideCheckpoint {
  readonly path: string;
  read(): Promise<Result<string | null, LogFailure>>;
  /** On ok it survives a power failure. */
  replace(note: string): Promise<Result<void, LogFailure>>;
  setAside(suffix: string): Promise<Result<void, LogFailure>>;
}
