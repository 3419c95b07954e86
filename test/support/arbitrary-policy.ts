import fc from "fast-check";
import { SURFACES, TASKS } from "../../src/core/chat.ts";
import { DELIVERIES } from "../../src/core/decision.ts";
import type { Features } from "../../src/core/features.ts";
import type { DecidablePolicy } from "../../src/policy/compiled.ts";
import { atomsOf } from "../../src/policy/condition.ts";
import type {
  ConditionBody,
  ConstraintBody,
  PolicyDocument,
  ProviderBody,
  RuleBody,
} from "../../src/policy/document.ts";
import { CAPABILITIES } from "../../src/policy/document.ts";

/**
 * Documents that pass every check, from few names and numbers, so that parts of one meet parts of another. Zones,
 * models and the rest are drawn from pools; what refers to something refers to what is there.
 */

const PROVIDERS = ["alpha", "beta", "gamma", "delta"];
const ZONES = ["local", "local", "cloud", "eu"];
const MODELS = ["m1", "m2", "m3", "m4", "m5"];
const SIGNALS = ["first", "second", "third"];
const LABELS: Readonly<Record<string, readonly string[]>> = { team: ["red", "blue", "green"], tier: ["free", "paid"] };
const COUNTS = [0, 1, 2, 10, 100, 1_000, 1_024, 4_096];
const MICROS = [0, 1, 100, 10_000, 1_000_000, 1_000_000_000_000];
const PRICES = [0, 1, 150_000, 1_000_000, 60_000_000, 1_000_000_000_000];

type Names = {
  readonly providers: readonly string[];
  readonly signals: readonly string[];
  readonly labels: readonly string[];
};

/** At most `size` rules and constraints; the rest does not grow with it. */
export function arbitraryDocument(size = 4): fc.Arbitrary<PolicyDocument> {
  return fc
    .record({
      providers: fc.subarray(PROVIDERS, { minLength: 1 }),
      signals: fc.subarray(SIGNALS),
      labels: fc.subarray(Object.keys(LABELS)),
    })
    .chain((names) => documentWith(names, size));
}

function documentWith(names: Names, size: number): fc.Arbitrary<PolicyDocument> {
  const when = conditionOf(names, 2);
  const rule = fc.tuple(optional(when), effectOf(names)).map(([condition, effect]) => ({ ...condition, ...effect }));
  const rules = (prefix: string, maxLength: number): fc.Arbitrary<RuleBody[]> =>
    fc.array(rule, { maxLength }).map((list) => list.map((body, index) => ({ id: `${prefix}${index}`, ...body })));
  const parts = {
    providers: fc.tuple(...names.providers.map(() => providerBody())).map((bodies) => keyed(names.providers, bodies)),
    prices: pricesOf(names),
    constraints: fc.array(fc.tuple(when, forbidOf(names), reason("kept")), { maxLength: size }).map(constraintsOf),
    rules: rules("r", size),
    default: effectOf(names),
    shadow: rules("s", 2),
    scan: fc.record({ opaque_content: fc.constantFrom("sensitive" as const, "allowed" as const) }),
  };
  const drawnParts = fc.record(parts, { requiredKeys: ["providers", "default"] });
  return fc.tuple(drawnParts, seldomLimited()).map(([drawn, limited]) => ({
    apiVersion: "policy-mesh/v1",
    name: "drawn",
    version: 1,
    ...(names.signals.length === 0
      ? {}
      : { signals: Object.fromEntries(names.signals.map((id) => [id, { keywords: [`word of ${id}`] }])) }),
    ...(names.labels.length === 0
      ? {}
      : { labels: Object.fromEntries(names.labels.map((name) => [name, [...(LABELS[name] ?? [])]])) }),
    ...drawn,
    ...limited,
  }));
}

const constraintsOf = (list: readonly [ConditionBody, ConstraintBody["forbid"], string][]): ConstraintBody[] =>
  list.map(([when, forbid, why], index) => ({ id: `c${index}`, when, forbid, reason: why }));

const keyed = <T>(keys: readonly string[], values: readonly T[]): Record<string, T> =>
  Object.fromEntries(
    keys.flatMap((key, index) => {
      const value = values[index];
      return value === undefined ? [] : [[key, value]];
    }),
  );

const optional = (when: fc.Arbitrary<ConditionBody>) => fc.record({ when }, { requiredKeys: [] });
const reason = (prefix: string) => fc.constantFrom(...["a", "b", "c"].map((name) => `${prefix}.${name}`));
const some = <T>(of: readonly T[]) => fc.subarray([...of], { minLength: 1 });
const oneOrMore = <T>(of: readonly T[]) => fc.oneof(fc.constantFrom(...of), some(of));

function providerBody(): fc.Arbitrary<ProviderBody> {
  const model = fc.constantFrom(...MODELS);
  const facts = fc.record(
    { context_tokens: fc.constantFrom(...COUNTS.slice(1)), capabilities: fc.subarray([...CAPABILITIES]) },
    { requiredKeys: [] },
  );
  return fc
    .record(
      {
        kind: fc.constantFrom("ollama" as const, "openai" as const),
        zone: fc.constantFrom(...ZONES),
        base_url: fc.constant("http://127.0.0.1:1"),
        default_model: model,
        default_embedding_model: model,
        models: fc.dictionary(model, facts, { minKeys: 1, maxKeys: 3 }),
        wishes: fc.dictionary(model, model, { minKeys: 1, maxKeys: 3 }),
        attempts: fc.record(attemptLimits()),
        breaker: fc.record({ failure_percent: fc.constantFrom(1, 100), open_seconds: fc.constantFrom(1, 10) }),
        max_concurrency: fc.constantFrom(1, 10_000),
      },
      { requiredKeys: ["kind", "zone", "base_url", "default_model"] },
    )
    .map(withKnownWishes);
}

/** A provider that declares its models maps wishes to those only. */
function withKnownWishes(body: ProviderBody): ProviderBody {
  const { models, wishes } = body;
  if (models === undefined || wishes === undefined) return body;
  const known = new Set([...Object.keys(models), body.default_model, body.default_embedding_model]);
  const mapped = Object.entries(wishes).map(([wish, model]) => [wish, known.has(model) ? model : body.default_model]);
  return { ...body, wishes: Object.fromEntries(mapped) };
}

function pricesOf({ providers }: Names): fc.Arbitrary<NonNullable<PolicyDocument["prices"]>> {
  const price = fc.record({ input: fc.constantFrom(...PRICES), output: fc.constantFrom(...PRICES) });
  const table = fc.dictionary(fc.constantFrom(...MODELS), price, { minKeys: 1, maxKeys: 4 });
  return fc.dictionary(fc.constantFrom(...providers), table, { minKeys: 1, maxKeys: providers.length });
}

/** Most requests would cost too much for most of them, and then there is nothing more to see. */
const seldomLimited = () =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: limits().map((drawn) => ({ limits: drawn })) },
  );

const limits = () =>
  fc
    .record(
      { max_output_tokens: fc.constantFrom(...COUNTS.slice(1)), max_estimated_cost_micros: fc.constantFrom(...MICROS) },
      { requiredKeys: [] },
    )
    .filter((drawn) => Object.keys(drawn).length > 0);

function forbidOf({ providers }: Names): fc.Arbitrary<ConstraintBody["forbid"]> {
  const zones = ["local", "cloud", "eu"];
  const one = fc.oneof(
    some(zones).map((drawn) => ({ zones: drawn })),
    some(zones).map((drawn) => ({ zones_except: drawn })),
    some(providers).map((drawn) => ({ providers: drawn })),
    some(MODELS).map((models) => ({ models })),
  );
  return fc.oneof(
    { weight: 3, arbitrary: one },
    fc.tuple(one, one).map(([first, second]) => ({ ...first, ...second })),
  );
}

/** Two values of each are enough to tell one policy from another; more would make too many outcomes to compare. */
const attemptLimits = () => ({
  timeout_seconds: fc.constantFrom(1, 30),
  connect_timeout_ms: fc.constantFrom(10, 500),
  first_token_timeout_ms: fc.constantFrom(10, 5_000),
  idle_timeout_ms: fc.constantFrom(10, 5_000),
  retries: fc.constantFrom(0, 2),
});

function effectOf({ providers }: Names) {
  const attempts = fc
    .record(
      {
        deadline_seconds: fc.constantFrom(60, 61),
        ...attemptLimits(),
        max_targets: fc.constantFrom(1, 2),
      },
      { requiredKeys: [] },
    )
    .filter((drawn) => Object.keys(drawn).length > 0);
  const route = fc.shuffledSubarray([...providers], { minLength: 1 });
  const target = fc.oneof(
    { weight: 9, arbitrary: fc.record({ route }) },
    { weight: 1, arbitrary: fc.constant({ deny: true as const }) },
  );
  const rest = fc.record(
    { reason: reason("rule"), delivery: fc.constantFrom(...DELIVERIES), attempts },
    { requiredKeys: ["reason"] },
  );
  return fc.tuple(target, rest, seldomLimited()).map(([where, how, limited]) => ({ ...where, ...how, ...limited }));
}

function rangeOf(bounds: readonly number[]) {
  const bound = fc.constantFrom(...bounds);
  return fc.oneof(
    bound.map((at_least) => ({ at_least })),
    bound.map((at_most) => ({ at_most })),
    fc.tuple(bound, bound).map(([one, other]) => ({ at_least: Math.min(one, other), at_most: Math.max(one, other) })),
  );
}

/** Every key of a condition, nested at most `depth` deep. */
function conditionOf(names: Names, depth: number): fc.Arbitrary<ConditionBody> {
  const single = singleOf(names);
  const leaf = fc.oneof(
    { weight: 3, arbitrary: single },
    { weight: 1, arbitrary: fc.tuple(single, single).map(([one, other]) => ({ ...one, ...other })) },
  );
  if (depth === 0) return leaf;
  const inner = conditionOf(names, depth - 1);
  const list = fc.array(inner, { minLength: 1, maxLength: 3 });
  const nested = fc.oneof(
    list.map((all) => ({ all })),
    list.map((any) => ({ any })),
    inner.map((not) => ({ not })),
  );
  return fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: nested });
}

function singleOf({ providers, signals, labels }: Names): fc.Arbitrary<ConditionBody> {
  const flag = fc.boolean();
  const ofSignals = signals.length === 0 ? [] : [oneOrMore(signals).map((signal) => ({ signal }))];
  const ofLabels = labels.map((name) => oneOrMore(LABELS[name] ?? []).map((value) => ({ labels: { [name]: value } })));
  return fc.oneof(
    // Signals come often: they are what a policy is for, and what cannot be read changes.
    ...ofSignals,
    ...ofSignals,
    ...ofSignals,
    ...ofLabels,
    rangeOf(COUNTS).map((prompt_chars) => ({ prompt_chars })),
    rangeOf(COUNTS).map((prompt_tokens) => ({ prompt_tokens })),
    rangeOf(MICROS).map((estimated_cost_micros) => ({ estimated_cost_micros })),
    rangeOf([1, 2, 10]).map((message_count) => ({ message_count })),
    oneOrMore([...MODELS, "auto"]).map((model) => ({ model })),
    oneOrMore(providers).map((requested_provider) => ({ requested_provider })),
    oneOrMore(SURFACES.slice(0, 3)).map((surface) => ({ surface })),
    oneOrMore(TASKS).map((task) => ({ task })),
    flag.map((stream) => ({ stream })),
    flag.map((has_tools) => ({ has_tools })),
    flag.map((has_images) => ({ has_images })),
    flag.map((opaque_content) => ({ opaque_content })),
    flag.map((scan_incomplete) => ({ scan_incomplete })),
  );
}

/** Requests around the policy's own numbers and names, and some beside them. */
export function arbitraryFeatures(policy: DecidablePolicy): fc.Arbitrary<Features> {
  const ids = policy.providers.map(({ id }) => id);
  const seldom = (chance: number) => fc.oneof({ weight: chance, arbitrary: fc.constant(false) }, fc.boolean());
  const count = fc.constantFrom(...countsNear(policy));
  return fc
    .record({
      surface: fc.constantFrom(...SURFACES),
      task: fc.constantFrom("chat" as const, ...TASKS),
      streamed: fc.boolean(),
      messageCount: fc.constantFrom(1, 2, 3, 10, 11),
      promptChars: count,
      promptTokens: fc.option(count, { freq: 6 }),
      maxOutputTokens: fc.option(count, { freq: 2 }),
      choices: fc.constantFrom(1, 1, 2, 128),
      hasTools: fc.boolean(),
      hasImages: fc.boolean(),
      opaqueContent: seldom(2),
      scanIncomplete: seldom(2),
      signals: fc.subarray(policy.signals.map(({ id }) => id)),
      wishPrice: fc.option(fc.record({ input: fc.constantFrom(...PRICES), output: fc.constantFrom(...PRICES) }), {
        freq: 1,
      }),
      requestedProvider: fc.option(fc.constantFrom(...ids)),
      labels: labelsOf(policy),
      wished: wishOf(policy),
    })
    .map(({ wished, ...others }) => ({ ...others, ...wished }));
}

function wishOf(policy: DecidablePolicy): fc.Arbitrary<Pick<Features, "wish" | "model" | "offeredBy">> {
  const known = fc.record({
    wish: fc.constant("known" as const),
    model: fc.constantFrom(...policy.models, "unlisted"),
    offeredBy: fc.subarray(policy.providers.map(({ id }) => id)),
  });
  return fc.oneof(
    { weight: 3, arbitrary: known },
    { weight: 2, arbitrary: fc.constant({ wish: "auto" as const, model: null, offeredBy: [] }) },
    { weight: 1, arbitrary: fc.constant({ wish: "other" as const, model: null, offeredBy: [] }) },
  );
}

function labelsOf(policy: DecidablePolicy): fc.Arbitrary<Record<string, string>> {
  const drawn = Object.entries(policy.labels).map(([name, values]) =>
    fc.option(fc.constantFrom(...values)).map((value) => (value === null ? [] : [[name, value] as const])),
  );
  return fc.tuple(...drawn).map((entries) => Object.fromEntries(entries.flat()));
}

/** Each number that the policy compares with, and its neighbours. */
function countsNear(policy: DecidablePolicy): readonly number[] {
  const asked = [...policy.constraints, ...policy.rules, ...policy.shadow]
    .flatMap(({ when }) => atomsOf(when))
    .flatMap((atom) => (atom.kind === "number" ? [atom.atLeast, atom.atMost] : []));
  const contexts = policy.providers.flatMap(({ declared }) =>
    [...(declared?.values() ?? [])].map(({ contextTokens }) => contextTokens ?? 0),
  );
  const near = [...asked, ...contexts, 5].flatMap((bound) => [bound - 1, bound, bound + 1]);
  return [...new Set(near)].filter((value) => value >= 0 && value <= 1_000_000_000);
}
