import { quoted } from "../policy/quoted.ts";
import { didYouMean } from "../policy/suggest.ts";
import { ANALYSE, run as analyse } from "./policy/analyse.ts";
import { BACKTEST, run as backtest } from "./policy/backtest.ts";
import { CHECK, run as check } from "./policy/check.ts";
import { DIFF, run as diff } from "./policy/diff.ts";
import { EXPLAIN, run as explain } from "./policy/explain.ts";
import { FORMAT, run as format } from "./policy/format.ts";
import { KEYGEN, run as keygen } from "./policy/keygen.ts";
import { emit } from "./policy/report.ts";
import { SCHEMA, run as schema } from "./policy/schema.ts";
import { SIGN, run as sign } from "./policy/sign.ts";
import type { CommandSpec } from "./policy/spec.ts";
import { TEST, run as test } from "./policy/test.ts";
import { rows } from "./policy/text.ts";
import { VERIFY, run as verify } from "./policy/verify.ts";

type Subcommand = CommandSpec & { readonly run: (argv: readonly string[]) => Promise<number> };

/** Every subcommand of `policy`, in the order in which help and reference show them. */
export const POLICY_COMMANDS: readonly Subcommand[] = [
  { ...CHECK, run: check },
  { ...TEST, run: test },
  { ...EXPLAIN, run: explain },
  { ...ANALYSE, run: analyse },
  { ...DIFF, run: diff },
  { ...BACKTEST, run: backtest },
  { ...FORMAT, run: format },
  { ...SCHEMA, run: schema },
  { ...KEYGEN, run: keygen },
  { ...SIGN, run: sign },
  { ...VERIFY, run: verify },
];

const HELP: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/** Runs the subcommand that `argv` names. Exit codes: 0 done, 1 something is wrong, 2 wrong usage. */
export async function policyCommand(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name !== undefined && HELP.has(name)) return await emit({ exitCode: 0, stdout: usage(), stderr: "" });
  const command = POLICY_COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return await command.run(rest);
  const fault = name === undefined ? "which subcommand?" : unknown(name);
  return await emit({ exitCode: 2, stdout: "", stderr: `policy-mesh policy: ${fault}\n\n${usage()}` });
}

function unknown(name: string): string {
  const suggestion = didYouMean(
    name,
    POLICY_COMMANDS.map((one) => one.name),
  );
  return `there is no subcommand ${quoted(name)}${suggestion === null ? "." : `; ${suggestion}`}`;
}

function usage(): string {
  return [
    "Usage: policy-mesh policy SUBCOMMAND [ARGUMENT]...",
    "",
    ...rows(POLICY_COMMANDS.map(({ name, summary }) => [name, summary])),
    "",
    "`policy-mesh policy SUBCOMMAND --help` says what a subcommand takes.",
    "",
  ].join("\n");
}
