import { err, ok, type Result } from "../../core/result.ts";
import { type NoteVerifier, parseVerifierKey } from "../../core/signed-note.ts";
import { mismatchOf, SIGNATURE_SUFFIX, type SignatureFault, verifyPolicy } from "../../policy/signature.ts";
import type { Arguments } from "./arguments.ts";
import { runCommand } from "./command.ts";
import { type Failure, failedReport } from "./failed-report.ts";
import { prepareToSign, readToSign } from "./policy-to-sign.ts";
import { readKeyFile } from "./read-file.ts";
import { jsonReport, type Report } from "./report.ts";
import { type CommandSpec, JSON_OPTION } from "./spec.ts";

export const VERIFY: CommandSpec = {
  name: "verify",
  summary: "Verify that a policy file is the one that was signed: FILE.sig is its signature.",
  operands: ["FILE"],
  options: {
    key: { value: "KEY|@FILE", required: true, summary: "The public key that is trusted, or the file that holds it." },
    json: JSON_OPTION,
  },
  exitCodes: ["it is", "it is not, or a file cannot be read"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(VERIFY, argv, verify);

async function verify(given: Arguments): Promise<Report> {
  const [path, asJson] = [given.operand(0), given.has("json")];
  const verifier = await readVerifier(given.value("key") ?? "");
  if (!verifier.ok) return failedReport({ ...verifier.error, file: path }, asJson);
  const read = await readToSign(path, asJson);
  if (!read.ok) return read.error;
  const file = read.value;
  const signature = path + SIGNATURE_SUFFIX;
  const refuse = ({ code, message }: Pick<Failure, "code" | "message">) =>
    failedReport({ exitCode: 1, file: path, code, message }, asJson);
  const distrust = ({ code, message }: SignatureFault) =>
    refuse({ code, message: `${path} is refused by its signature ${signature}. ${message}` });
  if (file.signature === null) {
    return refuse({ code: "unsigned", message: `${path} is not signed: there is no ${signature}.` });
  }
  const verified = verifyPolicy(file.bytes, file.signature, verifier.value);
  if (!verified.ok) return distrust(verified.error);
  // Only what is trusted is read any further.
  const prepared = prepareToSign(path, file, asJson);
  if (!prepared.ok) return prepared.error;
  const { policy } = prepared.value.loaded;
  const mismatch = mismatchOf(verified.value, policy);
  if (mismatch !== null) return distrust(mismatch);
  const { name, version, hash } = policy;
  const signedBy = verifier.value.keyName;
  return asJson
    ? jsonReport(0, { ok: true, file: path, signature, name, version, hash, signed_by: signedBy })
    : { exitCode: 0, stdout: `${path}: ${name}, version ${version}, is as ${signedBy} signed it\n`, stderr: "" };
}

/** A key that is none is wrong usage; so is a private one, which is not repeated. */
async function readVerifier(key: string): Promise<Result<NoteVerifier, Omit<Failure, "file">>> {
  const text = key.startsWith("@") ? await readKeyFile(key.slice(1)) : ok(key);
  if (!text.ok) return err({ exitCode: 1, code: "unreadable_file", message: text.error });
  const verifier = parseVerifierKey(text.value.trim());
  if (verifier.ok) return verifier;
  return err({ exitCode: 2, code: verifier.error.code, message: `--key: ${verifier.error.message}` });
}
