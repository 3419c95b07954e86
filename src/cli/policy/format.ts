import { chmod, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { formatPolicy } from "../../policy/format.ts";
import { MAX_POLICY_BYTES } from "../../store/policy-file.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { nameOf, readTextFile, STANDARD_INPUT } from "../command/read-file.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { unopenedReport } from "./open-policy.ts";

export const FORMAT: CommandSpec = {
  family: "policy",
  name: "fmt",
  summary: "Print a policy file in its one canonical layout.",
  operands: ["FILE"],
  options: {
    check: { value: null, summary: "Print nothing; fail where the file is laid out otherwise." },
    write: { value: null, summary: "Write the file instead of printing it." },
    json: JSON_OPTION,
  },
  exitCodes: ["done", "the file cannot be read or parsed, or with --check is laid out otherwise"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(FORMAT, argv, format);

export async function format(given: Arguments): Promise<Report> {
  const path = given.operand(0);
  const name = nameOf(path);
  const asJson = given.has("json");
  if (given.has("check") && given.has("write")) return wrongUsage(FORMAT, "--check and --write do not go together.");
  if (given.has("write") && path === STANDARD_INPUT) return wrongUsage(FORMAT, "standard input cannot be written.");

  const read = await readTextFile(path, MAX_POLICY_BYTES);
  if (!read.ok) return unopenedReport({ kind: "unreadable", name, message: read.error }, asJson);
  const formatted = formatPolicy(read.value);
  if (!formatted.ok) {
    return unopenedReport({ kind: "unsound", name, text: read.value, faults: formatted.error }, asJson);
  }
  const isSame = formatted.value === read.value;
  if (given.has("write") && !isSame) {
    const failure = await replace(path, formatted.value);
    if (failure !== null)
      return failedReport({ exitCode: 1, file: name, code: "unwritable_file", message: failure }, asJson);
  }
  const exitCode = given.has("check") && !isSame ? 1 : 0;
  if (asJson) {
    const text = given.has("check") || given.has("write") ? {} : { text: formatted.value };
    return jsonReport(exitCode, { file: name, ok: exitCode === 0, changed: !isSame, ...text });
  }
  if (given.has("check")) {
    const stderr = isSame ? "" : `${name} is laid out otherwise; \`policy-mesh policy fmt --write\` changes it.\n`;
    return { exitCode, stdout: "", stderr };
  }
  return { exitCode, stdout: given.has("write") ? "" : formatted.value, stderr: "" };
}

/**
 * At once: a gateway that watches the file sees the old text or the new one. A link goes on to lead to the file. Gives
 * what went wrong, as a sentence, or null.
 */
async function replace(path: string, text: string): Promise<string | null> {
  let unfinished: string | null = null;
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    unfinished = `${target}.${process.pid}.tmp`;
    await writeFile(unfinished, text, { mode, flag: "wx" });
    // The mode above is less what the umask takes off.
    await chmod(unfinished, mode);
    await rename(unfinished, target);
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (typeof code !== "string") throw error;
    if (unfinished !== null && code !== "EEXIST") await rm(unfinished, { force: true });
    return `${path} cannot be written (${code}).`;
  }
}
