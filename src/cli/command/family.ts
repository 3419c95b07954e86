import { quoted } from "../../policy/quoted.ts";
import { didYouMean } from "../../policy/suggest.ts";
import { emit } from "./report.ts";
import type { CommandSpec } from "./spec.ts";
import { rows } from "./text.ts";

export type Subcommand = CommandSpec & { readonly run: (argv: readonly string[]) => Promise<number> };

const HELP: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/**
 * Runs the subcommand that `argv` names, or lists them in the order given. Exit codes: 0 done, 1 something is wrong, 2
 * wrong usage.
 */
export async function runFamily(
  family: CommandSpec["family"],
  commands: readonly Subcommand[],
  argv: readonly string[],
): Promise<number> {
  const [name, ...rest] = argv;
  const usage = usageOf(family, commands);
  if (name !== undefined && HELP.has(name)) return await emit({ exitCode: 0, stdout: usage, stderr: "" });
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return await command.run(rest);
  const fault = name === undefined ? "which subcommand?" : unknown(name, commands);
  return await emit({ exitCode: 2, stdout: "", stderr: `policy-mesh ${family}: ${fault}\n\n${usage}` });
}

function unknown(name: string, commands: readonly Subcommand[]): string {
  const suggestion = didYouMean(
    name,
    commands.map((one) => one.name),
  );
  return `there is no subcommand ${quoted(name)}${suggestion === null ? "." : `; ${suggestion}`}`;
}

function usageOf(family: CommandSpec["family"], commands: readonly Subcommand[]): string {
  return [
    `Usage: policy-mesh ${family} SUBCOMMAND [ARGUMENT]...`,
    "",
    ...rows(commands.map(({ name, summary }) => [name, summary])),
    "",
    `\`policy-mesh ${family} SUBCOMMAND --help\` says what a subcommand takes.`,
    "",
  ].join("\n");
}
