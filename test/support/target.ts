import type { AllowedTarget, ProviderId, Zone } from "../../src/core/decision.ts";
import { plan } from "../../src/gateway/plan.ts";
import { chatRequest } from "./deps.ts";
import { fakeProvider } from "./fake-provider.ts";

/** An allowed target by the only way there is to get one. */
export function target(provider: ProviderId, model: string): AllowedTarget {
  return plannedTarget(provider, model, []);
}

/** The same for a request that must stay local. */
export const constrainedTarget = (model: string): AllowedTarget => plannedTarget("local", model, ["cloud"]);

function plannedTarget(provider: ProviderId, model: string, forbiddenZones: readonly Zone[]): AllowedTarget {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  const chosen = { local, openai }[provider];
  const providers = { local: local.provider, openai: openai.provider };
  const decision = { route: [provider] as const, forbiddenZones, reasonCodes: ["default"] as const };
  const named = { ...providers, [provider]: { ...chosen.provider, defaultModel: model } };
  const planned = plan(decision, chatRequest(""), named);
  if (!planned.ok) throw new Error(planned.error.code);
  return planned.value[0];
}
