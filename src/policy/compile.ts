import { DEFAULT_MAX_CONCURRENCY } from "../core/attempts.ts";
import { DEFAULT_RULE, type Effects, type Forbidden, type ProviderId, type Zone } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import { AUTO_MODEL } from "../core/models.ts";
import { attemptLimitsOf, attemptsOf, breakerOf } from "./call-settings.ts";
import type {
  CompiledConstraint,
  CompiledPolicy,
  CompiledProvider,
  CompiledRule,
  CompiledSignal,
  DecidablePolicy,
  Limits,
  ModelFacts,
} from "./compiled.ts";
import { ALWAYS, atomsOf, readCondition } from "./condition.ts";
import type { ConstraintBody, DefaultBody, PolicyDocument, ProviderBody, RuleBody } from "./document.ts";
import { canonicalForm, hashOf, readStored, type StoredPolicy, storedForm } from "./identity.ts";

/** Of a document that was checked and has its prices filled in; throws where one name refers to nothing. Pure. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  return { document, ...compileForm(storedForm(document)) };
}

/** Of what `storedForm` gave, such as a row of the database. Throws where it is anything else. Pure. */
export function compileStored(stored: JsonObject): DecidablePolicy {
  return compileForm(readStored(stored));
}

/**
 * Only of the stored form, so that nothing can be decided by what is not stored. Keys are taken in the order of their
 * names: their order in a file is no part of the policy's identity, and databases do not keep it.
 */
function compileForm(given: StoredPolicy): DecidablePolicy {
  const canonical = canonicalForm(given);
  const form: StoredPolicy = JSON.parse(canonical);
  const limits = limitsOf(form.limits);
  const providers = Object.entries(form.providers).map(([id, body]) => compileProvider(id, body, form.prices));
  const zones = [...new Set(providers.map(({ zone }) => zone))];
  const ids = new Set(providers.map(({ id }) => id));
  const parts = {
    providers,
    constraints: (form.constraints ?? []).map((body) => compileConstraint(body, zones)),
    rules: (form.rules ?? []).map((body) => compileRule(body, limits, ids)),
    fallback: compileRule({ ...form.default, id: DEFAULT_RULE }, limits, ids),
    shadow: (form.shadow ?? []).map((body) => compileRule(body, limits, ids)),
  };
  return {
    name: form.name,
    version: form.version,
    hash: hashOf(canonical),
    ...parts,
    signals: Object.entries(form.signals ?? {}).map(compileSignal),
    opaqueIsSensitive: form.scan?.opaque_content !== "allowed",
    labels: form.labels ?? {},
    limits,
    models: modelsOf(parts),
    needsTokens: needsTokens(parts),
  };
}

const NO_FACTS: ModelFacts = { contextTokens: null, tools: null, images: null };

function compileProvider(id: ProviderId, body: ProviderBody, prices: StoredPolicy["prices"]): CompiledProvider {
  const defaults = [body.default_model, body.default_embedding_model].filter((model) => model !== undefined);
  const declared = Object.entries(body.models ?? {}).map(([model, facts]) => [model, factsOf(facts)] as const);
  return {
    id,
    kind: body.kind,
    zone: body.zone,
    defaultModel: body.default_model,
    defaultEmbeddingModel: body.default_embedding_model ?? null,
    declared:
      body.models === undefined ? null : new Map([...defaults.map((model) => [model, NO_FACTS] as const), ...declared]),
    wishes: new Map(Object.entries(body.wishes ?? {})),
    attempts: attemptLimitsOf(body.attempts),
    breaker: breakerOf(body.breaker),
    maxConcurrency: body.max_concurrency ?? DEFAULT_MAX_CONCURRENCY,
    prices: new Map(Object.entries((prices !== undefined && Object.hasOwn(prices, id) && prices[id]) || {})),
  };
}

function factsOf({ context_tokens, capabilities }: NonNullable<ProviderBody["models"]>[string]): ModelFacts {
  return {
    contextTokens: context_tokens ?? null,
    tools: capabilities?.includes("tools") ?? null,
    images: capabilities?.includes("images") ?? null,
  };
}

function compileSignal([id, body]: [string, NonNullable<StoredPolicy["signals"]>[string]]): CompiledSignal {
  const keyword = body.keywords === undefined ? [] : [`keyword.${id}`];
  const patterns = (body.patterns ?? []).map((pattern) => `pattern.${pattern.id}`);
  return {
    id,
    codes: new Set([...keyword, ...patterns, ...(body.detectors ?? [])]),
    groups: new Set(body.groups ?? []),
  };
}

function compileConstraint({ id, reason, when, forbid }: ConstraintBody, zones: readonly Zone[]): CompiledConstraint {
  const { zones: named = [], zones_except: except, providers = [], models = [] } = forbid;
  const others = except === undefined ? [] : zones.filter((zone) => !except.includes(zone));
  const forbidden: Forbidden = { zones: [...new Set([...named, ...others])], providers, models };
  return { id, reason, when: readCondition(when), forbid: forbidden };
}

function compileRule(
  body: (DefaultBody | RuleBody) & { id: string },
  limits: Limits,
  providers: ReadonlySet<ProviderId>,
): CompiledRule {
  const [first, ...others] = body.deny === true ? [] : (body.route ?? []);
  if (body.deny !== true && first === undefined) throw new Error("a rule neither routes nor denies");
  if ([first, ...others].some((id) => id !== undefined && !providers.has(id))) {
    throw new Error("a rule routes to a provider that the policy does not have");
  }
  return {
    id: body.id,
    reason: body.reason,
    when: "when" in body ? readCondition(body.when) : ALWAYS,
    route: first === undefined ? null : [first, ...others],
    effects: effectsOf(body, limits),
  };
}

function effectsOf({ limits, delivery, attempts }: DefaultBody | RuleBody, policyWide: Limits): Effects {
  const own = limitsOf(limits);
  return {
    maxOutputTokens: narrower(own.maxOutputTokens, policyWide.maxOutputTokens),
    maxEstimatedCostMicros: narrower(own.maxEstimatedCostMicros, policyWide.maxEstimatedCostMicros),
    delivery: delivery ?? "live",
    attempts: attemptsOf(attempts),
  };
}

const limitsOf = (limits: PolicyDocument["limits"]): Limits => ({
  maxOutputTokens: limits?.max_output_tokens ?? null,
  maxEstimatedCostMicros: limits?.max_estimated_cost_micros ?? null,
});

function narrower(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

type Parts = Pick<DecidablePolicy, "providers" | "constraints" | "rules" | "fallback" | "shadow">;

const conditionsOf = ({ constraints, rules, shadow }: Parts) =>
  [...constraints, ...rules, ...shadow].map(({ when }) => when);

function modelsOf(parts: Parts): ReadonlySet<string> {
  const ofProviders = parts.providers.flatMap((provider) => [
    provider.defaultModel,
    ...(provider.defaultEmbeddingModel === null ? [] : [provider.defaultEmbeddingModel]),
    ...(provider.declared?.keys() ?? []),
    ...[...provider.wishes].flat(),
    ...provider.prices.keys(),
  ]);
  const asked = conditionsOf(parts)
    .flatMap(atomsOf)
    .flatMap((atom) => (atom.kind === "choice" && atom.of === "model" ? atom.values : []));
  const forbidden = parts.constraints.flatMap(({ forbid }) => forbid.models);
  return new Set([...ofProviders, ...asked, ...forbidden].filter((model) => model !== AUTO_MODEL).toSorted());
}

/** Costs that no condition or limit asks for are only reported, and for that nothing is counted. */
function needsTokens(parts: Parts): boolean {
  const asked = conditionsOf(parts)
    .flatMap(atomsOf)
    .some((atom) => atom.kind === "number" && (atom.of === "prompt_tokens" || atom.of === "estimated_cost_micros"));
  const limited = [...parts.rules, parts.fallback, ...parts.shadow].some(
    ({ effects }) => effects.maxEstimatedCostMicros !== null,
  );
  const bounded = parts.providers.some(({ declared }) =>
    [...(declared?.values() ?? [])].some(({ contextTokens }) => contextTokens !== null),
  );
  return asked || limited || bounded;
}
