import { join } from "node:path";
import { microsOf } from "../../audit/record.ts";
import type { KeptCheckpoint } from "../../audit/verify/checkpoint-check.ts";
import { verifyAudit } from "../../audit/verify/verify.ts";
import { type Config, describeFaults, readConfig } from "../../config/config.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { createAuditVerification } from "../../store/audit-verification.ts";
import { openCheckpointFile } from "../../store/checkpoint-file.ts";
import { logDirectory } from "../../store/log-key-file.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { readVerifiers } from "../command/read-verifier.ts";
import type { Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { parseSince } from "../command/since.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { unreadable, withStore } from "../with-store.ts";
import { failureReport } from "./failure.ts";
import { type Verified, verifyReport } from "./render-verify.ts";
import { type TrustedKeys, trustedKeys } from "./trusted-keys.ts";

const DEFAULT_SINCE = "24h";

export const VERIFY: CommandSpec = {
  family: "audit",
  name: "verify",
  summary:
    "Verify the whole tree of the log by its checkpoints, and rows by the tree: what was changed, deleted or added is named by index and column.",
  operands: [],
  options: {
    full: { value: null, summary: "Read every row there is." },
    since: {
      value: "SINCE",
      summary: `Read rows received since then: days (30d), hours (24h) or a date. Left out: ${DEFAULT_SINCE}.`,
    },
    key: {
      value: "KEY|@FILE",
      many: true,
      summary:
        "A public key of the log that is trusted, or the file that holds such keys, one a line. Left out: those of the settings and of DATA_DIR.",
    },
    checkpoint: {
      value: "FILE",
      many: true,
      summary: "A checkpoint that somebody kept. The one that the gateway keeps outside the database counts anyway.",
    },
    json: JSON_OPTION,
  },
  exitCodes: ["all that was read is as it was logged", "something is not, or the audit cannot be read"],
};

/** Only reads, while gateways go on. */
export const run = (argv: readonly string[]): Promise<number> => runCommand(VERIFY, argv, verify);

async function verify(given: Arguments): Promise<Report> {
  const asJson = given.has("json");
  const now = new Date();
  if (given.has("full") && given.has("since")) return wrongUsage(VERIFY, "--full and --since do not go together.");
  const since = given.has("full") ? ok(null) : parseSince(given.value("since") ?? DEFAULT_SINCE, now);
  if (!since.ok) return wrongUsage(VERIFY, since.error);
  const named = await readVerifiers(given.values("key"));
  if (!named.ok) return failedReport({ ...named.error, file: "" }, asJson);
  const config = readConfig(process.env);
  const unread = (message: string) => failureReport({ code: "unreadable_audit", message }, asJson);
  if (!config.ok) return unread(describeFaults(config.error));
  const kept = await keptCheckpoints(given.values("checkpoint"), config.value);
  if (!kept.ok) return unread(kept.error);
  const verified = await withStore(async ({ database }): Promise<Result<Verified, string>> => {
    const pages = createAuditVerification(database);
    const keys: Result<TrustedKeys, string> =
      named.value.length > 0 ? ok({ from: "options", verifiers: named.value }) : await trustedKeys(config.value, pages);
    if (!keys.ok) return err(unreadable(keys.error));
    const { verifiers } = keys.value;
    const times = { since: since.value === null ? null : microsOf(since.value), now: microsOf(now) };
    const report = await verifyAudit(pages, {
      verifiers,
      kept: kept.value,
      ...times,
    });
    if (!report.ok) return err(unreadable(report.error.message));
    return ok({ report: report.value, keys: keys.value, files: kept.value.map(({ file }) => file) });
  });
  return verified.ok ? verifyReport(verified.value, asJson) : unread(verified.error);
}

/** Those that are named, which must be there, and the gateway's own, where it has written one. */
async function keptCheckpoints(
  named: readonly string[],
  { dataDir, auditCheckpointFile }: Config,
): Promise<Result<readonly KeptCheckpoint[], string>> {
  const own = auditCheckpointFile ?? join(logDirectory(dataDir), "checkpoint");
  const kept: KeptCheckpoint[] = [];
  for (const path of new Set([...named, own])) {
    const read = await openCheckpointFile(path).read();
    if (!read.ok) return err(read.error.message);
    if (read.value !== null) kept.push({ file: path, note: read.value });
    else if (named.includes(path)) return err(`There is no file ${path}.`);
  }
  return ok(kept);
}
