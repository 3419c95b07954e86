import { join } from "node:path";
import { countOf, readClaims } from "./audit-claims.ts";
import { startAuditChild } from "./audit-processes.ts";
import { startPostgresProxy } from "./postgres-proxy.ts";
import { until } from "./until.ts";

const CLIENTS = 32;
const DRAIN_TIMEOUT_MS = 600_000;

/**
 * Takes requests through while the database is down for `seconds`, and then until it has every row. Gives what was said
 * of the requests, and how long the rest took to arrive; throws where one was refused.
 */
export async function longOutage(directory: string, url: string, seconds: number) {
  const proxy = await startPostgresProxy(url);
  const claimsFile = join(directory, "outage.claims");
  const done = () => countOf(readClaims([claimsFile]), "done");
  const child = startAuditChild({
    directory: join(directory, "outage"),
    url: proxy.url,
    claims: claimsFile,
    clients: CLIENTS,
    pauseMs: 50,
    finishTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  try {
    await until(() => done() > 0, "requests go through");
    await proxy.refuse();
    const before = done();
    await Bun.sleep(seconds * 1_000);
    const during = done() - before;
    await proxy.heal();
    const healedMs = performance.now();
    await child.finish();
    if (child.said("refused")) throw new Error("a request was refused although only the database was down");
    const drainSeconds = (performance.now() - healedMs) / 1_000;
    return { claims: readClaims([claimsFile]), during, drainSeconds };
  } finally {
    child.signal("SIGKILL");
    await proxy.stop();
  }
}
