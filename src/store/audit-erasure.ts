import eraseRow from "../../db/queries/audit_events/erase_event.sql" with { type: "text" };
import findToErase from "../../db/queries/audit_events/find_to_erase.sql" with { type: "text" };
import { err, ok, type Result } from "../core/result.ts";
import { act, actionRecord } from "./audit-actions.ts";
import type { Database } from "./database.ts";

export type Erasure =
  /** Indices of the row's leaf, null where the row is older than the log, and of the action. */
  | { readonly kind: "erased"; readonly leafIndex: number | null; readonly actionIndex: number }
  | { readonly kind: "erased_before"; readonly erasedAt: Date }
  | { readonly kind: "absent" };

export type EraseFailure = { readonly message: string };

type Found = {
  readonly record_version: number;
  readonly erased_at: Date | null;
  readonly leaf_index: string | null;
  readonly is_counted: boolean;
};

/** Another may erase the same row, or count the same leaves, between the look and the act. */
const MAX_ATTEMPTS = 5;

/** `countAll` counts what the log has: a row is counted before it is erased, for afterwards nobody can. */
export async function eraseEvent(
  database: Database,
  requestId: string,
  now: Date,
  countAll: () => Promise<Result<void, EraseFailure>>,
): Promise<Result<Erasure, EraseFailure>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const found = await database.query<Found>(findToErase, [requestId]);
    if (!found.ok) return found;
    const [row] = found.value;
    if (row === undefined) return ok({ kind: "absent" });
    if (row.erased_at !== null) return ok({ kind: "erased_before", erasedAt: row.erased_at });
    const leafIndex = row.leaf_index === null ? null : Number(row.leaf_index);
    if (leafIndex === null && row.record_version > 0) {
      return err({ message: "the row has lost its leaf, which is evidence: it stays; see policy-mesh audit verify" });
    }
    const counted = row.is_counted ? ok(undefined) : await countAll();
    if (!counted.ok) return counted;
    const record = actionRecord("erasure", { request_id: requestId, leaf_index: leafIndex }, now);
    const erased = await act(database, eraseRow, record);
    if (!erased.ok) return erased;
    if (erased.value !== null) return ok({ kind: "erased", leafIndex, actionIndex: erased.value });
  }
  return err({ message: `the row kept changing; it was not erased in ${MAX_ATTEMPTS} attempts` });
}
