import getCheckpoint from "../../db/queries/audit_log/get_checkpoint.sql" with { type: "text" };
import getProvableRow from "../../db/queries/audit_log/get_provable_row.sql" with { type: "text" };
import getTile from "../../db/queries/audit_log/get_tile.sql" with { type: "text" };
import listKeys from "../../db/queries/audit_log/list_keys.sql" with { type: "text" };
import { parseCheckpoint } from "../audit/checkpoint.ts";
import { verifyInclusion } from "../audit/merkle.ts";
import { formatReceipt } from "../audit/receipt.ts";
import { canonicalRecord, leafHash, type RequestRecord } from "../audit/record.ts";
import { inclusionProof, readerOf, tilesForInclusion } from "../audit/tiles.ts";
import { err, ok, type Result } from "../core/result.ts";
import { parseNote } from "../core/signed-note.ts";
import type { Database } from "./database.ts";
import { createLogTree } from "./log-tree.ts";
import { type RequestRow, requestRecord } from "./request-record.ts";

type ProvableRow = Omit<RequestRow, "record_version"> & {
  readonly record_version: 0 | RequestRecord["record_version"];
  readonly is_erased: boolean;
  readonly leaf_index: string | null;
  readonly checkpoint_size: string | null;
  readonly note: string | null;
};

export type Receipt =
  | { readonly kind: "receipt"; readonly text: string }
  | { readonly kind: "pending" | "absent" | "erased" | "unlogged" };

/** For the operator; quotes nothing of a row. */
type Failure = { readonly message: string };

/**
 * The Merkle log as its clients read it. `ownVerifierKey` is of the key that this process signs with: it comes first
 * among the keys, also before it has signed.
 */
export function createAuditLog(database: Database, ownVerifierKey: string) {
  const tree = createLogTree(database);

  return {
    async checkpoint(): Promise<Result<string | null, Failure>> {
      const read = await database.query<{ note: string }>(getCheckpoint, []);
      return read.ok ? ok(read.value[0]?.note ?? null) : read;
    },

    async tile(level: number, index: number, width: number): Promise<Result<Uint8Array | null, Failure>> {
      const read = await database.query<{ hashes: Uint8Array }>(getTile, [level, index, width]);
      return read.ok ? ok(read.value[0]?.hashes ?? null) : read;
    },

    async verifierKeys(): Promise<Result<readonly string[], Failure>> {
      const read = await database.query<{ verifier_key: string }>(listKeys, []);
      if (!read.ok) return read;
      return ok([...new Set([ownVerifierKey, ...read.value.map((row) => row.verifier_key)])]);
    },

    /** Made from the columns of the row; one that would not verify is never given. */
    async receipt(requestId: string): Promise<Result<Receipt, Failure>> {
      const read = await database.query<ProvableRow>(getProvableRow, [requestId]);
      if (!read.ok) return read;
      const [row] = read.value;
      if (row === undefined) return ok({ kind: "absent" });
      if (row.is_erased) return ok({ kind: "erased" });
      const { record_version: version, ...columns } = row;
      if (version === 0) return ok({ kind: "unlogged" });
      if (row.leaf_index === null) return fail("the row has no leaf in the log");
      const index = Number(row.leaf_index);
      const [size, note] = [Number(row.checkpoint_size ?? 0), row.note ?? ""];
      if (index >= size) return ok({ kind: "pending" });
      const record = Buffer.from(canonicalRecord(requestRecord({ ...columns, record_version: version })));
      const tiles = await tree.tiles(tilesForInclusion(index, size));
      if (!tiles.ok) return tiles;
      const proof = inclusionProof(index, size, readerOf(tiles.value));
      if (proof === null) return fail("a tile of the log is missing");
      if (!verifyInclusion(leafHash(record), index, size, proof, rootOf(note))) {
        return fail("the row, or the log, is not what it was when its checkpoint was signed");
      }
      return ok({ kind: "receipt", text: formatReceipt({ record, index, proof, checkpoint: note }) });
    },
  };
}

/** Of a note that is not verified here: who gets the receipt does that. */
function rootOf(note: string): Uint8Array {
  const parsed = parseNote(note);
  const checkpoint = parsed.ok ? parseCheckpoint(parsed.value.text) : parsed;
  return checkpoint.ok ? checkpoint.value.rootHash : new Uint8Array(0);
}

const fail = (message: string) => err<Failure>({ message });
