import type { RoutingReason } from "./reasons.ts";

export const PROVIDER_IDS = ["local", "openai"] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

export const ZONES = ["local", "cloud"] as const;
export type Zone = (typeof ZONES)[number];

/** What policy says of a request: the providers to try in order, the zones nothing of it may reach, and why. */
export type Decision = {
  readonly route: readonly [ProviderId, ...ProviderId[]];
  readonly forbiddenZones: readonly Zone[];
  readonly reasonCodes: readonly [RoutingReason, ...RoutingReason[]];
};

declare const allowed: unique symbol;

/**
 * A destination that policy allowed for one request. Only `gateway/plan.ts` makes one, and providers accept nothing
 * else, so code that would call a provider which policy did not allow does not compile.
 */
export type AllowedTarget = {
  readonly [allowed]: true;
  readonly provider: ProviderId;
  readonly zone: Zone;
  readonly model: string;
  /** Some zone is forbidden for the request, so the provider must show that it answers in its own. */
  readonly constrained: boolean;
};
