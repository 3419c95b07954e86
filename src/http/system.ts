import { Elysia } from "elysia";
import type { Provider } from "../core/provider.ts";
import type { Deps } from "../gateway/deps.ts";
import { COMMON_PROBLEMS } from "./schemas/problem.ts";
import { HealthBody, ReadyBody } from "./schemas/system.ts";

/** A probe may come every second from every replica's neighbour; providers are asked less often. */
const PROVIDER_STATE_MAX_AGE_MS = 5_000;

export type Metrics = { readonly contentType: string; readonly metrics: () => Promise<string> };

// `parse: "json"` on routes without a body is how the OpenAPI plugin learns that the answer is JSON.

/** What operators and their tools ask: is it alive, may it get traffic, how does it fare. */
export function systemRoutes(deps: Deps, metrics: Metrics, isDraining: () => boolean) {
  return new Elysia({ name: "policy-mesh/system" })
    .get("/v1/health", () => ({ status: "ok" as const }), {
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: HealthBody },
      detail: { summary: "Alive", description: "Consults nothing; for liveness probes.", tags: ["operations"] },
    })
    .get(
      "/v1/ready",
      async ({ set }) => {
        const body = await readiness(deps, isDraining());
        set.status = body.status === "ready" ? 200 : 503;
        return body;
      },
      {
        parse: "json",
        response: { ...COMMON_PROBLEMS, 200: ReadyBody, 503: ReadyBody },
        detail: {
          summary: "Ready",
          description:
            "503 while the gateway must not get traffic: requests cannot be put on record, or it is shutting down. The database gates in strict mode only; providers are reported and do not gate.",
          tags: ["operations"],
        },
      },
    )
    .get(
      "/v1/metrics",
      async () => new Response(await metrics.metrics(), { headers: { "content-type": metrics.contentType } }),
      {
        detail: {
          summary: "Metrics",
          description: "Prometheus text format 0.0.4.",
          tags: ["operations"],
          responses: { 200: { description: "Metrics", content: { "text/plain": { schema: { type: "string" } } } } },
        },
      },
    );
}

async function readiness(deps: Deps, draining: boolean): Promise<ReadyBody> {
  const { providers } = deps.active();
  const [{ admits, database, databaseRequired, spool }, states] = await Promise.all([
    deps.audit.health(),
    Promise.all([...providers.values()].map(providerState)),
  ]);
  return {
    status: admits.ok && !draining ? "ready" : "unready",
    audit: {
      state: spool.state,
      detail: spool.reason,
      spool_bytes: spool.bytes,
      spool_max_bytes: spool.maxBytes,
      unshipped_records: spool.unshippedCount,
      oldest_unshipped_at: spool.oldestUnshippedAt?.toISOString() ?? null,
    },
    dependencies: {
      database: {
        state: database.ok ? "up" : "down",
        required: databaseRequired,
        detail: database.ok ? null : database.error.message,
      },
      ...Object.fromEntries([...providers.keys()].map((id, index) => [id, states[index] ?? UNKNOWN])),
    },
  };
}

type Dependency = ReadyBody["dependencies"][string];

const UNKNOWN: Dependency = { state: "down", required: false, detail: "No answer yet." };

async function providerState(provider: Provider): Promise<Dependency> {
  const state = await provider.check(PROVIDER_STATE_MAX_AGE_MS);
  if (state.status === "up") return { state: "up", required: false, detail: null };
  return state.status === "down" ? { ...UNKNOWN, detail: state.failure.message } : UNKNOWN;
}
