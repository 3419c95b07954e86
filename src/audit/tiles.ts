import {
  consistencyRanges,
  emptyRoot,
  HASH_BYTES,
  hashesOf,
  inclusionRanges,
  isSize,
  joinNodes,
  type LeafRange,
  perfectSubtrees,
  rootOf,
  type TreeNode,
} from "./merkle.ts";

/**
 * A Merkle tree as C2SP tlog-tiles keeps it (https://c2sp.org/tlog-tiles): rows of up to 256 hashes. Those of level 0 are
 * leaves, each one above is the root of a full tile of the level below. A tile only ever grows at its end.
 */
export type Tile = {
  readonly level: number;
  readonly index: number;
  /** 1 to 256 hashes, one behind the other. */
  readonly hashes: Uint8Array;
};

/** A tile of which the first `width` hashes are meant. */
export type TileRef = { readonly level: number; readonly index: number; readonly width: number };

/** At least the first `width` hashes of a tile; null where there is no such tile. Fewer count as none. */
export type ReadTile = (level: number, index: number, width: number) => Uint8Array | null;

export const TILE_WIDTH = 256;
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const TILE_HEIGHT = 8;
/** Of the last level that a tree has whose size is a safe integer. */
export const MAX_TILE_LEVEL = 6;

/** How many hashes a tile has in a tree of that size, 0 to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, hashes));
}

/** The partial tiles at the right edge of a tree, lowest level first. The root follows from them, and how it grows. */
export function edgeTilesOf(size: number): readonly TileRef[] {
  const refs: TileRef[] = [];
  for (let level = 0; level <= MAX_TILE_LEVEL; level++) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1));
    const width = tileWidth(level, index, size);
    if (width > 0) refs.push({ level, index, width });
  }
  return refs;
}

/** Reads from tiles that were fetched before; the last one of a level and index counts. */
export function readerOf(tiles: Iterable<Tile>): ReadTile {
  const known = new Map<string, Uint8Array>();
  for (const { level, index, hashes } of tiles) known.set(`${level}/${index}`, hashes);
  return (level, index) => known.get(`${level}/${index}`) ?? null;
}

/** Every tile that `inclusionProof` reads. */
export const tilesForInclusion = (index: number, size: number): readonly TileRef[] =>
  tilesOfRanges(inclusionRanges(index, size), size);

/** Every tile that `consistencyProof` reads. */
export const tilesForConsistency = (from: number, to: number): readonly TileRef[] =>
  tilesOfRanges(consistencyRanges(from, to), to);

/** The proof that a leaf stands at `index` (RFC 6962, 2.1.1), the sibling first; null where a tile is missing. */
export const inclusionProof = (index: number, size: number, readTile: ReadTile): readonly Buffer[] | null =>
  rootsOfRanges(inclusionRanges(index, size), size, readTile);

/** The proof that the tree of `to` leaves begins with the one of `from` (RFC 6962, 2.1.2); null where a tile is missing. */
export const consistencyProof = (from: number, to: number, readTile: ReadTile): readonly Buffer[] | null =>
  rootsOfRanges(consistencyRanges(from, to), to, readTile);

/**
 * The root of the tree of that size, from its edge tiles (or from longer ones: tiles of a larger tree give the roots of
 * smaller ones, too); null where one is missing.
 */
export function rootFromTiles(size: number, readTile: ReadTile): Buffer | null {
  return size === 0 ? emptyRoot() : rootOfRange({ start: 0, end: size }, size, readTile);
}

export type Extension = {
  readonly size: number;
  readonly root: Buffer;
  /** Whole tiles that are new or have grown, lowest level first. */
  readonly tiles: readonly Tile[];
};

/**
 * Appends leaf hashes to a tree of `oldSize` leaves. `edgeTiles` are those that `edgeTilesOf(oldSize)` names; null where
 * one of them is missing or too short.
 */
export function extendTiles(
  oldSize: number,
  edgeTiles: readonly Tile[],
  leaves: readonly Uint8Array[],
): Extension | null {
  const tiles: Tile[] = [];
  const readEdge = readerOf(edgeTiles);
  let added = leaves;
  for (let level = 0; added.length > 0; level++) {
    const index = Math.floor(oldSize / TILE_WIDTH ** (level + 1));
    const width = tileWidth(level, index, oldSize);
    const kept = width === 0 ? new Uint8Array(0) : readHashes(readEdge, { level, index, width });
    if (kept === null) return null;
    const grown = cutTiles(level, index, Buffer.concat([kept, ...added]));
    tiles.push(...grown);
    added = grown.filter(({ hashes }) => hashes.length === TILE_BYTES).map(({ hashes }) => tileRoot(hashes));
  }
  const size = oldSize + leaves.length;
  const root = rootFromTiles(size, readerOf([...edgeTiles, ...tiles]));
  return root === null ? null : { size, root, tiles };
}

/** The root over all hashes of a tile. Where it is full, it stands in a tile of the level above. */
export const tileRoot = (hashes: Uint8Array): Buffer => rootOf(hashesOf(hashes));

/** `<level>/<index>[.p/<width>]`, where index 1234067 is written as `x001/x234/067`. */
export function formatTilePath({ level, index, width }: TileRef): string {
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g) ?? [];
  const path = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join("/");
  return `${level}/${path}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Null for what `formatTilePath` does not write, and for levels and indices that no tree has. */
export function parseTilePath(path: string): TileRef | null {
  const [, level = "", index = "", width = `${TILE_WIDTH}`] = PATH.exec(path) ?? [];
  const ref = { level: Number(level), index: Number(index.replaceAll(/[x/]/g, "")), width: Number(width) };
  const isTile = ref.level <= MAX_TILE_LEVEL && isSize(ref.index * TILE_WIDTH ** (ref.level + 1));
  return isTile && ref.width >= 1 && ref.width <= TILE_WIDTH && formatTilePath(ref) === path ? ref : null;
}

/** An index has no more than 16 digits. */
const PATH = /^(\d)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

function cutTiles(level: number, firstIndex: number, hashes: Buffer): readonly Tile[] {
  const count = Math.ceil(hashes.length / TILE_BYTES);
  return Array.from({ length: count }, (_, tile) => ({
    level,
    index: firstIndex + tile,
    hashes: hashes.subarray(tile * TILE_BYTES, (tile + 1) * TILE_BYTES),
  }));
}

/** Where the hashes stand that a perfect subtree is made of. */
function placeOf(
  { height, index }: TreeNode,
  size: number,
): TileRef & { readonly first: number; readonly count: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const tile = Math.floor((index * count) / TILE_WIDTH);
  return { level, index: tile, width: tileWidth(level, tile, size), first: (index * count) % TILE_WIDTH, count };
}

function tilesOfRanges(ranges: readonly LeafRange[], size: number): readonly TileRef[] {
  const refs = new Map<string, TileRef>();
  for (const { start, end } of ranges) {
    for (const node of perfectSubtrees(start, end)) {
      const { level, index, width } = placeOf(node, size);
      refs.set(`${level}/${index}`, { level, index, width });
    }
  }
  return [...refs.values()];
}

function rootsOfRanges(ranges: readonly LeafRange[], size: number, readTile: ReadTile): readonly Buffer[] | null {
  const roots = ranges.map((range) => rootOfRange(range, size, readTile));
  return roots.every((root) => root !== null) ? roots : null;
}

function rootOfRange({ start, end }: LeafRange, size: number, readTile: ReadTile): Buffer | null {
  const nodes = perfectSubtrees(start, end).map((node) => readNode(node, size, readTile));
  return nodes.every((node) => node !== null) ? joinNodes(nodes) : null;
}

function readNode(node: TreeNode, size: number, readTile: ReadTile): Buffer | null {
  const { first, count, ...ref } = placeOf(node, size);
  const hashes = readHashes(readTile, ref);
  return hashes === null ? null : tileRoot(hashes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES));
}

/** Exactly as many hashes as asked for. */
function readHashes(readTile: ReadTile, { level, index, width }: TileRef): Uint8Array | null {
  const hashes = readTile(level, index, width);
  return hashes === null || hashes.length < width * HASH_BYTES ? null : hashes.subarray(0, width * HASH_BYTES);
}
