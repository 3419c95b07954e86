import type { FoundEvent } from "../../audit/search.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { auditEventBody } from "../../http/audit-body.ts";
import { printable } from "../../policy/render-faults.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { rows } from "../command/text.ts";
import { unreadable, withStore } from "../with-store.ts";
import { failureReport } from "./failure.ts";
import { NO_REQUEST_ID, parseRequestId } from "./request-id.ts";

export const SHOW: CommandSpec = {
  family: "audit",
  name: "show",
  summary: "Show the audit event of a request, as GET /v1/audit/{request_id} does.",
  operands: ["ID"],
  options: { json: JSON_OPTION },
  exitCodes: ["shown", "there is none, it was erased, or the audit cannot be read"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(SHOW, argv, show);

export async function show(given: Arguments): Promise<Report> {
  const [id, asJson] = [parseRequestId(given.operand(0)), given.has("json")];
  if (id === null) return wrongUsage(SHOW, NO_REQUEST_ID);
  const found = await withStore(async ({ auditSearch }): Promise<Result<FoundEvent | null, string>> => {
    const row = await auditSearch.find(id);
    return row.ok ? ok(row.value) : err(unreadable(row.error.message));
  });
  return found.ok
    ? reportOf(id, found.value, asJson)
    : failureReport({ code: "unreadable_audit", message: found.error }, asJson);
}

export function reportOf(id: string, found: FoundEvent | null, asJson: boolean): Report {
  if (found === null) {
    const message = `No audit event has the id ${id}. Of a request that has just ended, or has not, the gateway knows.`;
    return failureReport({ code: "audit.not_found", message }, asJson);
  }
  if (found.kind === "erased") {
    const message = `The audit event ${id} was erased at ${found.erasedAt.toISOString()}.`;
    return failureReport({ code: "audit.erased", message }, asJson);
  }
  const body = auditEventBody(found.event);
  if (asJson) return jsonReport(0, body);
  const lines = rows(
    Object.entries(body).map(([name, value]) => [name, textOf(value)]),
    0,
  );
  return { exitCode: 0, stdout: `${lines.join("\n")}\n`, stderr: "" };
}

/** A model's name is the caller's own word, or a provider's: a terminal gets no control character of it. */
function textOf(value: unknown): string {
  if (value === null) return "-";
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
