import { mismatchOf, SIGNATURE_SUFFIX, type SignatureFault, verifyPolicy } from "../../policy/signature.ts";
import type { Arguments } from "../command/arguments.ts";
import { type Failure, failedReport } from "../command/failed-report.ts";
import { readVerifier } from "../command/read-verifier.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { prepareToSign, readToSign } from "./policy-to-sign.ts";

export const VERIFY: CommandSpec = {
  family: "policy",
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
