import listKeys from "../../db/queries/audit_log/list_keys.sql" with { type: "text" };
import countLeaves from "../../db/queries/audit_verification/count_leaves.sql" with { type: "text" };
import findFirstLeaf from "../../db/queries/audit_verification/find_first_leaf.sql" with { type: "text" };
import listActions from "../../db/queries/audit_verification/list_actions.sql" with { type: "text" };
import listCheckpoints from "../../db/queries/audit_verification/list_checkpoints.sql" with { type: "text" };
import listErasures from "../../db/queries/audit_verification/list_erasures.sql" with { type: "text" };
import listLeafHashes from "../../db/queries/audit_verification/list_leaf_hashes.sql" with { type: "text" };
import listLoggedRows from "../../db/queries/audit_verification/list_logged_rows.sql" with { type: "text" };
import listPolicies from "../../db/queries/audit_verification/list_policies.sql" with { type: "text" };
import listRows from "../../db/queries/audit_verification/list_rows.sql" with { type: "text" };
import listSimilarRows from "../../db/queries/audit_verification/list_similar_rows.sql" with { type: "text" };
import listStrayLeaves from "../../db/queries/audit_verification/list_stray_leaves.sql" with { type: "text" };
import listStrayTiles from "../../db/queries/audit_verification/list_stray_tiles.sql" with { type: "text" };
import listTiles from "../../db/queries/audit_verification/list_tiles.sql" with { type: "text" };
import listUnerased from "../../db/queries/audit_verification/list_unerased.sql" with { type: "text" };
import readHead from "../../db/queries/audit_verification/read_head.sql" with { type: "text" };
import getPolicy from "../../db/queries/policies/get_policy.sql" with { type: "text" };
import type { ActionRecord } from "../audit/record.ts";
import type {
  AuditPages,
  ListedRow,
  LogHead,
  StoredAction,
  StoredCheckpoint,
  StoredLeaf,
  StoredPolicy,
  StoredRow,
  TimedPolicy,
} from "../audit/verify/pages.ts";
import type { JsonValue } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { arrayLiteral } from "./array-literal.ts";
import type { Database, DatabaseFailure, Parameter } from "./database.ts";
import { LOWEST_ID } from "./event-row.ts";
import { type RequestRow, requestRecord } from "./request-record.ts";

/** Reads all that is verified; writes nothing. Every page is one statement. */
export function createAuditVerification(database: Database): AuditPages {
  async function list<Row extends object, T>(
    text: string,
    parameters: readonly Parameter[],
    read: (row: Row) => T,
  ): Promise<Result<readonly T[], DatabaseFailure>> {
    const rows = await database.query<Row>(text, parameters);
    return rows.ok ? ok(rows.value.map(read)) : rows;
  }

  /** Of rows that were erased, or look as if they were. */
  async function erasuresOf(
    rows: readonly (EventRow | { readonly request_id: null })[],
  ): Promise<Result<Erasures, DatabaseFailure>> {
    const ids = rows.flatMap((row) => (row.request_id !== null && isEmptied(row) ? [row.request_id] : []));
    if (ids.length === 0) return ok(new Map());
    const read = await database.query<ErasureRow>(listErasures, [arrayLiteral(ids)]);
    return read.ok ? ok(Map.groupBy(read.value, (row) => row.request_id)) : read;
  }

  return {
    async head() {
      const read = await list(readHead, [], toHead);
      if (!read.ok) return read;
      const [head] = read.value;
      return head === undefined ? err({ message: "the state of the log is not in the database" }) : ok(head);
    },
    tiles: (level, from, limit) =>
      list(listTiles, [level, from, limit], (row: TileRow) => ({
        index: Number(row.tile_index),
        hashes: row.hashes,
        treeSize: Number(row.tree_size),
      })),
    strayTiles: (size) =>
      list(listStrayTiles, [size], (row: { readonly level: number; readonly tile_index: string }) => ({
        level: row.level,
        index: Number(row.tile_index),
      })),
    checkpoints: (after, limit) => list(listCheckpoints, [after, limit], toCheckpoint),
    async leaves(from, to) {
      const read = await database.query<LeafRow>(listLoggedRows, [from, to]);
      if (!read.ok) return read;
      const erasures = await erasuresOf(read.value);
      return erasures.ok ? ok(read.value.map((row) => toLeaf(row, erasures.value))) : erasures;
    },
    leafHashes: (from, to) =>
      list(listLeafHashes, [from, to], (row: { readonly leaf_index: string; readonly leaf_hash: Uint8Array }) => ({
        leafIndex: Number(row.leaf_index),
        leafHash: row.leaf_hash,
      })),
    async countLeaves(from, to) {
      const read = await list(countLeaves, [from, to], (row: { readonly leaf_count: string }) =>
        Number(row.leaf_count),
      );
      return read.ok ? ok(read.value[0] ?? 0) : read;
    },
    unerased: (erasures) =>
      list(listUnerased, [JSON.stringify(erasures)], (row: { readonly leaf_index: string }) => Number(row.leaf_index)),
    actions: (from, to, limit) => list(listActions, [from, to, limit], toAction),
    strayLeaves: () =>
      list(listStrayLeaves, [], (row: StrayLeafRow) => ({ place: row.place, leafIndex: Number(row.leaf_index) })),
    async firstLeafSince(since) {
      const read = await list(findFirstLeaf, [since], (row: { leaf_index: string }) => Number(row.leaf_index));
      return read.ok ? ok(read.value[0] ?? null) : read;
    },
    async rows(since, after, limit) {
      const begin = after === null ? [sinceText(since), LOWEST_ID] : after.split(" / ");
      const read = await database.query<ListedRowRow>(listRows, [...begin, limit]);
      if (!read.ok) return read;
      const last = read.value.at(-1);
      const isEnd = last === undefined || read.value.length < limit;
      return ok({
        rows: read.value.map(toListed),
        next: isEnd ? null : `${last.received_at_text} / ${last.request_id}`,
      });
    },
    async similarRows(requestId, receivedAt) {
      // Somebody may have set it to infinity, at which nothing was received.
      const time = Number.isSafeInteger(receivedAt) ? receivedAt : null;
      const read = await database.query<EventRow>(listSimilarRows, [requestId, time]);
      if (!read.ok) return read;
      const erasures = await erasuresOf(read.value);
      return erasures.ok ? ok(read.value.map((row) => toRow(row, erasures.value))) : erasures;
    },
    verifierKeys: () => list(listKeys, [], (row: { readonly verifier_key: string }) => row.verifier_key),
    policies: (after, limit) => list(listPolicies, [after, limit], toTimedPolicy),
    async policy(hash) {
      const read = await list(getPolicy, [hash], toPolicy);
      return read.ok ? ok(read.value[0] ?? null) : read;
    },
  };
}

/** `bigint`s come as text, and so do times, which are of microseconds. */
type HeadRow = { readonly next_index: string; readonly tree_size: string } & (
  | { readonly checkpoint_size: null }
  | ({ readonly checkpoint_size: string } & Omit<CheckpointRow, "tree_size">)
);
type CheckpointRow = {
  readonly tree_size: string;
  readonly root_hash: Uint8Array;
  readonly note: string;
  readonly signed_at: string;
};
type TileRow = { readonly tile_index: string; readonly hashes: Uint8Array; readonly tree_size: string };
type StrayLeafRow = { readonly place: "audit_leaves" | "audit_actions"; readonly leaf_index: string };
type ActionRow = Omit<ActionRecord, "performed_at" | "instance_seq"> & {
  readonly leaf_index: string;
  readonly leaf_hash: Uint8Array;
  readonly performed_at: string;
  readonly instance_seq: string | null;
};
type ListedRowRow = {
  readonly request_id: string;
  readonly received_at_text: string;
  readonly received_at: string;
  readonly record_version: number;
  readonly has_leaf: boolean;
};
type EventRow = RequestRow & {
  readonly column_checks: Uint8Array | null;
  readonly erased_at: string | null;
};
type ErasureRow = { readonly request_id: string; readonly performed_at: string; readonly erased_index: string | null };
type Erasures = ReadonlyMap<string, readonly ErasureRow[]>;
type LeafRow = {
  readonly leaf_index: string;
  readonly leaf_request_id: string;
  readonly leaf_received_at: string;
  readonly leaf_hash: Uint8Array;
} & (EventRow | { readonly request_id: null });
type PolicyRow = {
  readonly hash: string;
  readonly name: string;
  readonly version: number;
  readonly document: JsonValue;
};
type TimedPolicyRow = PolicyRow & { readonly first_activated_at: string; readonly last_activated_at: string };

const toHead = (row: HeadRow): LogHead => ({
  nextIndex: Number(row.next_index),
  treeSize: Number(row.tree_size),
  newest: row.checkpoint_size === null ? null : toCheckpoint({ ...row, tree_size: row.checkpoint_size }),
});

const toCheckpoint = (row: CheckpointRow): StoredCheckpoint => ({
  treeSize: Number(row.tree_size),
  rootHash: row.root_hash,
  note: row.note,
  signedAt: Number(row.signed_at),
});

const toLeaf = (row: LeafRow, erasures: Erasures): StoredLeaf => ({
  leafIndex: Number(row.leaf_index),
  requestId: row.leaf_request_id,
  receivedAt: Number(row.leaf_received_at),
  leafHash: row.leaf_hash,
  row: row.request_id === null ? null : toRow(row, erasures),
});

const isEmptied = (row: EventRow): boolean => row.erased_at !== null || row.salt === null;

function toRow(row: EventRow, erasures: Erasures): StoredRow {
  const [erasure] = erasures.get(row.request_id) ?? [];
  return {
    record: requestRecord(row),
    columnChecks: row.column_checks,
    erasedAt: row.erased_at === null ? null : Number(row.erased_at),
    filled: row.erased_at === null ? [] : filledOf(row),
    erasure:
      erasure === undefined
        ? null
        : { performedAt: Number(erasure.performed_at), leafIndex: Number(erasure.erased_index ?? Number.NaN) },
  };
}

/** What is left of a row that was erased. */
const KEPT: ReadonlySet<string> = new Set([
  ...["request_id", "received_at", "record_version", "instance_id", "instance_seq", "erased_at"],
  ...["leaf_index", "leaf_request_id", "leaf_received_at", "leaf_hash"],
]);

const filledOf = (row: EventRow): readonly string[] =>
  Object.entries(row).flatMap(([column, value]) => (value === null || KEPT.has(column) ? [] : [column]));

const toAction = (row: ActionRow): StoredAction => ({
  leafIndex: Number(row.leaf_index),
  leafHash: row.leaf_hash,
  record: {
    kind: row.kind,
    record_version: row.record_version,
    action_id: row.action_id,
    performed_at: Number(row.performed_at),
    instance_id: row.instance_id,
    instance_seq: row.instance_seq === null ? null : Number(row.instance_seq),
    details: row.details,
    salt: row.salt,
  },
});

const toListed = (row: ListedRowRow): ListedRow => ({
  requestId: row.request_id,
  receivedAt: Number(row.received_at),
  recordVersion: row.record_version,
  hasLeaf: row.has_leaf,
});

const toPolicy = ({ hash, name, version, document }: PolicyRow): StoredPolicy => ({ hash, name, version, document });

const toTimedPolicy = (row: TimedPolicyRow): TimedPolicy => ({
  ...toPolicy(row),
  firstActivatedAt: Number(row.first_activated_at),
  lastActivatedAt: Number(row.last_activated_at),
});

/** As PostgreSQL reads it; before all times where it is null. */
const sinceText = (since: number | null): string =>
  since === null ? "-infinity" : new Date(Math.floor(since / 1_000)).toISOString();
