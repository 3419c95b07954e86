import type { AllowedTarget, Decision } from "../core/decision.ts";
import { isOllamaCloudName } from "../core/models.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Providers } from "./deps.ts";

export type Denial = "policy.cloud_model_refused" | "policy.no_compliant_route";

/** The only maker of `AllowedTarget`: what a decision routes to, less what it forbids. Asks nobody. */
export function plan(
  decision: Decision,
  modelWish: string | null,
  providers: Providers,
): Result<readonly [AllowedTarget, ...AllowedTarget[]], Denial> {
  if (modelWish !== null && namesCloudModel(modelWish, providers)) return err("policy.cloud_model_refused");
  const [first, ...rest] = decision.route
    .map((id) => providers[id])
    .filter((provider) => !decision.forbiddenZones.includes(provider.zone))
    .map((provider) => {
      const model = chooseModel(provider, modelWish, providers);
      return allow({
        provider: provider.id,
        zone: provider.zone,
        model,
        constrained: decision.forbiddenZones.length > 0,
      });
    });
  return first === undefined ? err("policy.no_compliant_route") : ok([first, ...rest]);
}

type Unbranded = Pick<AllowedTarget, "provider" | "zone" | "model" | "constrained">;

/** INVARIANT: no other function makes an AllowedTarget; a test looks for the cast. */
function allow(target: Unbranded): AllowedTarget {
  return target as AllowedTarget;
}

/**
 * A name that means "hosted, by way of the local server" is refused wherever the request would go, so that nobody takes
 * it for a way around policy. One that the cloud provider lists as its own means that.
 */
function namesCloudModel(model: string, { local, openai }: Providers): boolean {
  return (isOllamaCloudName(model) || local.has(model) === "remote") && openai.has(model) !== "yes";
}

/**
 * The client's wish where the chosen provider has that model, else the provider's own default. A cloud server that
 * lists no models is taken at the client's word, unless the name is one of the local provider's; the local one never.
 */
function chooseModel(provider: Provider, wish: string | null, providers: Providers): string {
  if (wish === null) return provider.defaultModel;
  const availability = provider.has(wish);
  if (availability === "yes") return wish;
  const isTrusted = provider.id !== "local" && availability === "unknown" && !isLocalModel(wish, providers);
  return isTrusted ? wish : provider.defaultModel;
}

function isLocalModel(model: string, providers: Providers): boolean {
  return model === providers.local.defaultModel || providers.local.has(model) === "yes";
}
