import { keptSince } from "../../audit/kept-since.ts";
import { readConfig } from "../../config/config.ts";
import { err, type Result } from "../../core/result.ts";
import type { Retained } from "../../store/audit-maintenance.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { counted } from "../command/text.ts";
import { withStore } from "../with-store.ts";
import { failureReport } from "./failure.ts";

const MAX_DAYS = 36_500;

export const RETAIN: CommandSpec = {
  family: "audit",
  name: "retain",
  summary: "Drop the audit events that are older than some days, as the gateway does with AUDIT_RETENTION_DAYS.",
  operands: [],
  options: {
    days: {
      value: "DAYS",
      summary: "How many whole days (UTC) before today are kept. Left out: AUDIT_RETENTION_DAYS.",
    },
    json: JSON_OPTION,
  },
  exitCodes: ["what is too old is gone", "some of it has to wait for a checkpoint, or it could not be dropped"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(RETAIN, argv, retain);

export async function retain(given: Arguments): Promise<Report> {
  const days = daysOf(given.value("days"));
  if (days === null) {
    const words = `a number of days from 1 to ${MAX_DAYS}`;
    return wrongUsage(RETAIN, `--days takes ${words}; without it AUDIT_RETENTION_DAYS is needed.`);
  }
  const now = new Date();
  const since = keptSince(now, days);
  const retained = await withStore(async ({ auditMaintenance }): Promise<Result<Retained, string>> => {
    // Rows go into the sums before they go.
    const all = await auditMaintenance.countAll();
    const done = all.ok ? await auditMaintenance.dropBefore(since, now) : all;
    return done.ok ? done : err(`Older audit events could not be dropped: ${done.error.message}.`);
  });
  return retained.ok
    ? reportOf(since, retained.value, given.has("json"))
    : failureReport({ code: "not_dropped", message: retained.error }, given.has("json"));
}

function daysOf(text: string | null): number | null {
  if (text === null) {
    const config = readConfig(process.env);
    return config.ok ? config.value.auditRetentionDays : null;
  }
  const days = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return days >= 1 && days <= MAX_DAYS ? days : null;
}

export function reportOf(since: Date, { dropped, kept }: Retained, asJson: boolean): Report {
  const exitCode = kept.length === 0 ? 0 : 1;
  if (asJson) {
    const gone = dropped.map(({ actionIndex, ...details }) => ({ ...details, action_index: actionIndex }));
    return jsonReport(exitCode, { ok: kept.length === 0, kept_since: since.toISOString(), dropped: gone, kept });
  }
  const lines = dropped.map((one) => {
    const rows = counted(one.leaf_count + one.unlogged_count, "row");
    return `dropped ${one.partition}: ${rows}; leaf ${one.actionIndex} says so`;
  });
  if (dropped.length + kept.length === 0) lines.push(`Nothing is older than ${since.toISOString()}.`);
  const waiting = kept.map(({ partition }) => `${partition} has to wait: not all of it is under a checkpoint.`);
  return {
    exitCode,
    stdout: lines.map((line) => `${line}\n`).join(""),
    stderr: waiting.map((line) => `${line}\n`).join(""),
  };
}
