import { err, ok, type Result } from "../../core/result.ts";
import { type NoteSigner, parseSignerKey } from "../../core/signed-note.ts";
import { activationFaults } from "../../gateway/prepare-policy.ts";
import { signPolicy } from "../../policy/signature.ts";
import { writeSignature } from "../../store/policy-file.ts";
import type { Arguments } from "../command/arguments.ts";
import { type Failure, failedReport } from "../command/failed-report.ts";
import { readKeyFile } from "../command/read-file.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { unopenedReport } from "./open-policy.ts";
import { prepareToSign, readToSign } from "./policy-to-sign.ts";

export const SIGN: CommandSpec = {
  family: "policy",
  name: "sign",
  summary: "Sign a policy file that is sound: the signature goes into FILE.sig.",
  operands: ["FILE"],
  options: {
    key: {
      value: "FILE",
      many: true,
      required: true,
      summary: "The private key, as `policy keygen` wrote it. With two of them gateways can go over to a new key.",
    },
    json: JSON_OPTION,
  },
  exitCodes: ["signed", "the policy is not sound, or a file cannot be read or written"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(SIGN, argv, sign);

async function sign(given: Arguments): Promise<Report> {
  const [path, asJson] = [given.operand(0), given.has("json")];
  const signers = await readSigners(given.values("key"));
  if (!signers.ok) return failedReport(signers.error, asJson);
  const read = await readToSign(path, asJson);
  if (!read.ok) return read.error;
  const file = read.value;
  const prepared = prepareToSign(path, file, asJson);
  if (!prepared.ok) return prepared.error;
  // The gateway would refuse it all the same, signed or not.
  const faults = activationFaults(prepared.value);
  if (faults.length > 0) return unopenedReport({ kind: "unsound", name: path, text: file.text, faults }, asJson);
  const { policy } = prepared.value.loaded;
  const written = await writeSignature(path, signPolicy(file.bytes, policy, signers.value));
  if (!written.ok) {
    return failedReport({ exitCode: 1, file: path, code: "unwritable_file", message: written.error.message }, asJson);
  }
  const names = signers.value.map(({ keyName }) => keyName);
  if (!asJson) {
    const stdout = `${written.value}: ${policy.name}, version ${policy.version}, signed by ${names.join(" and ")}\n`;
    return { exitCode: 0, stdout, stderr: "" };
  }
  return jsonReport(0, {
    ok: true,
    file: path,
    signature: written.value,
    name: policy.name,
    version: policy.version,
    hash: policy.hash,
    signed_by: signers.value.map(({ keyName, verifierKey }) => ({ name: keyName, public_key: verifierKey })),
  });
}

type Signers = readonly [NoteSigner, ...NoteSigner[]];

async function readSigners(paths: readonly string[]): Promise<Result<Signers, Failure>> {
  const signers: NoteSigner[] = [];
  for (const path of paths) {
    const text = await readKeyFile(path);
    if (!text.ok) return err({ exitCode: 1, file: path, code: "unreadable_file", message: text.error });
    const signer = parseSignerKey(text.value.trim());
    if (!signer.ok) {
      const message = `${path} holds no private key. ${signer.error.message}`;
      return err({ exitCode: 1, file: path, code: signer.error.code, message });
    }
    signers.push(signer.value);
  }
  const [first, ...others] = signers;
  if (first === undefined) throw new Error("the command line was taken without a key");
  return ok([first, ...others]);
}
