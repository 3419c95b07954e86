import { err, ok, type Result } from "../../core/result.ts";
import { type PreparedPolicy, preparePolicy } from "../../gateway/prepare-policy.ts";
import type { Fault } from "../../policy/fault.ts";
import { renderFaults } from "../../policy/render-faults.ts";
import { MAX_POLICY_BYTES } from "../../store/policy-file.ts";
import { failedReport } from "../command/failed-report.ts";
import { nameOf, readTextFile } from "../command/read-file.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { counted } from "../command/text.ts";

/** A policy file that is sound. `name` is what it is called in messages. */
export type OpenedPolicy = { readonly name: string; readonly text: string; readonly prepared: PreparedPolicy };

/** Why there is no policy: the file cannot be read, or what is in it is none. */
export type UnopenedPolicy =
  | { readonly kind: "unreadable"; readonly name: string; readonly message: string }
  | { readonly kind: "unsound"; readonly name: string; readonly text: string; readonly faults: readonly Fault[] };

/** `environment` has the names of the variables that are set; null where missing ones are no faults. */
export async function openPolicy(
  path: string,
  environment: ReadonlySet<string> | null,
): Promise<Result<OpenedPolicy, UnopenedPolicy>> {
  const name = nameOf(path);
  const read = await readTextFile(path, MAX_POLICY_BYTES);
  if (!read.ok) return err({ kind: "unreadable", name, message: read.error });
  const text = read.value;
  const prepared = preparePolicy(text, { environment });
  return prepared.ok
    ? ok({ name, text, prepared: prepared.value })
    : err({ kind: "unsound", name, text, faults: prepared.error });
}

export function unopenedReport(unopened: UnopenedPolicy, asJson: boolean): Report {
  const { name } = unopened;
  if (unopened.kind === "unreadable") {
    return failedReport({ exitCode: 1, file: name, code: "unreadable_file", message: unopened.message }, asJson);
  }
  const { text, faults } = unopened;
  return asJson
    ? jsonReport(1, { file: name, ok: false, faults: faults.map(faultJson) })
    : { exitCode: 1, stdout: "", stderr: faultText(name, text, faults) };
}

/** Faults for people, with what they come to in the last line; nothing for none. */
export function faultText(name: string, text: string, faults: readonly Fault[]): string {
  if (faults.length === 0) return "";
  const errors = faults.filter(({ severity }) => severity === "error").length;
  const kinds = [[errors, "error"] as const, [faults.length - errors, "warning"] as const];
  const counts = kinds.flatMap(([count, noun]) => (count === 0 ? [] : [counted(count, noun)]));
  return `${renderFaults(name, text, faults).trimEnd()}\n\n${name}: ${counts.join(", ")}\n`;
}

export function faultJson({ severity, code, message, path, position, suggestion }: Fault) {
  const { line, column, length } = position;
  return { severity, code, message, path, line, column, length, suggestion };
}
