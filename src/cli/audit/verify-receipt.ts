import { MAX_RECEIPT_BYTES, type VerifiedReceipt, verifyReceipt } from "../../audit/receipt.ts";
import type { JsonObject } from "../../core/json.ts";
import { printable } from "../../policy/render-faults.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { nameOf, readTextFile } from "../command/read-file.ts";
import { readVerifiers } from "../command/read-verifier.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { rows } from "../command/text.ts";

export const VERIFY_RECEIPT: CommandSpec = {
  family: "audit",
  name: "verify-receipt",
  summary: "Verify that the log holds the record of a receipt, by the log's public key alone; FILE may be `-`.",
  operands: ["FILE"],
  options: {
    key: {
      value: "KEY|@FILE",
      required: true,
      many: true,
      summary: "A public key of the log that is trusted, or the file that holds such keys, one a line.",
    },
    json: JSON_OPTION,
  },
  exitCodes: ["it does", "it does not, or a file cannot be read"],
};

/** Uses no database and no network. */
export const run = (argv: readonly string[]): Promise<number> => runCommand(VERIFY_RECEIPT, argv, verifyReceiptFile);

export async function verifyReceiptFile(given: Arguments): Promise<Report> {
  const [path, asJson] = [given.operand(0), given.has("json")];
  const verifiers = await readVerifiers(given.values("key"));
  if (!verifiers.ok) return failedReport({ ...verifiers.error, file: path }, asJson);
  const text = await readTextFile(path, MAX_RECEIPT_BYTES);
  if (!text.ok) return failedReport({ exitCode: 1, file: path, code: "unreadable_file", message: text.error }, asJson);
  const verified = verifyReceipt(text.value, verifiers.value);
  if (verified.ok) return asJson ? jsonReport(0, documentOf(path, verified.value)) : rendered(path, verified.value);
  const { code, message } = verified.error;
  return failedReport({ exitCode: 1, file: path, code, message: `${nameOf(path)} is refused. ${message}` }, asJson);
}

function documentOf(file: string, { record, index, checkpoint }: VerifiedReceipt) {
  const { origin, size, rootHash, keyIds } = checkpoint;
  return {
    file,
    ok: true,
    log: origin,
    tree_size: size,
    root_hash: Buffer.from(rootHash).toString("base64"),
    key_ids: keyIds.map(hexOf),
    leaf_index: index,
    record,
    faults: [],
  };
}

function rendered(path: string, { record, index, checkpoint }: VerifiedReceipt): Report {
  const { origin, size, keyIds } = checkpoint;
  const lines = [
    `${nameOf(path)} holds.`,
    "",
    ...rows([
      ["log", printable(origin)],
      ["leaf", `index ${index}, in a tree of size ${size}`],
      ["signed by", `key ${keyIds.map(hexOf).join(", ")}`],
    ]),
    "",
    "The record:",
    ...rows(fieldsOf(record)),
  ];
  return { exitCode: 0, stdout: `${lines.join("\n")}\n`, stderr: "" };
}

/** As the log holds them: words of somebody else, so nothing in them may move a cursor. */
const fieldsOf = (record: JsonObject) =>
  Object.entries(record).map(([name, value]) => [printable(name), printable(JSON.stringify(value))] as const);

const hexOf = (keyId: number): string => keyId.toString(16).padStart(8, "0");
