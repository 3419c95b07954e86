import { writeFileSync } from "node:fs";
import { err, ok, type Result } from "../../core/result.ts";
import { keysOfSeed } from "../../core/signed-note.ts";
import type { Arguments } from "./arguments.ts";
import { runCommand } from "./command.ts";
import { failedReport } from "./failed-report.ts";
import { jsonReport, type Report } from "./report.ts";
import { type CommandSpec, JSON_OPTION } from "./spec.ts";

export const KEYGEN: CommandSpec = {
  name: "keygen",
  summary: "Make a key to sign policies with: the private part into a file, the public part on standard output.",
  operands: ["NAME"],
  options: {
    out: { value: "FILE", required: true, summary: "Where the private key goes. A file that is there stays as it is." },
    json: JSON_OPTION,
  },
  exitCodes: ["made", "the file is there already, or cannot be written"],
};

const SEED_BYTES = 32;

export const run = (argv: readonly string[]): Promise<number> => runCommand(KEYGEN, argv, keygen);

async function keygen(given: Arguments): Promise<Report> {
  const [name, file, asJson] = [given.operand(0), given.value("out") ?? "", given.has("json")];
  const keys = keysOfSeed(name, crypto.getRandomValues(new Uint8Array(SEED_BYTES)));
  if (!keys.ok) return failedReport({ exitCode: 2, file, code: keys.error.code, message: keys.error.message }, asJson);
  const written = writeNew(file, `${keys.value.signerKey}\n`);
  if (!written.ok) return failedReport({ exitCode: 1, file, ...written.error }, asJson);
  const { verifierKey } = keys.value;
  if (asJson) return jsonReport(0, { ok: true, file, name, public_key: verifierKey });
  const stderr = `The private key is in ${file}: keep it where policies are signed, and nowhere else. The public key, for POLICY_PUBLIC_KEY:\n`;
  return { exitCode: 0, stdout: `${verifierKey}\n`, stderr };
}

/** For its owner alone from the first moment on, and never in the place of another file. */
function writeNew(path: string, text: string): Result<void, { readonly code: string; readonly message: string }> {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx", flush: true });
    return ok(undefined);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    return code === "EEXIST"
      ? err({ code: "file_exists", message: `${path} is there already, and is not overwritten.` })
      : err({ code: "unwritable_file", message: `${path} cannot be written (${code}).` });
  }
}
