import type { DryRun } from "../gateway/dry-run.ts";
import { denied } from "../gateway/endings.ts";
import type { Denial } from "../gateway/plan.ts";
import { type ExplainedAtom, type ExplainedProvider, type Explanation, explain } from "../policy/explain.ts";
import { featuresBody } from "./features-body.ts";
import { effectsBody, forbidsBody } from "./policy.ts";
import type { DecideBody } from "./schemas/decide.ts";

/** A dry run in the API's words; the command line prints the same. Ids, codes and numbers: nothing of the request's text. */
export function decideBody(run: DryRun): DecideBody {
  const { policy } = run.active;
  const explanation = explain(policy, run.features);
  const { decision } = explanation;
  const error = run.planned.ok ? null : denied(run.planned.error).error;
  return {
    policy: { name: policy.name, version: policy.version, hash: policy.hash },
    decision: run.planned.ok ? "route" : "deny",
    rule: decision.rule,
    reason_codes: [...decision.reasonCodes, ...(error === null ? [] : [error.code])],
    error: error === null ? null : { code: error.code, message: error.message, field: error.field },
    ...providersBody(run, explanation),
    forbidden: forbidsBody(decision.forbidden),
    effects: effectsBody(decision.effects),
    constraints: explanation.constraints.map(({ forbid, because, ...constraint }) => ({
      ...constraint,
      forbids: forbidsBody(forbid),
      because: becauseBody(because),
    })),
    rules: explanation.rules.map(({ because, ...rule }) => ({ ...rule, because: becauseBody(because) })),
    unread: explanation.unread,
    shadow: decision.shadow.map((result) => ({ ...result })),
    features: featuresBody(run.features),
    findings: { ...run.findings },
  };
}

type Excluded = DecideBody["excluded"][number];

/** Policy's candidates, less those that the plan drops: a client would see no others tried. */
function providersBody({ planned }: DryRun, { providers }: Explanation) {
  const targets = planned.ok ? planned.value : [];
  const known = new Map(providers.map((provider) => [provider.provider, provider]));
  const costOf = (id: string) => known.get(id)?.estimatedCostMicros ?? null;
  const candidates = targets.map(({ provider, zone, model }) => ({
    provider,
    zone,
    model,
    estimated_cost_micros: costOf(provider),
  }));
  const excluded = providers
    .filter(({ provider }) => !targets.some((target) => target.provider === provider))
    .map((provider) => excludedBody(provider, planned.ok ? "request.untranslatable_field" : planned.error.code));
  const [first] = candidates;
  return { candidates, excluded, estimated_cost_micros: first?.estimated_cost_micros ?? null };
}

const PLAN_WORDS = {
  cloud_model_refused: "the model asked for is one that Ollama forwards to a hosted service",
  steering_field_refused: "a field of the request would choose another model, host or key behind it",
  untranslatable_field: "its protocol cannot carry a field of the request",
} as const;

function excludedBody(explained: ExplainedProvider, code: Denial["code"]): Excluded {
  const { provider, zone, model, by, constraints, why, estimatedCostMicros } = explained;
  const shared = { provider, zone, model, estimated_cost_micros: estimatedCostMicros, constraints: [...constraints] };
  if (by !== null) return { ...shared, by, why };
  const planned = wordOf(code);
  return { ...shared, by: planned, why: PLAN_WORDS[planned] };
}

function wordOf(code: Denial["code"]): keyof typeof PLAN_WORDS {
  if (code === "policy.cloud_model_refused") return "cloud_model_refused";
  return code === "policy.steering_field_refused" ? "steering_field_refused" : "untranslatable_field";
}

const becauseBody = (because: readonly ExplainedAtom[]) => because.map((atom) => ({ ...atom }));
