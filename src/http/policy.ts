import { Elysia } from "elysia";
import type { AttemptLimits } from "../core/attempts.ts";
import type { Effects, Forbidden } from "../core/decision.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Deps } from "../gateway/deps.ts";
import type { CompiledConstraint, CompiledPolicy, CompiledProvider, CompiledRule } from "../policy/compiled.ts";
import type { ConditionBody, SignalBody } from "../policy/document.ts";
import { impliesByForm } from "../policy/implies.ts";
import { wordsOf } from "../policy/words.ts";
import { type EffectsBody, PolicyBody, type PolicyRule, RoutesBody } from "./schemas/policy.ts";
import { COMMON_PROBLEMS } from "./schemas/problem.ts";

// `parse: "json"` on routes without a body is how the OpenAPI plugin learns that the answer is JSON.

/** What decides, for whoever is decided about: no keyword, no pattern, no address and no key of a provider. */
export function policyRoutes({ active }: Pick<Deps, "active">) {
  return new Elysia({ name: "policy-mesh/policy" })
    .get("/v1/policy", () => policyBody(active()), {
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: PolicyBody },
      detail: {
        summary: "Policy",
        description: "The policy in force, as data. Shows no keywords, no patterns and no secrets.",
        tags: ["policy"],
      },
    })
    .get("/v1/routes", () => routesBody(active().policy), {
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: RoutesBody },
      detail: {
        summary: "Effective policy",
        description: "The rules in force in words, in order. Shows no keywords and no secrets.",
        tags: ["policy"],
      },
    });
}

function routesBody({ name, providers, constraints, rules, fallback }: CompiledPolicy): RoutesBody {
  const body = (rule: CompiledRule, when: string): RoutesBody["rules"][number] => ({
    id: rule.id,
    when,
    route: [...(rule.route ?? [])],
    forbidden_zones: forbiddenZones(rule, constraints),
    reason: rule.reason,
  });
  return {
    policy: name,
    constraints: constraints.map(({ id, when, forbid, reason }) => ({
      id,
      when: wordsOf(when),
      forbids: forbidsBody(forbid),
      reason,
    })),
    rules: [...rules.map((rule) => body(rule, wordsOf(rule.when))), body(fallback, "otherwise")],
    providers: providers.map(({ id, zone, defaultModel }) => ({ id, zone, default_model: defaultModel })),
  };
}

function forbiddenZones(rule: CompiledRule, constraints: readonly CompiledConstraint[]): string[] {
  const holding = constraints.filter(({ when }) => impliesByForm(rule.when, when));
  return [...new Set(holding.flatMap(({ forbid }) => forbid.zones))];
}

function policyBody({ policy, source, loadedAt }: ActivePolicy): PolicyBody {
  const { document } = policy;
  return {
    name: policy.name,
    version: policy.version,
    hash: policy.hash,
    source,
    loaded_at: loadedAt.toISOString(),
    providers: policy.providers.map(providerBody),
    signals: policy.signals.map(({ id }) => ({ id, ...kindsOf(document.signals?.[id] ?? {}) })),
    // Compiled in the order of the document, where the conditions are as they were written.
    constraints: policy.constraints.map(({ id, reason, forbid }, index) => ({
      id,
      reason,
      when: whenBody(document.constraints?.[index]?.when),
      forbids: forbidsBody(forbid),
    })),
    rules: policy.rules.map((rule, index) => ruleBody(rule, document.rules?.[index]?.when)),
    default: ruleBody(policy.fallback, undefined),
    shadow: policy.shadow.map((rule, index) => ruleBody(rule, document.shadow?.[index]?.when)),
  };
}

function providerBody({ id, kind, zone, ...provider }: CompiledProvider): PolicyBody["providers"][number] {
  const { failurePercent, minimumCalls, windowMs, openMs } = provider.breaker;
  return {
    id,
    kind,
    zone,
    default_model: provider.defaultModel,
    attempts: attemptLimitsBody(provider.attempts),
    breaker: { failure_percent: failurePercent, minimum_calls: minimumCalls, window_ms: windowMs, open_ms: openMs },
    max_concurrency: provider.maxConcurrency,
  };
}

const attemptLimitsBody = (limits: AttemptLimits) => ({
  timeout_ms: limits.timeoutMs,
  connect_timeout_ms: limits.connectTimeoutMs,
  first_token_timeout_ms: limits.firstTokenTimeoutMs,
  idle_timeout_ms: limits.idleTimeoutMs,
  retries: limits.retries,
});

const whenBody = (when: ConditionBody | undefined): PolicyRule["when"] => (when === undefined ? null : { ...when });

function ruleBody({ id, reason, route, effects }: CompiledRule, when: ConditionBody | undefined): PolicyRule {
  return { id, reason, when: whenBody(when), route: route === null ? null : [...route], ...effectsBody(effects) };
}

export function effectsBody({ maxOutputTokens, maxEstimatedCostMicros, delivery, attempts }: Effects): EffectsBody {
  return {
    limits: { max_output_tokens: maxOutputTokens, max_estimated_cost_micros: maxEstimatedCostMicros },
    delivery,
    attempts: {
      deadline_ms: attempts.deadlineMs,
      ...attemptLimitsBody(attempts),
      max_targets: attempts.maxTargets,
    },
  };
}

export const forbidsBody = ({ zones, providers, models }: Forbidden) => ({
  zones: [...zones],
  providers: [...providers],
  models: [...models],
});

/** INVARIANT: of keywords and patterns their number and their names go out, never what they look for. */
function kindsOf({ keywords = [], patterns = [], detectors = [], groups = [] }: SignalBody) {
  return {
    keyword_count: keywords.length,
    patterns: patterns.map(({ id }) => id),
    detectors: [...detectors],
    groups: [...groups],
  };
}
