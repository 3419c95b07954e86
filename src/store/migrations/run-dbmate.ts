import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { executableDbmate } from "./dbmate-binary.ts";
import { MIGRATION_FILES } from "./files.ts";
import { redactCredentials } from "./redact.ts";

export type DbmateRun = {
  readonly exitCode: number;
  readonly timedOut: boolean;
  /** Without credentials. */
  readonly stdout: string;
  readonly stderr: string;
};

export type DbmateCommand = "migrate" | "rollback" | "status";

/**
 * Runs the real dbmate over the migrations this program carries. The URL goes by the environment, never by argv, which
 * every user of the machine can read. dbmate would also read `.env` of its working directory: it is started in its own
 * private directory and told of a file that is not there.
 */
export async function runDbmate(
  command: DbmateCommand,
  databaseUrl: string,
  options: { readonly workDir: string; readonly timeoutMs: number },
): Promise<DbmateRun> {
  const workDir = resolve(options.workDir);
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const binary = await executableDbmate(workDir);
  const scratch = mkdtempSync(join(workDir, "migrate-"));
  try {
    const migrationsDir = join(scratch, "migrations");
    mkdirSync(migrationsDir);
    for (const file of MIGRATION_FILES) writeFileSync(join(migrationsDir, file.name), file.text);
    const settings = ["--env-file", join(scratch, "none"), "--no-dump-schema", "--migrations-dir", migrationsDir];
    const child = Bun.spawn([binary, ...settings, command], {
      cwd: scratch,
      env: environment(databaseUrl),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: options.timeoutMs,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const redact = (text: string) => redactCredentials(text, databaseUrl).trim();
    return { exitCode, timedOut: child.signalCode === "SIGKILL", stdout: redact(stdout), stderr: redact(stderr) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Nothing of the surroundings but where the system keeps its certificates: no DBMATE_* or PG* setting may make dbmate
 * reach another database than the gateway's own client does. Its default would be to refuse a server without TLS.
 */
function environment(databaseUrl: string): Record<string, string> {
  const certificates = Object.entries(process.env).filter(([name]) => /^SSL_CERT_(FILE|DIR)$/.test(name));
  return { ...Object.fromEntries(certificates), PGSSLMODE: "prefer", DATABASE_URL: databaseUrl };
}
