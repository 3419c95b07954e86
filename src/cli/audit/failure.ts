import { jsonReport, type Report } from "../command/report.ts";

/** What went wrong. `message` is a sentence that quotes no row. */
export type AuditFailure = { readonly code: string; readonly message: string };

export const failureReport = ({ code, message }: AuditFailure, asJson: boolean): Report =>
  asJson ? jsonReport(1, { ok: false, error: { code, message } }) : { exitCode: 1, stdout: "", stderr: `${message}\n` };
