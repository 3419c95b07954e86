import { err, ok, type Result } from "../../core/result.ts";
import { Backtest } from "../../policy/backtest.ts";
import { type Span, spanOf } from "../../store/audit-events.ts";
import type { Store } from "../../store/open-store.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { parseSince } from "../command/since.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { unreadable, withStore } from "../with-store.ts";
import { openPolicy, unopenedReport } from "./open-policy.ts";
import { backtestJson, renderBacktest } from "./render-backtest.ts";

const DEFAULT_SINCE = "30d";
const DEFAULT_LISTED = 20;
const MAX_LISTED = 100_000;
/** Large enough that asking costs little, small enough that an answer comes well within a statement's time. */
const PAGE_ROWS = 2_000;
const PROGRESS_EVERY_MS = 200;

export const BACKTEST: CommandSpec = {
  family: "policy",
  name: "backtest",
  summary: "Decide past requests again, from what the audit says of them, and show what would have changed.",
  operands: ["FILE"],
  options: {
    since: {
      value: "SINCE",
      summary: `Since when: days (30d), hours (24h) or a date (2026-11-01). Left out: ${DEFAULT_SINCE}.`,
    },
    "limit-rows": { value: "N", summary: `How many request ids a list shows. Left out: ${DEFAULT_LISTED}.` },
    json: JSON_OPTION,
  },
  exitCodes: ["done, whatever would have changed", "the file is not sound, or the audit cannot be read"],
};

/** Against the database of the settings, which is only read. */
export const run = (argv: readonly string[]): Promise<number> => runCommand(BACKTEST, argv, backtest);

async function backtest(given: Arguments): Promise<Report> {
  const until = new Date();
  const since = parseSince(given.value("since") ?? DEFAULT_SINCE, until);
  if (!since.ok) return wrongUsage(BACKTEST, since.error);
  const maxListed = listedOf(given.value("limit-rows") ?? String(DEFAULT_LISTED));
  if (maxListed === null) return wrongUsage(BACKTEST, `--limit-rows takes a number up to ${MAX_LISTED}.`);
  // Whose keys are set now says nothing of the past.
  const opened = await openPolicy(given.operand(0), null);
  if (!opened.ok) return unopenedReport(opened.error, given.has("json"));
  const { name, prepared } = opened.value;
  const { policy } = prepared.loaded;
  const again = new Backtest(policy, { ruleset: prepared.scan.ruleset, maxListed });
  const decided = await withStore((store) => decideAgain(store, again, spanOf(since.value, until)));
  if (!decided.ok) {
    const failure = { exitCode: 1, file: name, code: "unreadable_audit", message: decided.error } as const;
    return failedReport(failure, given.has("json"));
  }
  const done = { file: name, policy, since: since.value, until, report: again.report() };
  if (given.has("json")) return jsonReport(0, backtestJson(done));
  return { exitCode: 0, stdout: renderBacktest(done), stderr: "" };
}

function listedOf(text: string): number | null {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return count <= MAX_LISTED ? count : null;
}

/** One page in memory, and the next on its way: the database reads on while rows are decided. */
async function decideAgain(store: Store, again: Backtest, whole: Span): Promise<Result<void, string>> {
  const progress = new Progress(process.stderr);
  try {
    let reading = store.auditEvents.page(whole, PAGE_ROWS);
    for (;;) {
      const page = await reading;
      if (!page.ok) return err(unreadable(page.error.message));
      const { rows, rest } = page.value;
      if (rest !== null) reading = store.auditEvents.page(rest, PAGE_ROWS);
      const learnt = await learn(store, again, rows);
      if (!learnt.ok) return learnt;
      for (const row of rows) again.add(row);
      progress.note(rows.length);
      if (rest === null) return ok(undefined);
    }
  } finally {
    progress.clear();
  }
}

async function learn(
  store: Store,
  again: Backtest,
  rows: readonly { readonly policyHash: string | null }[],
): Promise<Result<void, string>> {
  for (const { policyHash } of rows) {
    if (policyHash === null || again.knows(policyHash)) continue;
    const found = await store.policies.find(policyHash);
    if (!found.ok) return err(unreadable(found.error.message));
    again.learn(policyHash, found.value?.document ?? null);
  }
  return ok(undefined);
}

/** For somebody who looks on; says nothing where standard error is no terminal. */
class Progress {
  readonly #terminal: NodeJS.WriteStream | null;
  #rows = 0;
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream) {
    this.#terminal = stream.isTTY ? stream : null;
  }

  note(rows: number): void {
    this.#rows += rows;
    const nowMs = performance.now();
    if (this.#terminal === null || nowMs - this.#shownAtMs < PROGRESS_EVERY_MS) return;
    this.#shownAtMs = nowMs;
    this.#terminal.write(`\r${this.#rows} requests`);
  }

  clear(): void {
    if (this.#shownAtMs > 0) this.#terminal?.write("\r\u001b[K");
  }
}
