import { keysOfSeed } from "../../core/signed-note.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { writeNew } from "../command/write-new.ts";

export const KEYGEN: CommandSpec = {
  family: "policy",
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
