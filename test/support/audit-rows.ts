import type postgres from "postgres";
import type { Claims, Step } from "./audit-claims.ts";

type Row = {
  readonly request_id: string;
  readonly status: string;
  readonly instance_id: string | null;
  readonly seq: number | null;
  readonly leaf_index: number | null;
};
type Leaf = {
  readonly leaf_index: number;
  readonly instance_id: string | null;
  readonly missing_seqs: number[] | null;
};

/** Which rows a request may have by the last step that it was said to have taken; null stands for none. */
const ALLOWED: Readonly<Record<Step, readonly (string | null)[]>> = {
  begin: [null, "interrupted"],
  intent: ["interrupted"],
  end: ["interrupted", "succeeded"],
  done: ["succeeded"],
};
const MAX_TOLD = 10;

/**
 * All that is wrong with the audit of a database once nothing is under way any more: requests without their one row, rows
 * that nobody asked for, leaf indices with gaps or repeats, and numbers of an instance that are missing or out of order.
 * `mostUnasked` rows may be of requests whose ids nobody got to know, since the process died before it answered.
 */
export async function problemsOf(sql: postgres.Sql, claims: Claims, mostUnasked = 0): Promise<string[]> {
  const rows = await sql<Row[]>`
    select e.request_id, e.status, e.instance_id, e.instance_seq::float8 as seq, l.leaf_index::float8 as leaf_index
    from audit_events e left join audit_leaves l using (request_id, received_at)`;
  const leaves = await sql<Leaf[]>`
    select leaf_index::float8 as leaf_index, null::uuid as instance_id, null::jsonb as missing_seqs from audit_leaves
    union all
    select leaf_index::float8, instance_id, details -> 'missing_seqs' from audit_actions order by leaf_index`;
  const [state] = await sql<{ next: number }[]>`select next_index::float8 as next from audit_log_state`;
  return [
    ...told(rowProblems(rows, claims, mostUnasked)),
    ...told(indexProblems(leaves, state?.next)),
    ...told(instanceProblems(rows, leaves)),
  ];
}

function rowProblems(rows: readonly Row[], claims: Claims, mostUnasked: number): string[] {
  const byId = Map.groupBy(rows, (row) => row.request_id);
  const unasked = [...byId.keys()].filter((id) => !claims.has(id)).map((id) => `${id}: a row that nobody asked for`);
  const wrong = [...claims].flatMap(([id, step]) => {
    const [row, ...more] = byId.get(id) ?? [];
    if (more.length > 0) return [`${id}: ${more.length + 1} rows`];
    const status = row?.status ?? null;
    return ALLOWED[step].includes(status) ? [] : [`${id}: ${step} and then ${status ?? "no row"}`];
  });
  const unlogged = rows
    .filter((row) => row.leaf_index === null)
    .map((row) => `${row.request_id}: a row without a leaf`);
  return [...(unasked.length > mostUnasked ? unasked : []), ...wrong, ...unlogged];
}

function indexProblems(leaves: readonly Leaf[], next: number | undefined): string[] {
  const misplaced = leaves
    .filter((leaf, position) => leaf.leaf_index !== position)
    .map((leaf) => `leaf ${leaf.leaf_index} is not where it belongs`);
  return next === leaves.length ? misplaced : [...misplaced, `next_index ${next} with ${leaves.length} leaves`];
}

/** Each instance counts from 1; numbers that a quarantine explains are taken for present. */
function instanceProblems(rows: readonly Row[], leaves: readonly Leaf[]): string[] {
  const explained = Map.groupBy(
    leaves.filter((leaf) => leaf.instance_id !== null),
    (leaf) => leaf.instance_id,
  );
  const instances = Map.groupBy(rows, (row) => row.instance_id);
  return [...instances].flatMap(([instance, its]) => {
    const ordered = its.toSorted((a, b) => (a.leaf_index ?? 0) - (b.leaf_index ?? 0));
    const disorder = ordered
      .filter((row, position) => position > 0 && (row.seq ?? 0) <= (ordered[position - 1]?.seq ?? 0))
      .map((row) => `instance ${instance}: ${row.seq} stands after a greater one`);
    const missing = new Set((explained.get(instance) ?? []).flatMap((leaf) => leaf.missing_seqs ?? []));
    const seen = new Set(its.map((row) => row.seq ?? 0));
    const last = [...seen, ...missing].reduce((most, seq) => Math.max(most, seq), 0);
    const gaps = Array.from({ length: last }, (_, index) => index + 1)
      .filter((seq) => !seen.has(seq) && !missing.has(seq))
      .map((seq) => `instance ${instance}: ${seq} is missing`);
    return [...disorder, ...gaps];
  });
}

const told = (problems: readonly string[]): string[] =>
  problems.length <= MAX_TOLD
    ? [...problems]
    : [...problems.slice(0, MAX_TOLD), `and ${problems.length - MAX_TOLD} more of this kind`];
