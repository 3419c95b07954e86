import { ok, type Result } from "../../core/result.ts";
import { isSize } from "../merkle.ts";
import type { ActionRecord, ErasureDetails, QuarantineDetails, RetentionDetails } from "../record.ts";
import { TILE_WIDTH } from "../tiles.ts";
import { checkAction } from "./action-check.ts";
import type { AuditFault, FaultList } from "./fault.ts";
import type { AuditPages, ReadFailure, StoredAction } from "./pages.ts";
import type { Span } from "./tree-reading.ts";
import { hashAt } from "./verify-rows.ts";

const PAGE_ACTIONS = 512;

export type VerifiedActions = {
  readonly count: number;
  readonly retentions: readonly RetentionDetails[];
  /** By instance, numbers of records that will never be rows or were these actions themselves. */
  readonly quarantined: ReadonlyMap<string, ReadonlySet<number>>;
};

export type ActionOptions = {
  readonly pages: AuditPages;
  readonly nextIndex: number;
  readonly size: number;
  readonly suspects: readonly Span[];
  readonly faults: FaultList;
};

/** All actions, of which there are few, whatever of the rows is read: they say why rows are not there. */
export async function verifyActions(options: ActionOptions): Promise<Result<VerifiedActions, ReadFailure>> {
  const retentions: RetentionDetails[] = [];
  const quarantined = new Map<string, Set<number>>();
  const hashes = new TileHashes(options);
  let count = 0;
  for (let from = 0; from < options.nextIndex; ) {
    const page = await options.pages.actions(from, options.nextIndex, PAGE_ACTIONS);
    if (!page.ok) return page;
    const unerased = await options.pages.unerased(page.value.flatMap(({ record }) => erasureOf(record) ?? []));
    if (!unerased.ok) return unerased;
    options.faults.add(...unerased.value.map(unerasedFault));
    for (const action of page.value) {
      const hash = await hashes.at(action.leafIndex);
      if (!hash.ok) return hash;
      options.faults.add(...checkAction(action, hash.value));
      learn(action, retentions, quarantined);
    }
    count += page.value.length;
    const last = page.value.at(-1);
    if (last === undefined || page.value.length < PAGE_ACTIONS) break;
    from = last.leafIndex + 1;
  }
  return ok({ count, retentions, quarantined });
}

/** Actions stand close together, so the last tile is kept. */
class TileHashes {
  readonly #options: ActionOptions;
  #tile: { readonly index: number; readonly hashes: Uint8Array | undefined } | null = null;

  constructor(options: ActionOptions) {
    this.#options = options;
  }

  /** Null where no tile says it, or none that is to be trusted. */
  async at(leafIndex: number): Promise<Result<Uint8Array | null, ReadFailure>> {
    const { pages, size, suspects } = this.#options;
    if (leafIndex >= size || suspects.some(({ from, to }) => leafIndex >= from && leafIndex < to)) return ok(null);
    const index = Math.floor(leafIndex / TILE_WIDTH);
    if (this.#tile?.index !== index) {
      const tiles = await pages.tiles(0, index, 1);
      if (!tiles.ok) return tiles;
      this.#tile = { index, hashes: tiles.value[0]?.hashes };
    }
    return ok(hashAt(this.#tile.hashes, leafIndex % TILE_WIDTH));
  }
}

/** Details are what the database holds: what has another form than its kind explains nothing. */
function learn(
  { leafIndex, record }: StoredAction,
  retentions: RetentionDetails[],
  quarantined: Map<string, Set<number>>,
): void {
  const { kind, instance_id: instanceId, instance_seq: seq, details } = record;
  if (typeof details !== "object" || details === null) return;
  if (kind === "retention" && "leaf_count" in details && isSpan(details, leafIndex)) retentions.push(details);
  if (kind !== "quarantine" || instanceId === null) return;
  const known = quarantined.get(instanceId) ?? new Set();
  const missing = "missing_seqs" in details ? missingOf(details) : [];
  for (const one of [...missing, ...(seq === null ? [] : [seq])]) known.add(one);
  quarantined.set(instanceId, known);
}

/** Only what was in the log before it can have been dropped by an action. */
function isSpan(
  { leaf_count: count, first_leaf_index: first, last_leaf_index: last }: RetentionDetails,
  leafIndex: number,
): boolean {
  if (first === null || last === null) return count === 0;
  return isSize(first) && isSize(last) && isSize(count) && last < leafIndex && count <= last - first + 1;
}

const missingOf = ({ missing_seqs: missing }: QuarantineDetails): readonly number[] =>
  Array.isArray(missing) ? missing.filter((seq) => Number.isSafeInteger(seq)) : [];

/** Null for what names no row of the log. */
function erasureOf({ kind, details }: ActionRecord): ErasureDetails | null {
  if (kind !== "erasure" || typeof details !== "object" || details === null || !("request_id" in details)) return null;
  const { request_id: id, leaf_index: index }: Readonly<Record<keyof ErasureDetails, unknown>> = details;
  return typeof id === "string" && UUID.test(id) && typeof index === "number" && isSize(index) ? details : null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who has a copy of what was erased can put it back, and it is what was logged; the log says that it is gone. */
const unerasedFault = (leafIndex: number): AuditFault => ({
  code: "row_changed",
  place: "audit_events",
  columns: ["erased_at"],
  leafIndex,
  subject: null,
  message: `The row of leaf ${leafIndex} was erased by an action of the log, and is not empty.`,
});
