import { ok, type Result } from "../../core/result.ts";
import { type CompactRange, HASH_BYTES } from "../merkle.ts";
import { TILE_WIDTH, tileWidth } from "../tiles.ts";
import type { ReadFailure, StoredTile } from "./pages.ts";
import { pinpoint } from "./pinpoint.ts";
import { type RootOptions, SignedRoots } from "./signed-roots.ts";
import { TilesAbove } from "./tiles-above.ts";
import { TreeCheck } from "./tree-check.ts";
import { strayTile, tooLong, twice } from "./tree-faults.ts";
import type { Span } from "./tree-reading.ts";

/** Half a megabyte. */
const PAGE_TILES = 64;

export type VerifiedTree = {
  readonly checkpointCount: number;
  /** Signed roots that are the tree's. */
  readonly matchedCount: number;
  readonly tileCount: number;
  /** Leaves whose tile is not what was signed, or not there: it says nothing of rows. */
  readonly suspects: readonly Span[];
  /** Up to here there is a tree to compare with. */
  readonly knownSize: number;
  /** Of the first checkpoint; null where there is none. */
  readonly firstSignedAt: number | null;
  /** The tree over all leaves in tiles; null where some of it is not there. */
  readonly edge: CompactRange | null;
};

/** All tiles, all checkpoints, and every root that was signed, whatever of the rows is read. */
export async function verifyTree(options: RootOptions): Promise<Result<VerifiedTree, ReadFailure>> {
  const { pages, size, faults } = options;
  const [check, roots] = [new TreeCheck(), new SignedRoots(options)];
  const built = await build(options, check, roots);
  if (!built.ok) return built;
  // Those of trees that the tiles do not reach, since they were signed meanwhile or say so of themselves.
  const rest = await roots.upTo(Number.POSITIVE_INFINITY);
  if (!rest.ok) return rest;
  const strays = await pages.strayTiles(size);
  if (!strays.ok) return strays;
  const findings = check.finish();
  const pinpointed = await pinpoint(pages, findings);
  if (!pinpointed.ok) return pinpointed;
  faults.add(...strays.value.map(strayTile), ...pinpointed.value);
  const lost = check.lostAt === null ? [] : [{ from: check.lostAt, to: size }];
  return ok({
    checkpointCount: roots.checkpointCount,
    matchedCount: check.matchedCount,
    tileCount: Math.ceil(size / TILE_WIDTH),
    knownSize: check.lostAt ?? size,
    suspects: [...findings.flatMap(({ range }) => (range === null ? [] : [range])), ...lost],
    firstSignedAt: roots.firstSignedAt,
    edge: check.edge(),
  });
}

async function build(
  { pages, size, faults }: RootOptions,
  check: TreeCheck,
  roots: SignedRoots,
): Promise<Result<void, ReadFailure>> {
  const above = new TilesAbove(pages, size);
  const tileCount = Math.ceil(size / TILE_WIDTH);
  // Where the tree is lost nothing is compared any more, however large it says it is.
  for (let first = 0; first < tileCount && check.lostAt === null; first += PAGE_TILES) {
    const count = Math.min(PAGE_TILES, tileCount - first);
    const page = await pages.tiles(0, first, count);
    if (!page.ok) return page;
    const stored = new Map(page.value.map((tile) => [tile.index, tile]));
    faults.add(...twice(0, page.value));
    for (let index = first; index < first + count; index++) {
      const width = tileWidth(0, index, size);
      const due = await roots.upTo(index * TILE_WIDTH + width);
      if (!due.ok) return due;
      const parents = width === TILE_WIDTH ? await above.of(index) : ok([]);
      if (!parents.ok) return parents;
      const tile = stored.get(index) ?? null;
      faults.add(...tooLong(0, tile, size));
      check.add({ index, width, hashes: hashesOf(tile, width), parents: parents.value, roots: due.value });
    }
  }
  faults.add(...above.faults);
  return ok(undefined);
}

const hashesOf = (tile: StoredTile | null, width: number): Uint8Array | null =>
  tile === null || tile.hashes.length < width * HASH_BYTES ? null : tile.hashes.subarray(0, width * HASH_BYTES);
