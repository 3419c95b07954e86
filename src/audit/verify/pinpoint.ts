import { ok, type Result } from "../../core/result.ts";
import { HASH_BYTES } from "../merkle.ts";
import { TILE_WIDTH } from "../tiles.ts";
import type { AuditFault } from "./fault.ts";
import type { AuditPages, ReadFailure } from "./pages.ts";
import type { Finding, Span } from "./tree-reading.ts";

/** Where leaves are still there, they say which hash of a tile is wrong; where none differs, the tile is not. */
export async function pinpoint(
  pages: AuditPages,
  findings: readonly Finding[],
): Promise<Result<readonly AuditFault[], ReadFailure>> {
  const faults: AuditFault[] = [];
  for (const { fault, range } of findings) {
    if (range === null || fault.place !== "audit_tiles") {
      faults.push(fault);
      continue;
    }
    const differing = await firstDiffering(pages, range);
    if (!differing.ok) return differing;
    const index = differing.value;
    if (index === null) faults.push(fault);
    else {
      const [tile, at] = [Math.floor(index / TILE_WIDTH), index % TILE_WIDTH];
      const message = `Hash ${at} of tile ${tile} of level 0 is not that of leaf ${index}, which was signed.`;
      faults.push({ ...fault, leafIndex: index, subject: `0/${tile}`, message });
    }
  }
  return ok(faults);
}

async function firstDiffering(pages: AuditPages, { from, to }: Span): Promise<Result<number | null, ReadFailure>> {
  for (let start = from - (from % TILE_WIDTH); start < to; start += TILE_WIDTH) {
    const tiles = await pages.tiles(0, start / TILE_WIDTH, 1);
    if (!tiles.ok) return tiles;
    const leaves = await pages.leafHashes(Math.max(from, start), Math.min(to, start + TILE_WIDTH));
    if (!leaves.ok) return leaves;
    const hashes = Buffer.from(tiles.value[0]?.hashes ?? []);
    for (const { leafIndex, leafHash } of leaves.value) {
      const at = (leafIndex - start) * HASH_BYTES;
      if (!hashes.subarray(at, at + HASH_BYTES).equals(leafHash)) return ok(leafIndex);
    }
  }
  return ok(null);
}
