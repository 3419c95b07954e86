import { Elysia } from "elysia";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Deps } from "../gateway/deps.ts";
import type { CircuitStatus, Pause } from "../gateway/traffic/contract.ts";
import type { CompiledProvider } from "../policy/compiled.ts";
import { dependencyOf } from "./dependency.ts";
import { COMMON_PROBLEMS } from "./schemas/problem.ts";
import { ProvidersBody } from "./schemas/providers.ts";

/** How providers fare, for operators; shows no key, and an address only where nobody is there. */
export function providerRoutes(deps: Pick<Deps, "active" | "traffic">) {
  return new Elysia({ name: "policy-mesh/providers" }).get(
    "/v1/providers",
    async (): Promise<ProvidersBody> => {
      const active = deps.active();
      const bodies = active.policy.providers.map((provider) => providerBody(deps, active, provider));
      return { providers: await Promise.all(bodies) };
    },
    {
      // How the OpenAPI plugin learns that the answer is JSON.
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: ProvidersBody },
      detail: {
        summary: "Providers",
        description:
          "Whether each provider answers, how many calls are under way, which circuits are open, and which models it asked to leave alone.",
        tags: ["operations"],
      },
    },
  );
}

async function providerBody(
  { traffic }: Pick<Deps, "traffic">,
  active: ActivePolicy,
  { id, kind, zone, defaultModel }: CompiledProvider,
): Promise<ProvidersBody["providers"][number]> {
  const { state, detail } = await dependencyOf(active.providers.get(id));
  const { inFlightCount, queuedCount, maxConcurrency, circuits, pauses } = traffic.of(active, id).status();
  return {
    id,
    kind,
    zone,
    default_model: defaultModel,
    state,
    detail,
    in_flight: inFlightCount,
    queued: queuedCount,
    max_concurrency: maxConcurrency,
    circuits: circuits.map(circuitBody),
    pauses: pauses.map(pauseBody),
  };
}

const pauseBody = ({ model, by, leftMs }: Pause): ProvidersBody["providers"][number]["pauses"][number] => ({
  model,
  asked_by: by,
  tries_again_in_ms: Math.ceil(leftMs),
});

const circuitBody = (circuit: CircuitStatus): ProvidersBody["providers"][number]["circuits"][number] => ({
  model: circuit.model,
  state: circuit.state,
  recent_calls: circuit.callCount,
  recent_failures: circuit.failureCount,
  tries_again_in_ms: circuit.opensAgainInMs === null ? null : Math.ceil(circuit.opensAgainInMs),
});
