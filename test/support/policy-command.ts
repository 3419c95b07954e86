import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Arguments, parseArguments } from "../../src/cli/command/arguments.ts";
import type { Report } from "../../src/cli/command/report.ts";
import type { CommandSpec } from "../../src/cli/command/spec.ts";
import { KEYWORD, MAIL } from "./sample-policy.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A subcommand in this process, over files in a folder of their own; what it says names them without the folder. */
export async function report(
  spec: CommandSpec,
  command: (given: Arguments) => Promise<Report>,
  argv: readonly string[],
  files: Files,
) {
  const folder = mkdtempSync(join(tmpdir(), "policy-mesh-policy-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const paths = argv.map((word) => (/^[\w./]+\.(yaml|json)(\/x)?$/.test(word) ? join(folder, word) : word));
    const given = parseArguments(spec, paths);
    if (!given.ok) throw new Error(given.error);
    const { exitCode, ...said } = await command(given.value);
    const [stdout, stderr] = [said.stdout, said.stderr].map((text) => text.replaceAll(`${folder}/`, ""));
    for (const secret of [KEYWORD, MAIL]) {
      if (`${stdout}${stderr}`.includes(secret)) throw new Error("what a policy looks for was said");
    }
    return { exitCode, stdout: stdout ?? "", stderr: stderr ?? "", json: () => JSON.parse(stdout ?? "") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
