import { err, type Result } from "../../core/result.ts";
import type { Erasure } from "../../store/audit-erasure.ts";
import type { Arguments } from "../command/arguments.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { withStore } from "../with-store.ts";
import { failureReport } from "./failure.ts";
import { NO_REQUEST_ID, parseRequestId } from "./request-id.ts";

export const ERASE: CommandSpec = {
  family: "audit",
  name: "erase",
  summary: "Erase the audit event of a request for good, but for its id, its time and its leaf in the log.",
  operands: ["ID"],
  options: { json: JSON_OPTION },
  exitCodes: ["erased, now or before", "there is none, or it could not be erased"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(ERASE, argv, erase);

export async function erase(given: Arguments): Promise<Report> {
  const [id, asJson] = [parseRequestId(given.operand(0)), given.has("json")];
  if (id === null) return wrongUsage(ERASE, NO_REQUEST_ID);
  const erased = await withStore(async ({ auditMaintenance }): Promise<Result<Erasure, string>> => {
    const done = await auditMaintenance.erase(id, new Date());
    return done.ok ? done : err(`The audit event ${id} was not erased: ${done.error.message}.`);
  });
  return erased.ok
    ? reportOf(id, erased.value, asJson)
    : failureReport({ code: "not_erased", message: erased.error }, asJson);
}

export function reportOf(id: string, erasure: Erasure, asJson: boolean): Report {
  if (erasure.kind === "absent") {
    const message = `No audit event has the id ${id}. That of a request that has just ended may not have reached the database.`;
    return failureReport({ code: "audit.not_found", message }, asJson);
  }
  if (erasure.kind === "erased_before") {
    const at = erasure.erasedAt.toISOString();
    if (asJson) return jsonReport(0, { ok: true, request_id: id, erased_at: at, leaf_index: null, action_index: null });
    return said(`The audit event ${id} was erased before, at ${at}.`);
  }
  const { leafIndex, actionIndex } = erasure;
  if (asJson) {
    return jsonReport(0, {
      ok: true,
      request_id: id,
      erased_at: null,
      leaf_index: leafIndex,
      action_index: actionIndex,
    });
  }
  const leaf = leafIndex === null ? "It is older than the log." : `Its leaf ${leafIndex} stays.`;
  return said(`The audit event ${id} is erased. ${leaf} That it was erased is leaf ${actionIndex}.`);
}

const said = (line: string): Report => ({ exitCode: 0, stdout: `${line}\n`, stderr: "" });
