/**
 * The properties of the analysis and of diffs, over far more policies than the suite tries.
 *
 *   bun test/support/prove-analysis.ts [--runs N] [--most N] [--seed N]
 *
 * `--runs` counts policies, or pairs of them, for each property (10,000). Every request of a policy is tried where there
 * are at most `--most` (20,000). Exits 1 at the first that fails, with the smallest policy that shows it, and the seed.
 */
import { parseArgs } from "node:util";
import { PROPERTIES, prove } from "./analysis-properties.ts";
import { proveAgainstGateway } from "./diff-against-gateway.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    most: { type: "string", default: "20000" },
    seed: { type: "string" },
  },
});
const [runs, most] = [Number(values.runs), Number(values.most)];
if (![runs, most].every((count) => Number.isInteger(count) && count > 0)) {
  throw new Error("--runs and --most must be whole numbers of at least 1");
}
const seed = values.seed === undefined ? undefined : Number(values.seed);

for (const name of Object.keys(PROPERTIES)) report(name, () => prove(name, runs, most, seed));
report("what they deny happens to no request that the gateway reads", () =>
  proveAgainstGateway({ runs, requestsPerPair: 100, maxNodes: 300_000, ...(seed === undefined ? {} : { seed }) }),
);

function report(name: string, run: () => void): void {
  const startedMs = performance.now();
  run();
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  process.stdout.write(`ok  ${name} (${runs} runs, ${seconds} s)\n`);
}
