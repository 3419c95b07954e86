import type { Candidate, Decision, Excluded, Exclusion, Forbidden, ShadowResult } from "../../src/core/decision.ts";
import type { Features, Price } from "../../src/core/features.ts";
import type {
  ConditionBody,
  ConstraintBody,
  DefaultBody,
  PolicyDocument,
  ProviderBody,
  RuleBody,
} from "../../src/policy/document.ts";

/**
 * A second interpreter of policies, straight from the document: slow, plain, and written without the first one. It
 * shares nothing with `src/policy` but types, so that both are wrong in the same way only if the semantics are.
 */
export function naiveDecide(document: PolicyDocument, policyHash: string, features: Features): Decision {
  const unread = isUnread(document, features);
  const held = (document.constraints ?? [])
    .map((body) => ({ body, truth: threeValued(document, features, body.when) }))
    .filter(({ truth }) => truth !== "false");
  const forbidden: Forbidden = {
    zones: unique(held.flatMap(({ body }) => forbiddenZones(document, body))),
    providers: unique(held.flatMap(({ body }) => body.forbid.providers ?? [])),
    models: unique(held.flatMap(({ body }) => body.forbid.models ?? [])),
  };
  const bodies = held.map(({ body }) => body);
  const rule = (document.rules ?? []).find(({ when }) => ruleHolds(document, features, when));
  const effect = rule ?? document.default;
  const outcome = outcomeOf(document, features, effect, bodies);
  const [first] = outcome.candidates;
  const uncertain = held.some(({ truth }) => truth === "unknown");
  const reasons = [
    ...held.filter(({ truth }) => truth === "true").map(({ body }) => body.reason),
    ...(unread && uncertain && features.scanIncomplete ? ["scan.budget_exceeded"] : []),
    ...(unread && uncertain && features.opaqueContent && opaqueIsSensitive(document) ? ["scan.opaque_part"] : []),
    effect.reason,
  ];
  return {
    policyHash,
    ...outcome,
    rule: rule?.id ?? "default",
    constraints: held.map(({ body, truth }) => ({ id: body.id, reason: body.reason, certain: truth === "true" })),
    forbidden,
    reasonCodes: unique(reasons) as [string, ...string[]],
    effects: effectsOf(document, effect),
    estimatedCostMicros: first === undefined ? null : reportedCost(document, features, effect, first),
    shadow: (document.shadow ?? [])
      .filter(({ when }) => ruleHolds(document, features, when))
      .map((watched) => shadowOf(document, features, watched, bodies, outcome.candidates)),
  };
}

const unique = <T>(list: readonly T[]): T[] => list.filter((item, index) => list.indexOf(item) === index);
const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);
const providersOf = (document: PolicyDocument): [string, ProviderBody][] =>
  Object.entries(document.providers).sort(([one], [other]) => (one < other ? -1 : 1));

const opaqueIsSensitive = (document: PolicyDocument): boolean => document.scan?.opaque_content !== "allowed";
const isUnread = (document: PolicyDocument, features: Features): boolean =>
  features.scanIncomplete || (features.opaqueContent && opaqueIsSensitive(document));

function forbiddenZones(document: PolicyDocument, { forbid }: ConstraintBody): string[] {
  const { zones = [], zones_except: except } = forbid;
  if (except === undefined) return zones;
  const all = providersOf(document).map(([, { zone }]) => zone);
  return unique([...zones, ...all.filter((zone) => !except.includes(zone))]);
}

type Truth = "true" | "false" | "unknown";

/** By Kleene's tables: a signal that was not found is unknown where some content could not be read. */
export function threeValued(document: PolicyDocument, features: Features, when: ConditionBody): Truth {
  const keys = Object.entries(when).map(([key, value]) => threeValuedKey(document, features, key, value));
  return and(keys);
}

function threeValuedKey(document: PolicyDocument, features: Features, key: string, value: unknown): Truth {
  if (key === "all") return and((value as ConditionBody[]).map((part) => threeValued(document, features, part)));
  if (key === "any") return or((value as ConditionBody[]).map((part) => threeValued(document, features, part)));
  if (key === "not") return not(threeValued(document, features, value as ConditionBody));
  if (key === "signal") {
    const found = listOf(value as string | string[]).some((signal) => features.signals.includes(signal));
    if (found) return "true";
    return isUnread(document, features) ? "unknown" : "false";
  }
  return plainKey(document, features, key, value) ? "true" : "false";
}

const and = (parts: readonly Truth[]): Truth =>
  parts.includes("false") ? "false" : parts.includes("unknown") ? "unknown" : "true";
const or = (parts: readonly Truth[]): Truth => not(and(parts.map(not)));
const not = (truth: Truth): Truth => (truth === "unknown" ? "unknown" : truth === "true" ? "false" : "true");

function ruleHolds(document: PolicyDocument, features: Features, when: ConditionBody | undefined): boolean {
  return (
    when === undefined || holdsWith(document, features, when, isUnread(document, features) ? "all" : features.signals)
  );
}

/** In plain logic, by signals that are given. */
export function holdsWith(
  document: PolicyDocument,
  features: Features,
  when: ConditionBody,
  found: readonly string[] | "all",
): boolean {
  return Object.entries(when).every(([key, value]) => {
    const inner = (part: ConditionBody) => holdsWith(document, features, part, found);
    if (key === "all") return (value as ConditionBody[]).every(inner);
    if (key === "any") return (value as ConditionBody[]).some(inner);
    if (key === "not") return !inner(value as ConditionBody);
    if (key === "signal") return listOf(value as string | string[]).some((id) => found === "all" || found.includes(id));
    return plainKey(document, features, key, value);
  });
}

/** All keys but those of logic and signals. */
function plainKey(document: PolicyDocument, features: Features, key: string, value: unknown): boolean {
  const within = (actual: number): boolean => {
    const { at_least, at_most } = value as { at_least?: number; at_most?: number };
    return (at_least === undefined || actual >= at_least) && (at_most === undefined || actual <= at_most);
  };
  const among = (actual: string | null | undefined): boolean =>
    listOf(value as string | string[]).some((one) => one === actual);
  switch (key) {
    case "prompt_chars":
      return within(features.promptChars);
    case "prompt_tokens":
      return within(features.promptTokens ?? Number.MAX_SAFE_INTEGER);
    case "message_count":
      return within(features.messageCount);
    case "estimated_cost_micros":
      return within(highestCost(document, features));
    case "model":
      if (features.wish === "auto") return among("auto");
      return features.wish === "known" && among(features.model);
    case "requested_provider":
      return features.requestedProvider !== null && among(features.requestedProvider);
    case "surface":
      return among(features.surface);
    case "task":
      return among(features.task);
    case "stream":
      return features.streamed === value;
    case "has_tools":
      return features.hasTools === value;
    case "has_images":
      return features.hasImages === value;
    case "opaque_content":
      return features.opaqueContent === value;
    case "scan_incomplete":
      return features.scanIncomplete === value;
    case "labels":
      return Object.entries(value as Record<string, string | string[]>).every(([label, values]) =>
        listOf(values).some((one) => one === features.labels[label]),
      );
    default:
      throw new Error(`no such key: ${key}`);
  }
}

type Effect = DefaultBody | RuleBody;

function outcomeOf(document: PolicyDocument, features: Features, effect: Effect, held: readonly ConstraintBody[]) {
  const chain = effect.route ?? [];
  const judged = (id: string): Excluded | Candidate => {
    const body = document.providers[id];
    if (body === undefined) throw new Error("no such provider");
    const model = modelOf(body, id, features);
    const [first] = exclusions(document, features, effect, held, id, body, model);
    if (first !== undefined) return { provider: id, model, ...first };
    return { provider: id, zone: body.zone, model: model ?? "" };
  };
  const candidates = chain.map(judged).filter((one): one is Candidate => !("by" in one));
  const excluded = providersOf(document)
    .map(([id, body]): Excluded | Candidate =>
      chain.includes(id)
        ? judged(id)
        : { provider: id, model: modelOf(body, id, features), by: "not_in_route", constraints: [] },
    )
    .filter((one): one is Excluded => "by" in one);
  return { candidates, excluded, denial: denialOf(effect, candidates, excluded) };
}

function denialOf(effect: Effect, candidates: readonly Candidate[], excluded: readonly Excluded[]): Decision["denial"] {
  if (effect.deny) return "policy.denied";
  if (candidates.length > 0) return null;
  return excluded.some(({ by }) => by === "no_embedding_model")
    ? "policy.embedding_model_unavailable"
    : "policy.no_compliant_route";
}

/** All that exclude a provider of the chain, in their order. */
function exclusions(
  document: PolicyDocument,
  features: Features,
  effect: Effect,
  held: readonly ConstraintBody[],
  id: string,
  body: ProviderBody,
  model: string | null,
): { by: Exclusion; constraints: string[] }[] {
  const by = (exclusion: Exclusion, holds: boolean, constraints: readonly ConstraintBody[] = []) =>
    holds ? [{ by: exclusion, constraints: constraints.map((constraint) => constraint.id) }] : [];
  const ofZone = held.filter((constraint) => forbiddenZones(document, constraint).includes(body.zone));
  const ofProvider = held.filter(({ forbid }) => forbid.providers?.includes(id));
  const ofModel = held.filter(({ forbid }) => model !== null && forbid.models?.includes(model));
  const facts = model === null ? undefined : body.models?.[model];
  const tokens = features.promptTokens ?? Number.MAX_SAFE_INTEGER;
  const { maxEstimatedCostMicros, maxOutputTokens } = effectsOf(document, effect);
  return [
    ...by("forbidden_zone", ofZone.length > 0, ofZone),
    ...by("forbidden_provider", ofProvider.length > 0, ofProvider),
    ...by("no_embedding_model", model === null),
    ...by("forbidden_model", ofModel.length > 0, ofModel),
    ...by("lacks_tools", features.hasTools && facts?.capabilities?.includes("tools") === false),
    ...by("lacks_images", features.hasImages && facts?.capabilities?.includes("images") === false),
    ...by("context_too_small", facts?.context_tokens !== undefined && facts.context_tokens < tokens),
    ...by(
      "over_cost_limit",
      maxEstimatedCostMicros !== null &&
        costOf(document, features, id, body, model, maxOutputTokens) > maxEstimatedCostMicros,
    ),
  ];
}

function effectsOf(document: PolicyDocument, effect: Effect): Decision["effects"] {
  const least = (...bounds: (number | undefined)[]): number | null => {
    const set = bounds.filter((bound) => bound !== undefined);
    return set.length === 0 ? null : Math.min(...set);
  };
  const { attempts = {} } = effect;
  const inMs = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1_000);
  return {
    maxOutputTokens: least(effect.limits?.max_output_tokens, document.limits?.max_output_tokens),
    maxEstimatedCostMicros: least(effect.limits?.max_estimated_cost_micros, document.limits?.max_estimated_cost_micros),
    delivery: effect.delivery ?? "live",
    attempts: {
      connectTimeoutMs: attempts.connect_timeout_ms ?? null,
      timeoutMs: inMs(attempts.timeout_seconds),
      firstTokenTimeoutMs: attempts.first_token_timeout_ms ?? null,
      idleTimeoutMs: attempts.idle_timeout_ms ?? null,
      retries: attempts.retries ?? null,
      deadlineMs: inMs(attempts.deadline_seconds),
      maxTargets: attempts.max_targets ?? null,
    },
  };
}

function modelOf(body: ProviderBody, id: string, features: Features): string | null {
  const embeds = features.task === "embedding";
  if (features.wish === "auto") return embeds ? (body.default_embedding_model ?? null) : body.default_model;
  if (features.wish === "known" && features.model !== null && features.offeredBy.includes(id)) {
    const own = body.wishes?.[features.model] ?? features.model;
    const declared = [...Object.keys(body.models ?? {}), body.default_model, body.default_embedding_model];
    if (body.models === undefined || declared.includes(own)) return own;
  }
  return embeds ? null : body.default_model;
}

function highestCost(document: PolicyDocument, features: Features): number {
  const costs = providersOf(document).map(([id, body]) => {
    const model = modelOf(body, id, features);
    const clamp = document.limits?.max_output_tokens ?? null;
    return model === null ? 0 : costOf(document, features, id, body, model, clamp);
  });
  return Math.max(...costs);
}

function priceOf(
  document: PolicyDocument,
  features: Features,
  id: string,
  body: ProviderBody,
  model: string | null,
): Price | null {
  const price = document.prices?.[id]?.[model ?? ""];
  if (price !== undefined) return price;
  if (body.zone === "local") return { input: 0, output: 0 };
  return features.wish === "known" && model === features.model ? features.wishPrice : null;
}

function costOf(
  document: PolicyDocument,
  features: Features,
  id: string,
  body: ProviderBody,
  model: string | null,
  clamp: number | null,
): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  const price = priceOf(document, features, id, body, model);
  if (price === null) return Number(most);
  const input = BigInt(features.promptTokens ?? Number.MAX_SAFE_INTEGER) * BigInt(price.input);
  const written = Math.min(features.maxOutputTokens ?? 1_024, clamp ?? Number.POSITIVE_INFINITY);
  const output = BigInt(written) * BigInt(features.choices) * BigInt(price.output);
  const total = input + (features.task === "embedding" ? 0n : output);
  const micros = total / 1_000_000n + (total % 1_000_000n === 0n ? 0n : 1n);
  return Number(micros < most ? micros : most);
}

function reportedCost(document: PolicyDocument, features: Features, effect: Effect, first: Candidate): number | null {
  const body = document.providers[first.provider];
  if (body === undefined) throw new Error("no such provider");
  const price = priceOf(document, features, first.provider, body, first.model);
  if (price === null || (features.promptTokens === null && price.input !== 0)) return null;
  const { maxOutputTokens } = effectsOf(document, effect);
  return costOf(document, features, first.provider, body, first.model, maxOutputTokens);
}

function shadowOf(
  document: PolicyDocument,
  features: Features,
  watched: RuleBody,
  held: readonly ConstraintBody[],
  real: readonly Candidate[],
): ShadowResult {
  const { candidates, denial } = outcomeOf(document, features, watched, held);
  const provider = candidates[0]?.provider ?? null;
  const outcome = denial === null ? "route" : "deny";
  const realOutcome = real.length === 0 ? "deny" : "route";
  return {
    rule: watched.id,
    outcome,
    provider,
    differs: outcome !== realOutcome || provider !== (real[0]?.provider ?? null),
  };
}
