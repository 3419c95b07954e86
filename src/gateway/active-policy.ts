import type { ProviderId } from "../core/decision.ts";
import type { Provider } from "../core/provider.ts";
import type { CompiledPolicy, CompiledProvider } from "../policy/compiled.ts";
import type { CompiledScan } from "../scan/compile.ts";

/** In the order of the policy. */
export type Providers = ReadonlyMap<ProviderId, Provider>;

/**
 * A policy with all that was made of it. It is swapped whole; a request takes the one that is active when it is admitted
 * and keeps it to its end.
 */
export type ActivePolicy = {
  readonly policy: CompiledPolicy;
  readonly scan: CompiledScan;
  readonly providers: Providers;
  /** `built-in` follows the environment and has no file. */
  readonly source: "built-in" | "file";
  readonly loadedAt: Date;
};

/** What the policy says of a provider; undefined where it has none of that name. */
export const definitionOf = ({ policy }: ActivePolicy, id: ProviderId | null): CompiledProvider | undefined =>
  policy.providers.find((provider) => provider.id === id);
