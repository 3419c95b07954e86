import { type Arguments, parseArguments } from "./arguments.ts";
import { emit, type Report } from "./report.ts";
import { type CommandSpec, HELP, helpOf, usageOf } from "./spec.ts";

/** Parses, runs and prints. What is wrong with the arguments is said on standard error and ends with 2. */
export async function runCommand(
  spec: CommandSpec,
  argv: readonly string[],
  report: (given: Arguments) => Promise<Report>,
): Promise<number> {
  const given = parseArguments(spec, argv);
  if (!given.ok) return await emit(wrongUsage(spec, given.error));
  if (given.value.has(HELP)) return await emit({ exitCode: 0, stdout: helpOf(spec), stderr: "" });
  return await emit(await report(given.value));
}

/** `fault` is a sentence on the arguments. */
export const wrongUsage = (spec: CommandSpec, fault: string): Report => ({
  exitCode: 2,
  stdout: "",
  stderr: `policy-mesh ${spec.family} ${spec.name}: ${fault}\nUsage: policy-mesh ${usageOf(spec)}\n`,
});
