import { VERSION } from "../core/version.ts";
import { auditCommand } from "./audit.ts";
import { demo } from "./demo.ts";
import { healthcheck } from "./healthcheck.ts";
import { migrateCommand } from "./migrate.ts";
import { policyCommand } from "./policy.ts";
import { scanCommand } from "./scan.ts";
import { serve } from "./serve.ts";

type Command = {
  readonly usage: string;
  readonly summary: string;
  readonly maxArguments: number;
  readonly run: (argv: readonly string[]) => number | Promise<number>;
};

/** Every command there is. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { usage: "serve", summary: "Serve the gateway (the default).", maxArguments: 0, run: serve },
  migrate: {
    usage: "migrate [up|down|status]",
    summary: "Bring the database schema up to date, undo the newest migration, or list them.",
    maxArguments: 1,
    run: migrateCommand,
  },
  demo: {
    usage: "demo",
    summary: "Serve with simulated providers, without Ollama, key or settings, and show some decisions.",
    maxArguments: 0,
    run: demo,
  },
  scan: {
    usage: "scan [--json | --jsonl]",
    summary: "Scan the text on standard input, or one JSON object a line, and print what is sensitive in it.",
    maxArguments: 1,
    run: scanCommand,
  },
  policy: {
    usage: "policy SUBCOMMAND [ARGUMENT]...",
    summary: "Check, test, explain, analyse and compare policy files; `policy help` lists how.",
    maxArguments: Number.POSITIVE_INFINITY,
    run: policyCommand,
  },
  audit: {
    usage: "audit SUBCOMMAND [ARGUMENT]...",
    summary: "Read, export and verify the audit, make its keys, erase from it; `audit help` lists how.",
    maxArguments: Number.POSITIVE_INFINITY,
    run: auditCommand,
  },
  healthcheck: {
    usage: "healthcheck",
    summary: "Exit 0 if the gateway on HOST and PORT is ready; for containers.",
    maxArguments: 0,
    run: healthcheck,
  },
  version: { usage: "version", summary: "Print the version.", maxArguments: 0, run: version },
  help: { usage: "help", summary: "Print this.", maxArguments: 0, run: help },
};

const ALIASES: Readonly<Record<string, string>> = { "--version": "version", "--help": "help", "-h": "help" };

/** Runs the command that `argv` names and answers with the process's exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const [name = "serve", ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, ALIASES[name] ?? name) ? COMMANDS[ALIASES[name] ?? name] : undefined;
  if (command === undefined) {
    console.error(`policy-mesh: there is no command "${name}".\n`);
    console.error(usage());
    return 2;
  }
  if (rest.length > command.maxArguments) {
    console.error(`Usage: policy-mesh ${command.usage}`);
    return 2;
  }
  return await command.run(rest);
}

function version(): number {
  console.log(VERSION);
  return 0;
}

function help(): number {
  console.log(usage());
  return 0;
}

function usage(): string {
  const commands = Object.values(COMMANDS);
  const width = Math.max(...commands.map((command) => command.usage.length));
  const lines = commands.map((command) => `  ${command.usage.padEnd(width)}  ${command.summary}`);
  return [
    "Usage: policy-mesh [COMMAND]",
    "",
    ...lines,
    "",
    "Settings come from the environment; see .env.example.",
  ].join("\n");
}
