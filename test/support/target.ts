import { NO_ATTEMPT_LIMITS } from "../../src/core/attempts.ts";
import type { AllowedTarget, Decision, Forbidden, ProviderId } from "../../src/core/decision.ts";
import { NOTHING_FORBIDDEN } from "../../src/core/decision.ts";
import { plan } from "../../src/gateway/plan.ts";
import { activeBuiltIn, chatRequest } from "./deps.ts";
import { fakeProvider } from "./fake-provider.ts";

/** A decision that routes to these, as `decide` would give it. */
export function decisionFor(
  candidates: readonly { readonly provider: ProviderId; readonly model?: string }[],
  overrides: Partial<Decision> = {},
): Decision {
  return {
    policyHash: `sha256:${"0".repeat(64)}`,
    candidates: candidates.map(({ provider, model = `${provider}-default` }) => ({
      provider,
      zone: provider === "local" ? "local" : "cloud",
      model,
    })),
    excluded: [],
    denial: candidates.length === 0 ? "policy.no_compliant_route" : null,
    rule: "default",
    constraints: [],
    forbidden: NOTHING_FORBIDDEN,
    reasonCodes: ["default"],
    effects: {
      maxOutputTokens: null,
      maxEstimatedCostMicros: null,
      delivery: "live",
      attempts: { ...NO_ATTEMPT_LIMITS, deadlineMs: null, maxTargets: null },
    },
    estimatedCostMicros: null,
    shadow: [],
    ...overrides,
  };
}

/** An allowed target by the only way there is to get one. */
export function target(
  provider: ProviderId,
  model: string,
  { forbidden = NOTHING_FORBIDDEN, maxOutputTokens = null }: TargetOptions = {},
): AllowedTarget {
  const providers = new Map([
    ["local", fakeProvider("local").provider],
    ["openai", fakeProvider("openai").provider],
  ]);
  const base = decisionFor([{ provider, model }]);
  const decision = { ...base, forbidden, effects: { ...base.effects, maxOutputTokens } };
  const planned = plan(decision, chatRequest(""), null, activeBuiltIn({}, providers));
  if (!planned.ok) throw new Error(planned.error.code);
  return planned.value[0];
}

type TargetOptions = { readonly forbidden?: Forbidden; readonly maxOutputTokens?: number | null };

/** The same for a request that must stay local. */
export const constrainedTarget = (model: string): AllowedTarget =>
  target("local", model, { forbidden: { ...NOTHING_FORBIDDEN, zones: ["cloud"] } });
