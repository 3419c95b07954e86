import { HASH_BYTES } from "../merkle.ts";
import { TILE_WIDTH, tileWidth } from "../tiles.ts";
import type { AuditFault } from "./fault.ts";
import type { StoredTile } from "./pages.ts";
import type { SignedRoot } from "./tree-check.ts";
import type { Finding } from "./tree-reading.ts";

export const missingTile = (level: number, index: number, leafIndex: number): AuditFault => ({
  code: "tile_missing",
  place: "audit_tiles",
  columns: ["level", "tile_index"],
  leafIndex,
  subject: `${level}/${index}`,
  message: `Tile ${index} of level ${level} is not there, or shorter than the tree.`,
});

/** What tile `index` of the level below hashes to is not what stands above it, and the leaves are those that were signed. */
export function parentDiffers(level: number, index: number): Finding {
  const tile = Math.floor(index / TILE_WIDTH);
  const message = `Hash ${index % TILE_WIDTH} of tile ${tile} of level ${level} is not that of the tile below it.`;
  const at = { leafIndex: index * TILE_WIDTH ** level, subject: `${level}/${tile}` };
  return { fault: { code: "tile_changed", place: "audit_tiles", columns: ["hashes"], ...at, message }, range: null };
}

/** A tile of level 0 that the tile above and a signed root say was another one. */
export function tileDiffers(index: number): Finding {
  const from = index * TILE_WIDTH;
  const message = `Tile ${index} of level 0 is not the one that was signed.`;
  const at = { leafIndex: from, subject: `0/${index}` };
  return {
    fault: { code: "tile_changed", place: "audit_tiles", columns: ["hashes"], ...at, message },
    range: { from, to: from + TILE_WIDTH },
  };
}

/** The tree is none that was signed at this size, nor at any larger one. */
export function rootNotFound({ size, file }: SignedRoot, matchedSize: number): AuditFault {
  const span = `Between leaf ${matchedSize} and leaf ${size - 1}`;
  if (file !== null) {
    const message = `${span} the tree is not the one of ${file}, which is signed: one of them was replaced.`;
    const at = { leafIndex: matchedSize, subject: `${size}` };
    return { code: "checkpoint_of_another_tree", place: "checkpoint_file", columns: [], ...at, message };
  }
  return {
    code: "tile_changed",
    place: "audit_tiles",
    columns: ["hashes"],
    leafIndex: matchedSize,
    subject: `0/${Math.floor(matchedSize / TILE_WIDTH)}`,
    message: `${span} the tiles are not those that the checkpoint of ${size} leaves was signed for.`,
  };
}

/** A root that was signed, although trees before and after it are this one and it is of none of them. */
export function foreignRoot({ size, file }: SignedRoot): Finding {
  const at = { code: "checkpoint_of_another_tree", leafIndex: size - 1, subject: `${size}` } as const;
  const message =
    file === null
      ? `The checkpoint of ${size} leaves is signed, and is of another tree.`
      : `${file} is signed for ${size} leaves, and is of another tree.`;
  const place = file === null ? "audit_checkpoints" : "checkpoint_file";
  return { fault: { ...at, place, columns: file === null ? ["root_hash", "note"] : [], message }, range: null };
}

/** A tile has no more hashes than the tree of that moment has there. */
export function tooLong(level: number, tile: StoredTile | null, size: number): readonly AuditFault[] {
  if (tile === null) return [];
  const { index, hashes, treeSize } = tile;
  const width = tileWidth(level, index, Math.max(size, treeSize));
  if (hashes.length <= width * HASH_BYTES) return [];
  const message = `Tile ${index} of level ${level} has more hashes than the tree.`;
  const at = { leafIndex: (index * TILE_WIDTH + width) * TILE_WIDTH ** level, subject: `${level}/${index}` };
  return [{ code: "tile_changed", place: "audit_tiles", columns: ["hashes"], ...at, message }];
}

export const strayTile = ({ level, index }: { readonly level: number; readonly index: number }): AuditFault => ({
  code: "tile_unexpected",
  place: "audit_tiles",
  columns: ["level", "tile_index"],
  leafIndex: null,
  subject: `${level}/${index}`,
  message: `The tree has no tile ${index} of level ${level}.`,
});

/** Of a page of one level, in order; nothing but its key keeps a tile from being there twice. */
export const twice = (level: number, tiles: readonly StoredTile[]): readonly AuditFault[] =>
  tiles
    .filter(({ index }, at) => tiles[at - 1]?.index === index)
    .map(({ index }) => ({
      ...strayTile({ level, index }),
      message: `Tile ${index} of level ${level} is there twice.`,
    }));
