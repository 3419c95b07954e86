import { ok, type Result } from "../../core/result.ts";
import type { AuditFault, FaultList } from "./fault.ts";
import type { AuditPages, ListedRow, ReadFailure } from "./pages.ts";

const PAGE_ROWS = 4_096;

export type LoggedOptions = {
  readonly pages: AuditPages;
  readonly since: number | null;
  /** When the first checkpoint was signed; null before that. */
  readonly firstSignedAt: number | null;
  readonly faults: FaultList;
};

/**
 * The other direction: every row has a leaf, or is older than the log; and no leaf is beyond its end. Gives how many rows
 * are older.
 */
export async function verifyLogged(options: LoggedOptions): Promise<Result<number, ReadFailure>> {
  const { pages, since, faults } = options;
  let unloggedCount = 0;
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<AuditPages["rows"]>> = await pages.rows(since, after, PAGE_ROWS);
    if (!page.ok) return page;
    for (const row of page.value.rows) {
      if (row.recordVersion === 0) unloggedCount++;
      const fault = unlogged(row, options);
      if (fault !== null) faults.add(fault);
    }
    after = page.value.next;
    if (after === null) break;
  }
  const strays = await pages.strayLeaves();
  if (!strays.ok) return strays;
  for (const { place, leafIndex } of strays.value) {
    const message = `Index ${leafIndex} is none of the log, whose leaves end before next_index.`;
    faults.add({ code: "leaf_unexpected", place, columns: ["leaf_index"], leafIndex, subject: null, message });
  }
  return ok(unloggedCount);
}

function unlogged(row: ListedRow, { firstSignedAt }: LoggedOptions): AuditFault | null {
  const at = { code: "row_unlogged", place: "audit_events", leafIndex: null, subject: row.requestId } as const;
  const named = `Row ${row.requestId}`;
  if (row.recordVersion !== 0) {
    if (row.hasLeaf) return null;
    return { ...at, columns: ["request_id", "received_at"], message: `${named} is no leaf of the log.` };
  }
  if (row.hasLeaf) return { ...at, columns: ["record_version"], message: `${named} is said to be older than the log.` };
  if (firstSignedAt === null || row.receivedAt < firstSignedAt + CLOCK_MARGIN) return null;
  return {
    ...at,
    columns: ["record_version"],
    message: `${named} is no leaf of the log, and was received after it began.`,
  };
}

/** Microseconds; clocks of gateways and of the database may differ by less. */
const CLOCK_MARGIN = 86_400_000_000;
