import { isDeepStrictEqual } from "node:util";
import type { ProviderId } from "../../core/decision.ts";
import type { CompiledProvider } from "../../policy/compiled.ts";
import type { ProviderBody } from "../../policy/document.ts";
import type { ActivePolicy } from "../active-policy.ts";
import type { Telemetry } from "../deps.ts";
import type { Traffic } from "./contract.ts";
import { type After, afterTimeout } from "./gate.ts";
import { type CarriedTraffic, createProviderTraffic } from "./provider-traffic.ts";

export type TrafficOptions = {
  readonly monotonicMs: () => number;
  readonly onCircuitChanged: Telemetry["circuitChanged"];
  readonly after?: After;
};

/** Policies whose providers are remembered: requests of the one before last may still be under way. */
const MAX_POLICIES = 3;

type Known = { readonly definition: ProviderBody | undefined; readonly traffic: CarriedTraffic };
type KnownOfPolicy = ReadonlyMap<ProviderId, Known>;

/** In memory and of this process: another one finds out for itself. */
export function createTraffic({ after = afterTimeout, ...options }: TrafficOptions): Traffic {
  const byPolicy = new WeakMap<ActivePolicy, KnownOfPolicy>();
  /** The last one is the newest. */
  const recent: KnownOfPolicy[] = [];

  function create(provider: CompiledProvider, definition: ProviderBody | undefined): CarriedTraffic {
    const { monotonicMs, onCircuitChanged } = options;
    const own = createProviderTraffic(provider, {
      monotonicMs,
      after,
      onCircuitChanged: (model, state, category, triesInMs) =>
        onCircuitChanged({ provider: provider.id, model, state, category, triesInMs }),
      // Calls that began before a reload may be told after it, and who still works by the policy before has to hear it, too.
      onPaused: (pause) => {
        const others = sameServers(provider.id, definition).filter(({ traffic }) => traffic !== own);
        for (const { traffic } of others) traffic.takeOver([pause]);
      },
    });
    return own;
  }

  /** Those of the policies that are remembered; a policy between may not have had it. */
  const sameServers = (id: ProviderId, definition: ProviderBody | undefined): readonly Known[] =>
    recent.flatMap((policy) => policy.get(id) ?? []).filter((known) => isSameServer(known.definition, definition));

  function meet(active: ActivePolicy): KnownOfPolicy {
    const entries = active.policy.providers.map((provider): [ProviderId, Known] => {
      const { id } = provider;
      const definition = active.policy.document.providers[id];
      const earlier = recent.findLast((policy) => isDeepStrictEqual(policy.get(id)?.definition, definition))?.get(id);
      const known = earlier ?? { definition, traffic: create(provider, definition) };
      // Its settings may be others now; that it asked to be left alone holds all the same.
      for (const other of sameServers(id, definition)) {
        if (other !== known) known.traffic.takeOver(other.traffic.status().pauses);
      }
      return [id, known];
    });
    const known = new Map(entries);
    byPolicy.set(active, known);
    recent.push(known);
    if (recent.length > MAX_POLICIES) recent.shift();
    return known;
  }

  return {
    of(active, id) {
      const known = (byPolicy.get(active) ?? meet(active)).get(id);
      if (known === undefined) throw new Error("a provider that the policy does not define");
      return known.traffic;
    },
  };
}

const isSameServer = (one: ProviderBody | undefined, other: ProviderBody | undefined): boolean =>
  one?.kind === other?.kind && one?.base_url === other?.base_url && one?.api_key === other?.api_key;
