import { ok, type Result } from "../../core/result.ts";
import { HASH_BYTES } from "../merkle.ts";
import type { RequestRecord, RetentionDetails } from "../record.ts";
import { TILE_WIDTH } from "../tiles.ts";
import type { AuditFault, FaultList } from "./fault.ts";
import type { AuditPages, ReadFailure, StoredLeaf } from "./pages.ts";
import { RetentionCheck } from "./retention-check.ts";
import { checkLeaf, checkRowless } from "./row-check.ts";
import { SequenceCheck } from "./sequence-check.ts";
import type { Span } from "./tree-reading.ts";

/** Some megabytes of rows. */
export const PAGE_LEAVES = 2 * TILE_WIDTH;

export type VerifiedRows = {
  readonly rowCount: number;
  readonly erasedCount: number;
  readonly droppedCount: number;
  readonly instanceCount: number;
};

export type RowOptions = {
  readonly pages: AuditPages;
  /** Indices to read. */
  readonly span: Span;
  /** Leaves in tiles. */
  readonly size: number;
  readonly suspects: readonly Span[];
  readonly retentions: readonly RetentionDetails[];
  readonly quarantined: ReadonlyMap<string, ReadonlySet<number>>;
  readonly faults: FaultList;
  /** Gets every record that is the one that was logged. */
  readonly onRecord: (record: RequestRecord, leafIndex: number) => Promise<Result<void, ReadFailure>>;
};

/** Every leaf of a span with its row: columns to record, record to leaf, leaf to tile; and that none is missing. */
export async function verifyRows(options: RowOptions): Promise<Result<VerifiedRows, ReadFailure>> {
  const { pages, span, faults } = options;
  const rows = new RowWalk(options);
  let reading = readPage(pages, span, span.from);
  for (let from = span.from; from < span.to; from = pageEnd(from, span)) {
    const page = await reading;
    if (!page.ok) return page;
    const end = pageEnd(from, span);
    if (end < span.to) reading = readPage(pages, span, end);
    const walked = await rows.walk(page.value, end);
    if (!walked.ok) return walked;
  }
  const counted = rows.finish();
  faults.add(...counted.faults);
  return ok(counted.verified);
}

type Page = {
  readonly leaves: readonly StoredLeaf[];
  readonly actionIndices: ReadonlySet<number>;
  readonly treeHash: (index: number) => Uint8Array | null;
};

/** Pages end where tiles do. */
const pageEnd = (from: number, { to }: Span): number => Math.min(to, from - (from % PAGE_LEAVES) + PAGE_LEAVES);

async function readPage(pages: AuditPages, span: Span, from: number): Promise<Result<Page, ReadFailure>> {
  const to = pageEnd(from, span);
  const firstTile = Math.floor(from / TILE_WIDTH);
  const [leaves, actions, tiles] = await Promise.all([
    pages.leaves(from, to),
    pages.actions(from, to, PAGE_LEAVES),
    pages.tiles(0, firstTile, Math.ceil(to / TILE_WIDTH) - firstTile),
  ]);
  if (!leaves.ok) return leaves;
  if (!actions.ok) return actions;
  if (!tiles.ok) return tiles;
  const stored = new Map(tiles.value.map(({ index, hashes }) => [index, hashes]));
  return ok({
    leaves: leaves.value,
    actionIndices: new Set(actions.value.map(({ leafIndex }) => leafIndex)),
    treeHash: (index) => hashAt(stored.get(Math.floor(index / TILE_WIDTH)), index % TILE_WIDTH),
  });
}

/** Null where the tile does not reach so far. */
export function hashAt(hashes: Uint8Array | undefined, at: number): Uint8Array | null {
  const hash = hashes?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
  return hash?.length === HASH_BYTES ? hash : null;
}

class RowWalk {
  readonly #options: RowOptions;
  readonly #sequence: SequenceCheck;
  readonly #retention: RetentionCheck;
  #expected: number;
  #rowCount = 0;
  #erasedCount = 0;
  #droppedCount = 0;

  constructor(options: RowOptions) {
    this.#options = options;
    this.#expected = options.span.from;
    this.#sequence = new SequenceCheck(options.span.from === 0, options.quarantined);
    this.#retention = new RetentionCheck(options.retentions);
  }

  async walk({ leaves, actionIndices, treeHash }: Page, end: number): Promise<Result<void, ReadFailure>> {
    for (const leaf of leaves) {
      this.#skipTo(leaf.leafIndex, actionIndices);
      if (leaf.leafIndex < this.#expected || actionIndices.has(leaf.leafIndex))
        this.#options.faults.add(repeated(leaf));
      this.#expected = Math.max(this.#expected, leaf.leafIndex + 1);
      const walked = await this.#walkLeaf(leaf, this.#trusts(leaf.leafIndex) ? treeHash(leaf.leafIndex) : null);
      if (!walked.ok) return walked;
    }
    this.#skipTo(end, actionIndices);
    return ok(undefined);
  }

  finish(): { readonly faults: readonly AuditFault[]; readonly verified: VerifiedRows } {
    const { from, to } = this.#options.span;
    const broken = this.#sequence.finish();
    return {
      faults: [...this.#retention.finish(from, to), ...(broken === null ? [] : [broken])],
      verified: {
        rowCount: this.#rowCount,
        erasedCount: this.#erasedCount,
        droppedCount: this.#droppedCount,
        instanceCount: this.#sequence.instanceCount,
      },
    };
  }

  async #walkLeaf(leaf: StoredLeaf, treeHash: Uint8Array | null): Promise<Result<void, ReadFailure>> {
    const { pages, faults, onRecord } = this.#options;
    if (leaf.row === null) {
      this.#sequence.silent();
      const similar = await pages.similarRows(leaf.requestId, leaf.receivedAt);
      if (!similar.ok) return similar;
      faults.add(...checkRowless(leaf, treeHash, similar.value));
      return ok(undefined);
    }
    this.#rowCount++;
    const { faults: found, record } = checkLeaf(leaf, leaf.row, treeHash);
    faults.add(...found);
    if (record === null && leaf.row.erasedAt === null) {
      this.#sequence.silent();
      return ok(undefined);
    }
    if (record === null) this.#erasedCount++;
    const { instance_id, instance_seq } = leaf.row.record;
    const broken = this.#sequence.see(instance_id, instance_seq, leaf.leafIndex);
    if (broken !== null) faults.add(broken);
    return record === null ? ok(undefined) : await onRecord(record, leaf.leafIndex);
  }

  /** Indices that no leaf of a row has are those of actions, or were dropped. */
  #skipTo(index: number, actionIndices: ReadonlySet<number>): void {
    let missingFrom: number | null = null;
    for (; this.#expected < index; this.#expected++) {
      const isAction = actionIndices.has(this.#expected);
      if (!isAction) this.#sequence.silent();
      const isDropped = !isAction && this.#retention.isDropped(this.#expected);
      if (isDropped) this.#droppedCount++;
      if (!isAction && !isDropped) missingFrom ??= this.#expected;
      else missingFrom = this.#miss(missingFrom);
    }
    this.#miss(missingFrom);
  }

  #miss(from: number | null): null {
    const { span, faults } = this.#options;
    if (from !== null) faults.add(missing(from, this.#expected - 1, this.#expected === span.to));
    return null;
  }

  /** A tile that is not what was signed says nothing of its leaves; nor do tiles that came after verification began. */
  #trusts(index: number): boolean {
    const { size, suspects } = this.#options;
    return index < size && !suspects.some(({ from, to }) => index >= from && index < to);
  }
}

const repeated = ({ leafIndex, requestId }: StoredLeaf): AuditFault => ({
  code: "leaf_unexpected",
  place: "audit_leaves",
  columns: ["leaf_index"],
  leafIndex,
  subject: requestId,
  message: `There are several leaves of index ${leafIndex}, or several rows of it.`,
});

/** Of the last ones it cannot be told from `next_index` being too large. */
export function missing(from: number, to: number, isEnd: boolean): AuditFault {
  const which = from === to ? `Leaf ${from} is` : `Leaves ${from} to ${to} are`;
  const at = { place: "audit_leaves", columns: ["leaf_index"], leafIndex: from, subject: null } as const;
  return isEnd
    ? { ...at, code: "log_truncated", message: `${which} not there, although the log goes on to ${to} by next_index.` }
    : { ...at, code: "leaf_missing", message: `${which} not there, and no action says that rows were dropped.` };
}
