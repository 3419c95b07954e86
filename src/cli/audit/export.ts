import type { AuditFilter } from "../../audit/search.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { exportRows } from "../../http/audit-export.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../../http/schemas/export-formats.ts";
import type { Store } from "../../store/open-store.ts";
import type { Arguments } from "../command/arguments.ts";
import type { Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import type { CommandSpec } from "../command/spec.ts";
import { isBrokenPipe, print } from "../print.ts";
import { unreadable, withStore } from "../with-store.ts";
import { failureReport } from "./failure.ts";
import { FILTER_OPTIONS, readFilter } from "./filter.ts";

export const EXPORT: CommandSpec = {
  family: "audit",
  name: "export",
  summary: "Print every audit event that fits, newest first, as GET /v1/audit/export does.",
  operands: [],
  options: {
    ...FILTER_OPTIONS,
    format: { value: "ndjson|csv", summary: "A JSON object a line, or CSV with a line of names. Left out: ndjson." },
  },
  exitCodes: ["all of them are printed", "the audit cannot be read to the end, or nobody takes what is printed"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(EXPORT, argv, exportEvents);

export async function exportEvents(given: Arguments): Promise<Report> {
  const filter = readFilter(given, new Date());
  if (!filter.ok) return wrongUsage(EXPORT, filter.error);
  const named = given.value("format") ?? "ndjson";
  const format = EXPORT_FORMATS.find((known) => known === named);
  if (format === undefined) return wrongUsage(EXPORT, `--format takes ${EXPORT_FORMATS.join(" or ")}.`);
  const done = await withStore((store) => printRows(store, filter.value, format));
  if (!done.ok) return failureReport({ code: "unreadable_audit", message: done.error }, false);
  return { exitCode: done.value === "whole" ? 0 : 1, stdout: "", stderr: "" };
}

async function printRows(
  { auditSearch }: Store,
  filter: AuditFilter,
  format: ExportFormat,
): Promise<Result<"whole" | "cut", string>> {
  try {
    for await (const page of exportRows(auditSearch, filter, format)) {
      if (!page.ok) return err(`${unreadable(page.error.message)} What is printed is not all.`);
      await print(page.value, process.stdout);
    }
    return ok("whole");
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
    return ok("cut");
  }
}
