import { Elysia } from "elysia";
import type { ProviderId } from "../core/decision.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Deps } from "../gateway/deps.ts";
import { dependencyOf } from "./dependency.ts";
import { COMMON_PROBLEMS } from "./schemas/problem.ts";
import { HealthBody, ReadyBody } from "./schemas/system.ts";

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
  const active = deps.active();
  const [{ admits, database, databaseRequired, spool }, providers] = await Promise.all([
    deps.audit.health(),
    Promise.all([...active.providers.keys()].map((id) => providerState(deps, active, id))),
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
      ...Object.fromEntries(providers),
    },
  };
}

type ProviderState = Extract<ReadyBody["dependencies"][string], { readonly open_circuits: unknown }>;

async function providerState(
  { traffic }: Deps,
  active: ActivePolicy,
  id: ProviderId,
): Promise<readonly [ProviderId, ProviderState]> {
  const dependency = await dependencyOf(active.providers.get(id));
  const { circuits, pauses } = traffic.of(active, id).status();
  const open = circuits.filter(({ state }) => state !== "closed");
  return [
    id,
    {
      ...dependency,
      required: false,
      open_circuits: open.map(({ model }) => model ?? "*"),
      pauses: Object.fromEntries(pauses.map(({ model, leftMs }) => [model, Math.ceil(leftMs)])),
    },
  ];
}
