import { parseArgs } from "node:util";
import { err, ok, type Result } from "../../core/result.ts";
import { nearest } from "../../policy/suggest.ts";
import { type CommandSpec, HELP, type Option } from "./spec.ts";

/** What was given to a subcommand. Asking for an option that it does not have is a bug. */
export type Arguments = {
  /** The operand of that place, which is there: parsing refuses anything else. */
  readonly operand: (index: number) => string;
  readonly has: (option: string) => boolean;
  /** The value of an option; null where it was not given. */
  readonly value: (option: string) => string | null;
  /** Every value of an option that may be given several times. */
  readonly values: (option: string) => readonly string[];
};

/** The error is a sentence for a person; it names options, and repeats no value. */
export function parseArguments(spec: CommandSpec, argv: readonly string[]): Result<Arguments, string> {
  const options: Readonly<Record<string, Option>> = { ...spec.options, [HELP]: { value: null, summary: "" } };
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokensOf(options, argv)) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      operands.push(token.value);
      continue;
    }
    const fault = faultOf(token, options, given);
    if (fault !== null) return err(fault);
    const values = given.get(token.name) ?? [];
    given.set(token.name, token.value === undefined ? values : [...values, token.value]);
  }
  const fault = given.has(HELP) ? null : (operandFault(spec, operands) ?? requiredFault(spec, given));
  if (fault !== null) return err(fault);
  return ok({
    operand: (index) => operands[index] ?? "",
    has: (option) => given.has(option),
    value: (option) => given.get(option)?.[0] ?? null,
    values: (option) => given.get(option) ?? [],
  });
}

/** Not strict, since its own messages are those of a library; what is wrong is found in the tokens. */
function tokensOf(options: Readonly<Record<string, Option>>, argv: readonly string[]) {
  const types = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === null ? ("boolean" as const) : ("string" as const) }] as const,
  );
  return parseArgs({
    args: [...argv],
    options: Object.fromEntries(types),
    strict: false,
    tokens: true,
    allowPositionals: true,
  }).tokens;
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function faultOf(
  { name, rawName, value, inlineValue }: OptionToken,
  options: Readonly<Record<string, Option>>,
  given: ReadonlyMap<string, unknown>,
): string | null {
  const option = Object.hasOwn(options, name) && rawName.startsWith("--") ? options[name] : undefined;
  if (option === undefined) {
    const near = nearest(name, Object.keys(options));
    return `there is no option ${rawName}${near === null ? "." : `; did you mean --${near}?`}`;
  }
  if (given.has(name) && option.many !== true) return `--${name} is given twice.`;
  if (option.value === null) return value === undefined ? null : `--${name} takes no value.`;
  // An option that follows at once is not meant as the value of this one.
  const isMissing = value === undefined || value === "" || (inlineValue !== true && value.startsWith("--"));
  return isMissing ? `--${name} needs a value, as in --${name} ${option.value}.` : null;
}

function operandFault({ operands: expected }: CommandSpec, operands: readonly string[]): string | null {
  const missing = expected[operands.length];
  if (missing !== undefined) return `${missing} is missing.`;
  if (operands.length === expected.length) return null;
  return expected.length === 0 ? "it takes no file." : `it takes ${expected.join(" and ")}, and nothing more.`;
}

function requiredFault({ options }: CommandSpec, given: ReadonlyMap<string, unknown>): string | null {
  const missing = Object.entries(options).find(([name, { required }]) => required && !given.has(name));
  return missing === undefined ? null : `--${missing[0]} ${missing[1].value} is missing.`;
}
