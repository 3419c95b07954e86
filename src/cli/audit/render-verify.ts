import type { AuditFault } from "../../audit/verify/fault.ts";
import type { VerifyReport } from "../../audit/verify/verify.ts";
import type { NoteVerifier } from "../../core/signed-note.ts";
import { printable } from "../../policy/render-faults.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { bullet, counted, rows } from "../command/text.ts";
import type { TrustedKeys } from "./trusted-keys.ts";

/** What was verified, by which keys and against which files. */
export type Verified = {
  readonly report: VerifyReport;
  readonly keys: TrustedKeys;
  /** Files with checkpoints that were kept outside of the database. */
  readonly files: readonly string[];
};

export function verifyReport(verified: Verified, asJson: boolean): Report {
  const exitCode = verified.report.faultCount === 0 ? 0 : 1;
  return asJson
    ? jsonReport(exitCode, documentOf(verified))
    : { exitCode, stdout: `${linesOf(verified).map(printable).join("\n")}\n`, stderr: "" };
}

function documentOf({ report, keys, files }: Verified) {
  const { tree, rows: read } = report;
  return {
    ok: report.faultCount === 0,
    fault_count: report.faultCount,
    faults: report.faults.map(faultJson),
    notices: report.notices.map(faultJson),
    tree: {
      size: tree.size,
      root_hash: tree.rootHash === null ? null : base64(tree.rootHash),
      tiles: tree.tileCount,
      checkpoints: tree.checkpointCount,
      checkpoint_files: files,
      keys: keys.verifiers.map(keyName),
      keys_from: keys.from,
    },
    rows: {
      first_index: read.span.from,
      end_index: read.span.to,
      count: read.rowCount,
      erased: read.erasedCount,
      dropped: read.droppedCount,
      older_than_log: read.unloggedCount,
      decisions_derived: read.derivedCount,
      decisions_not_derived: read.underivedCount,
      instances: read.instanceCount,
    },
    actions: read.actionCount,
    policies: report.policyCount,
  };
}

const faultJson = ({ code, place, columns, leafIndex, subject, message }: AuditFault) => ({
  code,
  place,
  columns,
  leaf_index: leafIndex,
  subject,
  message,
});

function linesOf(verified: Verified): readonly string[] {
  const { report } = verified;
  const { faults, faultCount, notices } = report;
  const more = faultCount - faults.length;
  return [
    faultCount === 0 ? "All that was read is as it was logged." : `${counted(faultCount, "fault")} in what was read.`,
    ...(faultCount === 0 ? [] : ["", "First of all:", ...rows(faults.slice(0, 1).map(faultRow))]),
    ...(faults.length < 2 ? [] : ["", "And:", ...rows(faults.slice(1).map(faultRow))]),
    ...(more > 0 ? bullet(`and ${more} more`) : []),
    ...(notices.length === 0 ? [] : ["", "Worth a look, and proves nothing:", ...rows(notices.map(faultRow))]),
    "",
    ...rows(factsOf(verified)),
  ];
}

/** Index, place and columns, and the sentence. */
function faultRow({ leafIndex, place, columns, message }: AuditFault): readonly [string, string] {
  const where = columns.length === 1 ? `${place}.${columns[0]}` : place;
  return [leafIndex === null ? where : `leaf ${leafIndex}, ${where}`, message];
}

function factsOf({ report, keys, files }: Verified): readonly (readonly [string, string])[] {
  const { tree, rows: read } = report;
  const { from, to } = read.span;
  const root = tree.rootHash === null ? "no signed root" : `root ${base64(tree.rootHash)}`;
  const gone = `${read.erasedCount} erased, ${read.droppedCount} dropped`;
  const decisions = `${read.derivedCount} derived again from features and policy`;
  return [
    ["tree", `${counted(tree.size, "leaf")}, ${root}`.replace("leafs", "leaves")],
    [
      "checkpoints",
      `${tree.checkpointCount} in the database; ${files.length === 0 ? "none outside" : files.join(", ")}`,
    ],
    ["trusted keys", `${keys.verifiers.map(keyName).join(", ") || "none"}${KEY_NOTES[keys.from]}`],
    ["rows read", from === to ? "none" : `leaves ${from} to ${to - 1}: ${counted(read.rowCount, "row")}, ${gone}`],
    ...(from === 0 ? [] : [["not read", `rows of leaves 0 to ${from - 1}; --full reads them`] as const]),
    ...(to > tree.size ? [["unsigned", `leaves ${tree.size} to ${to - 1} are under no checkpoint yet`] as const] : []),
    ["decisions", read.underivedCount === 0 ? decisions : `${decisions}, ${read.underivedCount} not: no such policy`],
    ["numbered by", counted(read.instanceCount, "instance")],
    ["actions", `${read.actionCount}`],
    ["policies", `${report.policyCount}`],
    ...(read.unloggedCount === 0
      ? []
      : [["before the log", `${counted(read.unloggedCount, "row")}, not covered`] as const]),
  ];
}

const KEY_NOTES: Readonly<Record<TrustedKeys["from"], string>> = {
  options: "",
  settings: " (of the settings)",
  database: " (as the database names them: give --key to know who signed)",
};

const keyName = ({ keyName: name, keyId }: NoteVerifier): string => `${name}+${keyId.toString(16).padStart(8, "0")}`;
const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString("base64");
