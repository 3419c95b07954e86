/**
 * The model test of leaks (test/http/no-leak.test.ts) at length: random policies, requests, failures, departures and
 * reloads, in runs of 20,000 requests with seeds of their own.
 *
 *     npx -y bun@1.4.5 test/support/prove-no-leak.ts --requests 1000000
 */
import { parseArgs } from "node:util";
import { proveNoLeak } from "./leak/leak-model.ts";

const { values } = parseArgs({
  options: { requests: { type: "string", default: "1000000" }, seed: { type: "string" } },
});
const total = Number(values.requests);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const RUN = 20_000;
const sums: Record<string, number> = {};
for (let done = 0, seed = firstSeed; done < total; done += RUN, seed += 1) {
  const tally = await proveNoLeak({ requests: Math.min(RUN, total - done), seed });
  for (const [name, count] of Object.entries(tally)) sums[name] = (sums[name] ?? 0) + count;
  process.stdout.write(`seed ${seed}: ${JSON.stringify(sums)}\n`);
}
process.stdout.write("no byte of a request reached what was forbidden for it\n");
