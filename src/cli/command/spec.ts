import { paragraph, rows } from "./text.ts";

/** An option of a subcommand. `value` is what stands for its value in a usage line; null for a switch. */
export type Option = {
  readonly value: string | null;
  readonly many?: boolean;
  /** The subcommand does nothing without it. */
  readonly required?: boolean;
  readonly summary: string;
};

/** What a subcommand takes: the one source of its usage line, of what it accepts and of its page in the reference. */
export type CommandSpec = {
  /** The command that it is a subcommand of. */
  readonly family: "policy" | "audit";
  readonly name: string;
  readonly summary: string;
  /** All of them are needed. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  /** What 0 and 1 mean, the latter null where nothing can be wrong; 2 is wrong usage for all of them. */
  readonly exitCodes: readonly [done: string, wrong: string | null];
};

export const HELP = "help";

export const JSON_OPTION: Option = { value: null, summary: "Print one JSON document." };

export function usageOf({ family, name, operands, options }: CommandSpec): string {
  const written = Object.entries(options).map(([option, { value, many, required }]) => {
    const one = writtenOf(option, { value });
    return `${required ? one : `[${one}]`}${many ? "..." : ""}`;
  });
  return [family, name, ...operands, ...written].join(" ");
}

/** The usage line, and what each option and exit code means. */
export function helpOf(spec: CommandSpec): string {
  const [done, wrong] = spec.exitCodes;
  const options = { ...spec.options, [HELP]: { value: null, summary: "Print this." } };
  return [
    `Usage: policy-mesh ${usageOf(spec)}`,
    "",
    ...paragraph(spec.summary),
    "",
    ...rows(Object.entries(options).map(([name, option]) => [writtenOf(name, option), option.summary])),
    "",
    "Exit codes:",
    ...rows([["0", done], ...(wrong === null ? [] : [["1", wrong] as const]), ["2", "wrong usage"]]),
    "",
  ].join("\n");
}

/** `--label name=value` */
export const writtenOf = (name: string, { value }: Pick<Option, "value">): string =>
  `--${name}${value === null ? "" : ` ${value}`}`;
