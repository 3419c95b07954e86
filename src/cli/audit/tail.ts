import type { AuditEvent } from "../../audit/event.ts";
import { fits } from "../../audit/fits.ts";
import type { AuditFilter, AuditPage } from "../../audit/search.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { auditEventBody } from "../../http/audit-body.ts";
import type { AuditSearch } from "../../store/audit-search.ts";
import type { Store } from "../../store/open-store.ts";
import type { Arguments } from "../command/arguments.ts";
import type { Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import type { CommandSpec } from "../command/spec.ts";
import { isBrokenPipe, print } from "../print.ts";
import { unreadable, withStore } from "../with-store.ts";
import { eventLine } from "./event-line.ts";
import { failureReport } from "./failure.ts";
import { FILTER_OPTIONS, readFilter } from "./filter.ts";

const DEFAULT_LINES = 20;
const MAX_LINES = 500;
const POLL_EVERY_MS = 1_000;
const FOLLOWED_ROWS = 500;

export const TAIL: CommandSpec = {
  family: "audit",
  name: "tail",
  summary: "Print the newest audit events, the newest last, and those that come, a line each.",
  operands: [],
  options: {
    ...FILTER_OPTIONS,
    lines: { value: "N", summary: `How many of those that are there, up to ${MAX_LINES}. Left out: ${DEFAULT_LINES}.` },
    follow: { value: null, summary: "Go on with those that come, in the order in which they become rows." },
    json: { value: null, summary: "Print a JSON object a line." },
  },
  exitCodes: ["printed", "the audit cannot be read"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(TAIL, argv, tail);

type Wanted = {
  readonly filter: AuditFilter;
  readonly lines: number;
  readonly follow: boolean;
  readonly write: (events: readonly AuditEvent[]) => Promise<void>;
};

export async function tail(given: Arguments): Promise<Report> {
  const filter = readFilter(given, new Date());
  if (!filter.ok) return wrongUsage(TAIL, filter.error);
  const text = given.value("lines") ?? String(DEFAULT_LINES);
  const lines = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(lines <= MAX_LINES)) return wrongUsage(TAIL, `--lines takes a number up to ${MAX_LINES}.`);
  const lineOf = given.has("json") ? (event: AuditEvent) => JSON.stringify(auditEventBody(event)) : eventLine;
  const write = (events: readonly AuditEvent[]) =>
    print(events.map((event) => `${lineOf(event)}\n`).join(""), process.stdout);
  try {
    const wanted = { filter: filter.value, lines, follow: given.has("follow"), write };
    const done = await withStore((store) => printEvents(store, wanted));
    if (!done.ok) return failureReport({ code: "unreadable_audit", message: done.error }, false);
  } catch (error) {
    // Whoever has seen enough goes.
    if (!isBrokenPipe(error)) throw error;
  }
  return { exitCode: 0, stdout: "", stderr: "" };
}

async function printEvents(store: Store, wanted: Wanted): Promise<Result<void, string>> {
  const { auditSearch, kind, joined } = store;
  // Before the rows: what comes in between is read twice, and printed once.
  const newest = await auditSearch.newestLeaf();
  if (!newest.ok) return err(unreadable(newest.error.message));
  const found = await newestOf(auditSearch, wanted);
  if (!found.ok) return found;
  await wanted.write(found.value.toReversed());
  if (!wanted.follow) return ok(undefined);
  if (kind === "embedded" && !joined) return err("No gateway runs on this DATA_DIR, so nothing comes.");
  return await follow(auditSearch, wanted, newest.value, new Set(found.value.map(({ requestId }) => requestId)));
}

/** Looks on through pages that are short. */
async function newestOf(search: AuditSearch, { filter, lines }: Wanted): Promise<Result<AuditEvent[], string>> {
  const events: AuditEvent[] = [];
  let next: AuditPage["next"] = null;
  while (events.length < lines) {
    const page = await search.search(filter, next, lines - events.length);
    if (!page.ok) return err(unreadable(page.error.message));
    events.push(...page.value.events);
    next = page.value.next;
    if (next === null) break;
  }
  return ok(events);
}

/** Until the process is ended, or nobody reads any more. */
async function follow(
  search: AuditSearch,
  { filter, write }: Wanted,
  from: number,
  printed: ReadonlySet<string>,
): Promise<Result<void, string>> {
  let leafIndex = from;
  for (;;) {
    const page = await search.follow(leafIndex, FOLLOWED_ROWS);
    if (!page.ok) return err(unreadable(page.error.message));
    await write(page.value.events.filter((event) => fits(filter, event) && !printed.has(event.requestId)));
    if (page.value.leafIndex - leafIndex < FOLLOWED_ROWS) await Bun.sleep(POLL_EVERY_MS);
    leafIndex = page.value.leafIndex;
  }
}
