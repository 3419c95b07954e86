import { policyJsonSchema } from "../../policy/json-schema.ts";
import { jsonReport } from "../command/report.ts";
import { runCommand } from "../command/run.ts";
import type { CommandSpec } from "../command/spec.ts";

export const SCHEMA: CommandSpec = {
  family: "policy",
  name: "schema",
  summary: "Print the JSON Schema of policy files, for editors.",
  operands: [],
  options: { json: { value: null, summary: "Changes nothing: it is JSON." } },
  exitCodes: ["done", null],
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(SCHEMA, argv, async () => jsonReport(0, policyJsonSchema()));
