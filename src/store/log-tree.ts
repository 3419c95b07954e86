import getHead from "../../db/queries/audit_log/get_head.sql" with { type: "text" };
import growTree from "../../db/queries/audit_log/grow_tree.sql" with { type: "text" };
import listLeaves from "../../db/queries/audit_log/list_leaves.sql" with { type: "text" };
import listTiles from "../../db/queries/audit_log/list_tiles.sql" with { type: "text" };
import type { Tile } from "../audit/tiles.ts";
import { ok, type Result } from "../core/result.ts";
import type { Database, DatabaseFailure } from "./database.ts";

/** How far the log is in the database, all of it as of one moment. */
export type LogHead = {
  /** The index that the next leaf gets: so many are sequenced. */
  readonly nextIndex: number;
  /** So many of them are in the tree. */
  readonly treeSize: number;
  /** The newest one; null before the first. */
  readonly checkpoint: StoredCheckpoint | null;
};

export type StoredCheckpoint = {
  readonly size: number;
  readonly rootHash: Uint8Array;
  readonly note: string;
  /** By the database's clock, so it is less than 0 where that was set back. */
  readonly ageMs: number;
};

export type SequencedLeaves = {
  /** One behind the other, from the index that was asked for. */
  readonly hashes: Uint8Array;
  /** The first index among them that is missing or there twice; null where all are in their place. */
  readonly brokenAt: number | null;
};

export type Grown = {
  readonly fromSize: number;
  readonly size: number;
  readonly rootHash: Uint8Array;
  readonly tiles: readonly Tile[];
  readonly note: string;
  readonly verifierKey: string;
};

type HeadRow = {
  readonly next_index: string;
  readonly tree_size: string;
  readonly checkpoint_size: string | null;
  readonly root_hash: Uint8Array | null;
  readonly note: string | null;
  readonly checkpoint_age_ms: number | null;
};
type TileRow = { readonly level: number; readonly tile_index: string; readonly hashes: Uint8Array };

/** The tree over the sequenced leaves. Every method is one statement, committed when it answers ok. */
export function createLogTree(database: Database) {
  return {
    /** Null where the tables of the log have lost their one row of state. */
    async head(): Promise<Result<LogHead | null, DatabaseFailure>> {
      const read = await database.query<HeadRow>(getHead, []);
      if (!read.ok) return read;
      const [row] = read.value;
      return ok(row === undefined ? null : toHead(row));
    },

    async leaves(from: number, maxCount: number): Promise<Result<SequencedLeaves, DatabaseFailure>> {
      const read = await database.query<{ hashes: Uint8Array; broken_at: string | null }>(listLeaves, [from, maxCount]);
      if (!read.ok) return read;
      const [row] = read.value;
      if (row === undefined) throw new Error("an aggregate gave no row");
      return ok({ hashes: row.hashes, brokenAt: row.broken_at === null ? null : Number(row.broken_at) });
    },

    /** Those that are there, in no order. They may have more hashes than their tree had once. */
    async tiles(wanted: readonly Pick<Tile, "level" | "index">[]): Promise<Result<readonly Tile[], DatabaseFailure>> {
      if (wanted.length === 0) return ok([]);
      const refs = wanted.map(({ level, index }) => ({ level, tile_index: index }));
      const read = await database.query<TileRow>(listTiles, [JSON.stringify(refs)]);
      if (!read.ok) return read;
      return ok(read.value.map(({ level, tile_index, hashes }) => ({ level, index: Number(tile_index), hashes })));
    },

    /** False, and nothing was written, where the tree is not of `fromSize` any more: another replica was first. */
    async grow({ fromSize, size, ...grown }: Grown): Promise<Result<boolean, DatabaseFailure>> {
      const tiles = grown.tiles.map(({ level, index, hashes }) => ({
        level,
        tile_index: index,
        hashes: toBase64(hashes),
      }));
      const root = toBase64(grown.rootHash);
      const parameters = [fromSize, size, JSON.stringify(tiles), root, grown.note, grown.verifierKey];
      const written = await database.query(growTree, parameters);
      return written.ok ? ok(written.value.length === 1) : written;
    },
  };
}

function toHead({ checkpoint_size, root_hash, note, checkpoint_age_ms, ...row }: HeadRow): LogHead {
  const hasCheckpoint = checkpoint_size !== null && root_hash !== null && note !== null;
  return {
    nextIndex: Number(row.next_index),
    treeSize: Number(row.tree_size),
    checkpoint: hasCheckpoint
      ? { size: Number(checkpoint_size), rootHash: root_hash, note, ageMs: checkpoint_age_ms ?? 0 }
      : null,
  };
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
