import { jsonReport, type Report } from "./report.ts";

/** What went wrong where no line of a policy file is at fault. `message` is a sentence that quotes no key and no file. */
export type Failure = {
  readonly exitCode: 1 | 2;
  /** The file that it is about, as it was given. */
  readonly file: string;
  readonly code: string;
  readonly message: string;
};

/** In the shape of `unopenedReport`, so that programs read one. */
export function failedReport({ exitCode, file, code, message }: Failure, asJson: boolean): Report {
  if (!asJson) return { exitCode, stdout: "", stderr: `${message}\n` };
  const nowhere = { path: "", line: null, column: null, length: null, suggestion: null };
  return jsonReport(exitCode, { file, ok: false, faults: [{ severity: "error", code, message, ...nowhere }] });
}
