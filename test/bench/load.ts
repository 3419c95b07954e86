/** The load generator, as a process of its own: gets jobs from the parent and answers each with what it measured. */
import { type Job, type Measured, readJob } from "./protocol.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** A request that takes longer counts as failed. */
const REQUEST_TIMEOUT_MS = 10_000;

process.on("message", async (message) => {
  const measured = await measure(readJob(message));
  process.send?.(measured);
});

/** Each client asks at least once, and again as long as there is time; what was begun is finished and counted. */
async function measure({ scenario: id, url, concurrency, durationMs }: Job): Promise<Measured> {
  const scenario = SCENARIOS.find((candidate) => candidate.id === id);
  if (scenario === undefined) throw new Error("no such scenario");
  const latenciesMs: number[] = [];
  let failed = 0;
  const startedMs = performance.now();
  const client = async () => {
    do {
      const askedMs = performance.now();
      if (!(await isAnswered(scenario, url))) failed++;
      latenciesMs.push(performance.now() - askedMs);
    } while (performance.now() - startedMs < durationMs);
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const elapsedMs = performance.now() - startedMs;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (share: number) => latenciesMs[Math.ceil(share * latenciesMs.length) - 1] ?? 0;
  return { requests: latenciesMs.length, failed, elapsedMs, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

async function isAnswered({ path, body, isComplete }: Scenario, url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const answer = await response.text();
    return response.status === 200 && isComplete(answer);
  } catch {
    return false;
  }
}
