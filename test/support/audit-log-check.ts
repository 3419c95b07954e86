import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type postgres from "postgres";
import { openCheckpoint } from "../../src/audit/checkpoint.ts";
import { parseVerifierKey } from "../../src/core/signed-note.ts";

const TILE_WIDTH = 256;

/** The hash of the leaves from `start` to before `end`. */
type Tree = (start: number, end: number) => Buffer;

/** RFC 6962, section 2.1; halves that are whole are hashed once, since there are many checkpoints. */
function treeOver(leaves: readonly Buffer[]): Tree {
  const whole = new Map<string, Buffer>();
  return function hashOf(start: number, end: number): Buffer {
    const leaf = leaves[start];
    if (leaf === undefined) return createHash("sha256").digest();
    if (end - start === 1) return leaf;
    const known = whole.get(`${start}-${end}`);
    if (known !== undefined) return known;
    let half = 1;
    while (half * 2 < end - start) half *= 2;
    const parts = [Buffer.from([0x01]), hashOf(start, start + half), hashOf(start + half, end)];
    const hash = createHash("sha256").update(Buffer.concat(parts)).digest();
    if (half * 2 === end - start) whole.set(`${start}-${end}`, hash);
    return hash;
  };
}

/** Whether the newest checkpoint covers all that has been sequenced. */
export async function isCovered(sql: postgres.Sql): Promise<boolean> {
  const [state] = await sql<{ covered: boolean }[]>`
    select next_index > 0 and next_index = tree_size as covered from audit_log_state cross join audit_log_tree`;
  return state?.covered === true;
}

/**
 * All that is wrong with the signed log of a database once nothing is under way any more: a leaf that no checkpoint
 * covers, a checkpoint that is not the root of the leaves or is not signed, kept in the database or outside, and a tile
 * that does not hold the hashes of its place. Everything is hashed again as the standard defines it.
 */
export async function logProblemsOf(
  sql: postgres.Sql,
  verifierKey: string,
  checkpointFiles: readonly string[] = [],
): Promise<string[]> {
  const leaves = (
    await sql<{ leaf_hash: Buffer }[]>`
      select leaf_hash from (
        select leaf_index, leaf_hash from audit_leaves union all select leaf_index, leaf_hash from audit_actions
      ) as leaf order by leaf_index`
  ).map((leaf) => leaf.leaf_hash);
  const checkpoints = await sql<{ note: string }[]>`select note from audit_checkpoints order by tree_size`;
  const outside = checkpointFiles.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  const notes = [...checkpoints.map(({ note }) => note), ...outside];
  const newest = await sql<{ size: number; newest: number | null }[]>`
    select tree_size::float8 as size, (select max(tree_size)::float8 from audit_checkpoints) as newest
    from audit_log_tree`;
  const [state] = newest;
  const isCovered = state?.size === leaves.length && state.newest === leaves.length;
  const tree = treeOver(leaves);
  return [
    ...(isCovered
      ? []
      : [`${leaves.length} leaves, and a tree of ${state?.size} under a checkpoint of ${state?.newest}`]),
    ...notes.flatMap((note) => noteProblems(note, verifierKey, leaves.length, tree)),
    ...(await tileProblems(sql, leaves, tree)),
  ];
}

function noteProblems(note: string, verifierKey: string, leafCount: number, tree: Tree): string[] {
  const verifier = parseVerifierKey(verifierKey);
  if (!verifier.ok) return [verifier.error.message];
  const opened = openCheckpoint(note, [verifier.value]);
  if (!opened.ok) return [`a checkpoint that does not verify: ${opened.error.message}`];
  const { size, rootHash } = opened.value;
  if (size > leafCount) return [`a checkpoint of ${size} with ${leafCount} leaves`];
  return tree(0, size).equals(rootHash) ? [] : [`the checkpoint of ${size} has another root`];
}

/** Of the two levels at the bottom: what a test writes has no more. */
async function tileProblems(sql: postgres.Sql, leaves: readonly Buffer[], tree: Tree): Promise<string[]> {
  const tiles = await sql<{ level: number; index: number; hashes: Buffer }[]>`
    select level, tile_index::float8 as index, hashes from audit_tiles`;
  const wholeTiles = Math.floor(leaves.length / TILE_WIDTH);
  const above = Array.from({ length: wholeTiles }, (_, index) => tree(index * TILE_WIDTH, (index + 1) * TILE_WIDTH));
  const levels = [leaves, above];
  const expected = levels.flatMap((hashes, level) =>
    Array.from({ length: Math.ceil(hashes.length / TILE_WIDTH) }, (_, index) => ({ level, index })),
  );
  const missing = expected
    .filter(({ level, index }) => !tiles.some((tile) => tile.level === level && tile.index === index))
    .map(({ level, index }) => `tile ${level}/${index} is missing`);
  const wrong = tiles
    .filter(({ level, index, hashes }) => {
      const its = levels[level]?.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH) ?? [];
      return !Buffer.concat(its).equals(hashes);
    })
    .map(({ level, index }) => `tile ${level}/${index} holds other hashes`);
  return [...missing, ...wrong];
}
