/**
 * The properties of deciding, over far more policies than the suite tries.
 *
 *   bun test/support/prove-decide.ts [--runs N] [--seed N]
 *
 * `--runs` counts pairs of a policy and a request, for each property (1,000,000). Exits 1 at the first that fails, with
 * the smallest policy and requests that show it, and the seed.
 */
import { parseArgs } from "node:util";
import { PROPERTIES, proveProperty } from "./decide-properties.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "1000000" }, seed: { type: "string" } } });
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs must be a whole number of at least 1");
const seed = values.seed === undefined ? undefined : Number(values.seed);

for (const [name, check] of Object.entries(PROPERTIES)) {
  const startedMs = performance.now();
  proveProperty(check, runs, seed);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  process.stdout.write(`ok  ${name} (${runs} runs, ${seconds} s)\n`);
}
