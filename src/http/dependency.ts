import type { Provider } from "../core/provider.ts";

/** A probe may come every second from every replica's neighbour; providers are asked less often. */
const PROVIDER_STATE_MAX_AGE_MS = 5_000;

/** Whether a provider's server answers, and else what is wrong with it. */
export type Dependency = { readonly state: "up" | "down"; readonly detail: string | null };

const UNKNOWN: Dependency = { state: "down", detail: "No answer yet." };

export async function dependencyOf(provider: Provider | undefined): Promise<Dependency> {
  const state = await provider?.glance(PROVIDER_STATE_MAX_AGE_MS);
  if (state?.status === "up") return { state: "up", detail: null };
  return state?.status === "down" ? { state: "down", detail: state.failure.message } : UNKNOWN;
}
