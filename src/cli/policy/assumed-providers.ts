import { LOCAL_ZONE } from "../../core/decision.ts";
import type { Availability, Provider } from "../../core/provider.ts";
import type { Providers } from "../../gateway/active-policy.ts";
import { isSaidToHave } from "../../policy/assumed-wish.ts";
import type { CompiledPolicy, CompiledProvider } from "../../policy/compiled.ts";
import { unsupportedField as unsupportedByOllama } from "../../providers/ollama/unsupported.ts";
import { firstUnsupported as unsupportedByOpenAi } from "../../providers/openai/unsupported.ts";

/** What is said of `assumedProviders` wherever something was decided by them. */
export const ASSUMPTION =
  "No provider was asked which models it has. One that declares none is taken to have its defaults and, unless it is local, whatever is asked for.";

/** The providers of a policy as if nobody had asked them anything yet. They answer nothing. */
export const assumedProviders = (policy: CompiledPolicy): Providers =>
  new Map(policy.providers.map((provider) => [provider.id, assumedProvider(provider)]));

function assumedProvider(spec: CompiledProvider): Provider {
  const { id, kind, zone, defaultModel, defaultEmbeddingModel } = spec;
  return {
    id,
    zone,
    defaultModel,
    defaultEmbeddingModel,
    has: (model) => availabilityOf(spec, model),
    unsupportedField: kind === "ollama" ? unsupportedByOllama : unsupportedByOpenAi,
    models: () => [],
    check: async () => ({ status: "unknown" }),
    glance: async () => ({ status: "unknown" }),
    describe: async () => null,
    running: async () => [],
    answer: () => {
      throw new Error("a dry run asked a provider");
    },
  };
}

/** Of an Ollama server the gateway itself supposes nothing but that it can embed. */
function availabilityOf(spec: CompiledProvider, model: string): Availability {
  if (isSaidToHave(spec, model)) return "yes";
  return spec.zone === LOCAL_ZONE && spec.kind === "openai" ? "no" : "unknown";
}
