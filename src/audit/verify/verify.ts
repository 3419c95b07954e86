import { ok, type Result } from "../../core/result.ts";
import type { NoteVerifier } from "../../core/signed-note.ts";
import type { KeptCheckpoint } from "./checkpoint-check.ts";
import { type AuditFault, FaultList } from "./fault.ts";
import { extentOf, verifyBeyond } from "./log-head.ts";
import type { AuditPages, LogHead, ReadFailure } from "./pages.ts";
import type { Span } from "./tree-reading.ts";
import { verifyActions } from "./verify-actions.ts";
import { DecisionCheck } from "./verify-decisions.ts";
import { verifyLogged } from "./verify-logged.ts";
import { missing, PAGE_LEAVES, type RowOptions, verifyRows } from "./verify-rows.ts";
import { verifyTree } from "./verify-tree.ts";

export type VerifyOptions = {
  /** Keys that are trusted to sign checkpoints of this log. */
  readonly verifiers: readonly NoteVerifier[];
  /** Checkpoints from outside of the database. */
  readonly kept: readonly KeptCheckpoint[];
  /** Rows received then or later are read, and all that came into the log after them; null for all rows. */
  readonly since: number | null;
  /** Microseconds since 1970, as all times here. */
  readonly now: number;
};

export type VerifyReport = {
  /** Faults are proofs that something was changed; the first ones in the order of the log. */
  readonly faults: readonly AuditFault[];
  readonly faultCount: number;
  /** What is worth a look and proves nothing: times that nobody signed. */
  readonly notices: readonly AuditFault[];
  readonly tree: {
    readonly size: number;
    /** Null before the first checkpoint that a trusted key signed. */
    readonly rootHash: Uint8Array | null;
    readonly tileCount: number;
    readonly checkpointCount: number;
    /** Signed roots, those of files too, that the tiles give again. */
    readonly matchedCount: number;
  };
  readonly rows: {
    /** Indices whose rows were read, the last one not included. Those from `tree.size` on no checkpoint covers yet. */
    readonly span: Span;
    readonly rowCount: number;
    readonly erasedCount: number;
    readonly droppedCount: number;
    readonly actionCount: number;
    readonly instanceCount: number;
    readonly derivedCount: number;
    readonly underivedCount: number;
    /** Rows of the time before the log, which it says nothing of. */
    readonly unloggedCount: number;
  };
  readonly policyCount: number;
};

/** How often to begin again because rows were dropped meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Verifies the whole tree against its checkpoints and those that were kept outside, and rows against the tree. Changes
 * nothing, and reads page by page without a lock, while the log grows. Memory does not depend on the number of rows.
 */
export async function verifyAudit(
  pages: AuditPages,
  options: VerifyOptions,
): Promise<Result<VerifyReport, ReadFailure>> {
  for (let attempt = 1; ; attempt++) {
    const head = await pages.head();
    if (!head.ok) return head;
    const report = await verifyOnce(pages, head.value, options);
    if (!report.ok || report.value.faultCount === 0 || attempt === MAX_ATTEMPTS) return report;
    const dropped = await droppedSince(pages, head.value);
    if (!dropped.ok) return dropped;
    if (!dropped.value) return report;
  }
}

/** Rows that retention drops between two pages are missing without anybody's fault. */
async function droppedSince(pages: AuditPages, { nextIndex }: LogHead): Promise<Result<boolean, ReadFailure>> {
  const added = await pages.actions(Math.min(nextIndex, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER, 1_000);
  return added.ok ? ok(added.value.some(({ record }) => record.kind === "retention")) : added;
}

async function verifyOnce(
  pages: AuditPages,
  head: LogHead,
  options: VerifyOptions,
): Promise<Result<VerifyReport, ReadFailure>> {
  const [faults, notices] = [new FaultList(), new FaultList()];
  const extent = extentOf(head, options);
  faults.add(...extent.faults);
  const { size, nextIndex, rootHash, roots: kept } = extent;
  const tree = await verifyTree({ pages, verifiers: options.verifiers, size, kept, faults, notices });
  if (!tree.ok) return tree;
  const { suspects, edge, firstSignedAt, knownSize, ...counts } = tree.value;
  const beyond = await verifyBeyond(pages, extent, edge);
  if (!beyond.ok) return beyond;
  faults.add(...beyond.value);
  const actions = await verifyActions({ pages, nextIndex, size, suspects, faults });
  if (!actions.ok) return actions;
  const decisions = new DecisionCheck(pages, faults);
  const { retentions, quarantined, count: actionCount } = actions.value;
  const read = { pages, size, suspects, retentions, quarantined };
  const end = await endOf(pages, knownSize, nextIndex);
  if (!end.ok) return end;
  if (end.value < nextIndex) faults.add(missing(end.value, nextIndex - 1, true));
  const span = await spanOf(read, end.value, options.since);
  if (!span.ok) return span;
  const onRecord = decisions.add.bind(decisions);
  const rows = await verifyRows({ ...read, span: span.value, faults, onRecord });
  if (!rows.ok) return rows;
  const unlogged = await verifyLogged({ pages, since: options.since, firstSignedAt, faults });
  if (!unlogged.ok) return unlogged;
  const policyCount = await decisions.finish(notices, options.now);
  if (!policyCount.ok) return policyCount;
  const { derivedCount, underivedCount } = decisions;
  return ok({
    faults: faults.first,
    faultCount: faults.count,
    notices: notices.first,
    tree: { size, rootHash, ...counts },
    rows: {
      span: span.value,
      ...rows.value,
      actionCount,
      derivedCount,
      underivedCount,
      unloggedCount: unlogged.value,
    },
    policyCount: policyCount.value,
  });
}

/** Leaves that are counted by one statement. */
const COUNTED_LEAVES = 50_000;

/**
 * How far rows are looked for. Nothing is dropped before it is in the tree, so where beyond the tree no leaf is there for
 * long, none comes after it: who sets `next_index` to a number of their own keeps nobody busy with what never was.
 */
async function endOf(pages: AuditPages, knownSize: number, nextIndex: number): Promise<Result<number, ReadFailure>> {
  for (let end = knownSize; end < nextIndex; end += COUNTED_LEAVES) {
    const there = await pages.countLeaves(end, Math.min(nextIndex, end + COUNTED_LEAVES));
    if (!there.ok) return there;
    if (there.value === 0) return ok(end);
  }
  return ok(nextIndex);
}

/**
 * Times are columns like others, and who changes a row may take it out of the span by them. So what stands before the span
 * is read, too, page by page, as far back as it is not what was logged.
 */
async function spanOf(
  read: Omit<RowOptions, "span" | "faults" | "onRecord">,
  to: number,
  since: number | null,
): Promise<Result<Span, ReadFailure>> {
  if (since === null) return ok({ from: 0, to });
  const first = await read.pages.firstLeafSince(since);
  if (!first.ok) return first;
  let from = Math.max(0, Math.min(to, first.value ?? to));
  while (from > 0) {
    const before = { from: Math.max(0, from - PAGE_LEAVES), to: from };
    const faults = new FaultList();
    const found = await verifyRows({ ...read, span: before, faults, onRecord: async () => ok(undefined) });
    if (!found.ok) return found;
    if (faults.count === 0) break;
    from = before.from;
  }
  return ok({ from, to });
}
