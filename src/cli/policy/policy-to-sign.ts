import { err, ok, type Result } from "../../core/result.ts";
import { type PreparedPolicy, preparePolicy } from "../../gateway/prepare-policy.ts";
import { type PolicyFile, readPolicyFile } from "../../store/policy-file.ts";
import { failedReport } from "../command/failed-report.ts";
import type { Report } from "../command/report.ts";
import { unopenedReport } from "./open-policy.ts";

/**
 * Reads a policy file as the gateway does, from the disk and within its bound: what it would not read is not worth a
 * signature. The error is what to answer instead.
 */
export async function readToSign(path: string, asJson: boolean): Promise<Result<PolicyFile, Report>> {
  const file = await readPolicyFile(path);
  if (file.ok) return file;
  const { kind, message } = file.error;
  return err(failedReport({ exitCode: 1, file: path, code: `file_${kind}`, message }, asJson));
}

/** Whoever signs or verifies need not have the keys of the providers, so no variable is asked for. */
export function prepareToSign(path: string, { text }: PolicyFile, asJson: boolean): Result<PreparedPolicy, Report> {
  const prepared = preparePolicy(text, { environment: null });
  if (prepared.ok) return ok(prepared.value);
  return err(unopenedReport({ kind: "unsound", name: path, text, faults: prepared.error }, asJson));
}
