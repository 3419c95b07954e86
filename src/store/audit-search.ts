import findEdge from "../../db/queries/audit_events/find_edge.sql" with { type: "text" };
import followEvents from "../../db/queries/audit_events/follow_events.sql" with { type: "text" };
import getEvent from "../../db/queries/audit_events/get_event.sql" with { type: "text" };
import getNewestLeaf from "../../db/queries/audit_events/get_newest_leaf.sql" with { type: "text" };
import searchByDigest from "../../db/queries/audit_events/search_by_digest.sql" with { type: "text" };
import searchEvents from "../../db/queries/audit_events/search_events.sql" with { type: "text" };
import type { AuditEvent } from "../audit/event.ts";
import type { AuditCursor, AuditFilter, AuditPage, FoundEvent } from "../audit/search.ts";
import { ok, type Result } from "../core/result.ts";
import type { Database, DatabaseFailure } from "./database.ts";
import { cursorOf, type EventRow, LOWEST_ID, type RowKey, readEvent, readEvents } from "./event-row.ts";

/** How much of the table a search may look at. */
export type SearchBounds = {
  /** By one statement: so many are read in a fraction of its time, and whoever else waits for the database comes between. */
  readonly statementRows: number;
  readonly statements: number;
};

const BOUNDS: SearchBounds = { statementRows: 20_000, statements: 10 };

/** In the order of time and id. Times are text, since PostgreSQL counts in microseconds and knows no first and no last. */
type Place = { readonly receivedAt: string; readonly requestId: string };
/** Rows before `before` that are at or after `from`. */
type Range = { readonly before: Place; readonly from: Place };

/** Rows in the order in which they went into the log, and the index of the last leaf that was read. */
export type Followed = { readonly events: readonly AuditEvent[]; readonly leafIndex: number };

/** Rows of the table `audit_events`, for those who ask what happened. Every read is bounded. */
export function createAuditSearch(database: Database, bounds: SearchBounds = BOUNDS) {
  async function read(filter: AuditFilter, range: Range, limit: number) {
    const { provider, zone, status, reason, rule, team, model, promptDigest } = filter;
    const given = [provider, zone, status, reason, rule, team, model].map((value) => value ?? null);
    const parameters = [...parametersOf(range), ...given, limit];
    return promptDigest === undefined
      ? await database.query<EventRow>(searchEvents, parameters)
      : await database.query<EventRow>(searchByDigest, [...parameters, promptDigest]);
  }

  /** How far one statement looks. Null where that is to the end: few rows are left, or it finds without looking. */
  async function edgeOf(filter: AuditFilter, range: Range): Promise<Result<AuditCursor | null, DatabaseFailure>> {
    if (!looksAtRows(filter)) return ok(null);
    const found = await database.query<RowKey>(findEdge, [...parametersOf(range), bounds.statementRows]);
    if (!found.ok) return found;
    const [row] = found.value;
    return ok(row === undefined ? null : cursorOf(row));
  }

  return {
    /** Null where no row has the id. */
    async find(requestId: string): Promise<Result<FoundEvent | null, DatabaseFailure>> {
      const found = await database.query<EventRow>(getEvent, [requestId]);
      if (!found.ok) return found;
      const [row] = found.value;
      return ok(row === undefined ? null : readEvent(row));
    },

    /** Newest first. A page is short, or empty, before its end where few of the rows looked at fit. */
    async search(
      filter: AuditFilter,
      cursor: AuditCursor | null,
      limit: number,
    ): Promise<Result<AuditPage, DatabaseFailure>> {
      const whole = rangeOf(filter);
      let before = beforeOf(filter, whole, cursor);
      let next: AuditCursor | null = null;
      const events: AuditEvent[] = [];
      for (let statement = 0; statement < bounds.statements && events.length < limit; statement++) {
        const edge = await edgeOf(filter, { ...whole, before });
        if (!edge.ok) return edge;
        const from = edge.value === null ? whole.from : placeOf(edge.value);
        const wanted = limit - events.length;
        // One more than is wanted tells whether there are more.
        const rows = await read(filter, { before, from }, wanted + 1);
        if (!rows.ok) return rows;
        events.push(...readEvents(rows.value.slice(0, wanted)));
        const last = rows.value.length > wanted ? rows.value[wanted - 1] : undefined;
        next = last === undefined ? edge.value : cursorOf(last);
        if (last !== undefined || next === null) break;
        before = placeOf(next);
      }
      return ok({ events, next });
    },

    /** -1 where there is no leaf. */
    async newestLeaf(): Promise<Result<number, DatabaseFailure>> {
      const found = await database.query<{ readonly leaf_index: string }>(getNewestLeaf, []);
      return found.ok ? ok(Number(found.value[0]?.leaf_index ?? -1)) : found;
    },

    /** Rows whose leaves come after this one. Their times need not: a request is a row when it has ended. */
    async follow(leafIndex: number, limit: number): Promise<Result<Followed, DatabaseFailure>> {
      type LeafRow = EventRow & { readonly leaf_index: string };
      const read = await database.query<LeafRow>(followEvents, [String(leafIndex), limit]);
      if (!read.ok) return read;
      const last = read.value.at(-1)?.leaf_index;
      return ok({ events: readEvents(read.value), leafIndex: last === undefined ? leafIndex : Number(last) });
    },
  };
}

export type AuditSearch = ReturnType<typeof createAuditSearch>;

const parametersOf = ({ before, from }: Range) => [
  before.receivedAt,
  before.requestId,
  from.receivedAt,
  from.requestId,
];

/** Whether rows have to be looked at that may not fit. By time and by digest there is an index. */
function looksAtRows({ since: _, until: __, promptDigest, ...columns }: AuditFilter): boolean {
  return promptDigest === undefined && Object.values(columns).some((value) => value !== undefined);
}

/** At `until` itself no row comes before the lowest id. */
const rangeOf = ({ since, until }: AuditFilter): Range => ({
  before: { receivedAt: until?.toISOString() ?? "infinity", requestId: LOWEST_ID },
  from: { receivedAt: since?.toISOString() ?? "-infinity", requestId: LOWEST_ID },
});

/** A client may send the cursor of one search with the end of another. */
function beforeOf({ until }: AuditFilter, { before }: Range, cursor: AuditCursor | null): Place {
  if (cursor === null) return before;
  return until !== undefined && until.getTime() * 1_000 <= cursor.receivedAtMicros ? before : placeOf(cursor);
}

function placeOf({ receivedAtMicros, requestId }: AuditCursor): Place {
  const ms = Math.floor(receivedAtMicros / 1_000);
  const micros = String(receivedAtMicros - ms * 1_000).padStart(3, "0");
  return { receivedAt: new Date(ms).toISOString().replace("Z", `${micros}Z`), requestId };
}
