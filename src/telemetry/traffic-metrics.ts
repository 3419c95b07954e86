import { Counter, Gauge, type Registry } from "prom-client";
import type { ProviderId } from "../core/decision.ts";
import type { Admission, TrafficStatus } from "../gateway/deps.ts";

/** What becomes of calls to providers. */
export function trafficMetrics(registers: Registry[]) {
  return {
    attempts: new Counter({
      name: "policy_mesh_provider_attempts_total",
      help: "Turns of a target, retries among them, by how they ended. Whether the request was sent is in the audit row.",
      labelNames: ["provider", "outcome"],
      registers,
    }),
    retries: new Counter({
      name: "policy_mesh_provider_retries_total",
      help: "Calls that were made again to the same target after a failure that may pass.",
      labelNames: ["provider"],
      registers,
    }),
    circuitTransitions: new Counter({
      name: "policy_mesh_circuit_transitions_total",
      help: "Circuits of a provider's models, or of a provider as a whole, that changed to a state.",
      labelNames: ["provider", "to"],
      registers,
    }),
    skippedEvents: new Counter({
      name: "policy_mesh_skipped_events_total",
      help: "Events of streams that were not in the protocol, left out of answers that were complete without them.",
      labelNames: ["provider"],
      registers,
    }),
  };
}

type Traffic = {
  readonly providers: () => readonly (TrafficStatus & { readonly id: ProviderId })[];
  readonly admission: () => ReturnType<Admission["status"]>;
};

/** Asked at each scrape: what is under way changes all the time. */
export function watchTraffic(registers: Registry[], traffic: Traffic): void {
  const ofProviders = (name: string, help: string, value: (status: TrafficStatus) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["provider"],
      registers,
      collect() {
        // Those of a policy before this one would stay for ever.
        this.reset();
        for (const status of traffic.providers()) this.set({ provider: status.id }, value(status));
      },
    });
  ofProviders("policy_mesh_provider_in_flight", "Calls of a provider under way.", (status) => status.inFlightCount);
  ofProviders(
    "policy_mesh_provider_queued",
    "Calls that wait for a place at a provider.",
    (status) => status.queuedCount,
  );
  ofProviders(
    "policy_mesh_circuits_open",
    "Circuits of a provider that let no call pass, or a single one to try.",
    ({ circuits }) => circuits.filter(({ state }) => state !== "closed").length,
  );
  ofProviders(
    "policy_mesh_models_paused",
    "Models that a provider asked by retry-after to leave alone.",
    ({ pauses }) => pauses.length,
  );
  const ofRequests = (name: string, help: string, value: (status: ReturnType<Traffic["admission"]>) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(traffic.admission()));
      },
    });
  ofRequests("policy_mesh_requests_in_flight", "Requests to models under way.", (status) => status.inFlightCount);
  ofRequests(
    "policy_mesh_requests_queued",
    "Requests to models that wait for a place.",
    (status) => status.queuedCount,
  );
}
