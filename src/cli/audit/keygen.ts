import { digestKey } from "../../audit/digest.ts";
import { newDigestKey } from "../../store/digest-key-file.ts";
import { newLogKey, newLogName } from "../../store/log-key-file.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { writeNew } from "../command/write-new.ts";

export const KEYGEN: CommandSpec = {
  family: "audit",
  name: "keygen",
  summary:
    "Make a key that signs checkpoints of the log, or, with --digest, one for prompt digests. The secret goes into a file, what may be known of it to standard output.",
  operands: [],
  options: {
    out: { value: "FILE", required: true, summary: "Where the secret goes. A file that is there stays as it is." },
    name: {
      value: "NAME",
      summary:
        "The name of the log, to go on with one under a new key, or to begin one under a name of your own. Unset, a new name is made.",
    },
    digest: { value: null, summary: "Make a key for prompt digests." },
    json: JSON_OPTION,
  },
  exitCodes: ["made", "the file is there already, or cannot be written"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(KEYGEN, argv, keygen);

export async function keygen(given: Arguments): Promise<Report> {
  const name = given.value("name");
  if (!given.has("digest")) return logKey(given, name ?? newLogName());
  return name === null ? digestKeyReport(given) : wrongUsage(KEYGEN, "a key for digests has no name.");
}

function logKey(given: Arguments, name: string): Report {
  const [file, asJson] = [given.value("out") ?? "", given.has("json")];
  const keys = newLogKey(name);
  if (!keys.ok) return failedReport({ exitCode: 2, file, code: keys.error.code, message: keys.error.message }, asJson);
  const { signerKey, verifierKey } = keys.value;
  const written = writeNew(file, `${signerKey}\n`);
  if (!written.ok) return failedReport({ exitCode: 1, file, ...written.error }, asJson);
  if (asJson) return jsonReport(0, { ok: true, file, name, verifier_key: verifierKey });
  const stderr = `The key that signs is in ${file}, for AUDIT_LOG_KEY_FILE. What others verify by:\n`;
  return { exitCode: 0, stdout: `${verifierKey}\n`, stderr };
}

function digestKeyReport(given: Arguments): Report {
  const [file, asJson] = [given.value("out") ?? "", given.has("json")];
  const key = newDigestKey();
  const written = writeNew(file, `${key}\n`);
  if (!written.ok) return failedReport({ exitCode: 1, file, ...written.error }, asJson);
  const { id } = digestKey(Buffer.from(key, "base64"));
  if (asJson) return jsonReport(0, { ok: true, file, key_id: id });
  const stderr = `The key is in ${file}, for AUDIT_DIGEST_KEY. Digests by it name it as:\n`;
  return { exitCode: 0, stdout: `${id}\n`, stderr };
}
