import { type ObjectOptions, type Static, type TSchema, type TString, Type } from "@sinclair/typebox";
import { SURFACES, TASKS } from "../core/chat.ts";
import { DELIVERIES, PROVIDER_ID_PATTERN } from "../core/decision.ts";
import { FINDING_GROUPS } from "../core/finding.ts";
import { MODEL_NAME_PATTERN } from "../core/models.ts";

/**
 * The policy file, as a reviewer writes it: YAML or JSON. This schema is what `policy schema` prints, what files are
 * checked against and where their types come from. What one part says of another (references, ids that stand twice) is
 * checked in `check-references.ts`.
 */

export const API_VERSION = "policy-mesh/v1";

/** Bounds of a policy, so that deciding by it and analysing it stay fast. */
const MAX_PROVIDERS = 32;
const MAX_MODELS = 500;
const MAX_SIGNALS = 100;
const MAX_KEYWORDS = 1_000;
const MAX_PATTERNS = 100;
const MAX_CONSTRAINTS = 100;
const MAX_RULES = 1_000;
const MAX_CHAIN = 16;
const MAX_SHADOW_RULES = 32;
const MAX_TESTS = 1_000;
const MAX_CONDITIONS = 100;
const MAX_LABELS = 8;
const MAX_LABEL_VALUES = 200;
const MAX_ADDRESS_BLOCKS = 64;
/** What counts may be compared with; far beyond any request, and far from where integers lose digits. */
const MAX_COUNT = 1_000_000_000;
/** A million dollars. */
const MAX_MICROS = 1_000_000_000_000;

const ID_PATTERN = "^[a-z][a-z0-9_-]{0,63}$";
/** Signals and patterns name codes of findings, which have no hyphens. */
const CODE_NAME_PATTERN = "^[a-z][a-z0-9_]{0,63}$";
const REASON_PATTERN = "^[a-z][a-z0-9_.]{0,63}$";
const FINDING_CODE_PATTERN = "^[a-z][a-z0-9_.-]{0,99}$";
const LABEL_VALUE_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

const closed = { additionalProperties: false } as const;
const oneOf = <const T extends string>(values: readonly T[], title?: string) =>
  Type.Unsafe<T>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      title === undefined ? {} : { title },
    ),
  );
const listOf = <T extends TSchema>(item: T, maxItems: number) =>
  Type.Array(item, { minItems: 1, maxItems, uniqueItems: true });
const oneOrMore = <T extends TSchema>(item: T, maxItems = MAX_CONDITIONS) => Type.Union([item, listOf(item, maxItems)]);
/** The schema of a record has the pattern of its keys only; messages and editors need their title too. */
const recordOf = <T extends TSchema>(key: TString, value: T, options: ObjectOptions = {}) =>
  Type.Record(key, value, { ...closed, propertyNames: key, ...options });
const count = (maximum = MAX_COUNT, minimum = 0) => Type.Integer({ minimum, maximum });

const Id = Type.String({ pattern: ID_PATTERN, title: "an id: lower-case letters, digits, _ and -, a letter first" });
const SignalId = Type.String({
  pattern: CODE_NAME_PATTERN,
  title: "the id of a signal: lower-case letters, digits and _, a letter first",
});
const ProviderName = Type.String({
  pattern: PROVIDER_ID_PATTERN,
  title: "the name of a provider: at most 32 lower-case letters, digits, _ and -, a letter first",
});
const ZoneName = Type.String({ pattern: PROVIDER_ID_PATTERN, title: "a zone: local, cloud, or a name of your own" });
const ModelName = Type.String({ pattern: MODEL_NAME_PATTERN, title: "a model name: letters, digits and ._:/@+-" });
const Reason = Type.String({
  pattern: REASON_PATTERN,
  title: "a reason code: lower-case letters, digits, _ and dots, a letter first",
  description: "Goes into answers, audit rows, logs and metrics.",
});
const LabelName = Type.String({ pattern: CODE_NAME_PATTERN, title: "the name of a label" });
const LabelValue = Type.String({ pattern: LABEL_VALUE_PATTERN, title: "a value of a label" });
const Description = Type.String({ minLength: 1, maxLength: 1_000, description: "For people who read the file." });

const Range = Type.Object(
  { at_least: Type.Optional(count(MAX_MICROS)), at_most: Type.Optional(count(MAX_MICROS)) },
  { ...closed, minProperties: 1, title: "at_least, at_most, or both", description: "Both ends belong to it." },
);

/** Every key that is there must hold. */
export const ConditionBody = Type.Recursive(
  (This) =>
    Type.Object(
      {
        all: Type.Optional(Type.Array(This, { minItems: 1, maxItems: MAX_CONDITIONS })),
        any: Type.Optional(Type.Array(This, { minItems: 1, maxItems: MAX_CONDITIONS })),
        not: Type.Optional(This),
        signal: Type.Optional(oneOrMore(SignalId)),
        prompt_chars: Type.Optional(Range),
        prompt_tokens: Type.Optional(Range),
        estimated_cost_micros: Type.Optional(Range),
        message_count: Type.Optional(Range),
        model: Type.Optional(oneOrMore(ModelName)),
        requested_provider: Type.Optional(oneOrMore(ProviderName)),
        surface: Type.Optional(oneOrMore(oneOf(SURFACES))),
        task: Type.Optional(oneOrMore(oneOf(TASKS))),
        stream: Type.Optional(Type.Boolean()),
        has_tools: Type.Optional(Type.Boolean()),
        has_images: Type.Optional(Type.Boolean()),
        opaque_content: Type.Optional(Type.Boolean({ description: "Whether some content is no text." })),
        scan_incomplete: Type.Optional(Type.Boolean({ description: "Whether the scanner gave up on some text." })),
        labels: Type.Optional(recordOf(LabelName, oneOrMore(LabelValue), { minProperties: 1 })),
      },
      { ...closed, minProperties: 1, title: "a condition" },
    ),
  { $id: "Condition" },
);
export type ConditionBody = Static<typeof ConditionBody>;

const Limits = Type.Object(
  {
    max_output_tokens: Type.Optional(count(MAX_COUNT, 1)),
    max_estimated_cost_micros: Type.Optional(count(MAX_MICROS)),
  },
  { ...closed, minProperties: 1 },
);

const milliseconds = (maximum: number) => count(maximum, 10);

/** What both a provider and a rule may say; see `AttemptLimits`. */
const attemptLimits = {
  timeout_seconds: Type.Optional(count(3_600, 1)),
  connect_timeout_ms: Type.Optional(milliseconds(60_000)),
  first_token_timeout_ms: Type.Optional(milliseconds(3_600_000)),
  idle_timeout_ms: Type.Optional(milliseconds(3_600_000)),
  retries: Type.Optional(count(2)),
};

const ProviderAttempts = Type.Object(attemptLimits, { ...closed, minProperties: 1 });
export type ProviderAttempts = Static<typeof ProviderAttempts>;

const Attempts = Type.Object(
  {
    deadline_seconds: Type.Optional(count(7_200, 1)),
    ...attemptLimits,
    max_targets: Type.Optional(count(MAX_CHAIN, 1)),
  },
  { ...closed, minProperties: 1 },
);

/** Exactly one of `route` and `deny`; `check-references.ts` says so. */
const effect = {
  route: Type.Optional(listOf(ProviderName, MAX_CHAIN)),
  deny: Type.Optional(Type.Literal(true, { title: "true" })),
  reason: Reason,
  limits: Type.Optional(Limits),
  delivery: Type.Optional(oneOf(DELIVERIES)),
  attempts: Type.Optional(Attempts),
};

const RuleBody = Type.Object(
  { id: Id, description: Type.Optional(Description), when: Type.Optional(ConditionBody), ...effect },
  closed,
);
export type RuleBody = Static<typeof RuleBody>;

const DefaultBody = Type.Object({ description: Type.Optional(Description), ...effect }, closed);
export type DefaultBody = Static<typeof DefaultBody>;

const Forbid = Type.Object(
  {
    zones: Type.Optional(listOf(ZoneName, MAX_PROVIDERS)),
    zones_except: Type.Optional(listOf(ZoneName, MAX_PROVIDERS)),
    providers: Type.Optional(listOf(ProviderName, MAX_PROVIDERS)),
    models: Type.Optional(listOf(ModelName, MAX_MODELS)),
  },
  { ...closed, minProperties: 1 },
);

const ConstraintBody = Type.Object(
  { id: Id, description: Type.Optional(Description), when: ConditionBody, forbid: Forbid, reason: Reason },
  closed,
);
export type ConstraintBody = Static<typeof ConstraintBody>;

export const CAPABILITIES = ["tools", "images"] as const;

const ModelBody = Type.Object(
  {
    context_tokens: Type.Optional(count(MAX_COUNT, 1)),
    /** Left out, all of them. */
    capabilities: Type.Optional(Type.Array(oneOf(CAPABILITIES), { uniqueItems: true, maxItems: CAPABILITIES.length })),
  },
  closed,
);

const Breaker = Type.Object(
  {
    failure_percent: Type.Optional(count(100, 1)),
    minimum_calls: Type.Optional(count(1_000, 1)),
    window_seconds: Type.Optional(count(600, 1)),
    open_seconds: Type.Optional(count(10, 1)),
  },
  { ...closed, minProperties: 1 },
);
export type Breaker = Static<typeof Breaker>;

/** Whether it is a block of addresses is checked in `references/addresses.ts`. */
const AddressBlock = Type.String({
  pattern: "^[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}$",
  title: "a block of addresses, as 192.0.2.0/24, or 192.0.2.7/32 for one",
});

const ProviderBody = Type.Object(
  {
    kind: oneOf(["ollama", "openai"]),
    zone: ZoneName,
    base_url: Type.String({ minLength: 1, maxLength: 2_000, title: "an http(s) URL" }),
    allowed_addresses: Type.Optional(
      Type.Union([Type.Literal("any"), listOf(AddressBlock, MAX_ADDRESS_BLOCKS)], {
        description: "Where the name of a provider of the zone local may lead beside loopback and private addresses.",
      }),
    ),
    api_key: Type.Optional(
      Type.String({
        pattern: "^\\$\\{[A-Z][A-Z0-9_]{0,99}\\}$",
        title: "a reference to an environment variable, as ${OPENAI_API_KEY}",
      }),
    ),
    default_model: ModelName,
    default_embedding_model: Type.Optional(ModelName),
    models: Type.Optional(
      recordOf(ModelName, ModelBody, {
        minProperties: 1,
        maxProperties: MAX_MODELS,
        description: "The only models that it may be asked for, its defaults among them. Left out: all that it has.",
      }),
    ),
    wishes: Type.Optional(
      recordOf(ModelName, ModelName, {
        minProperties: 1,
        maxProperties: MAX_MODELS,
        description: "Which of its models answers for the one that a client wishes for.",
      }),
    ),
    attempts: Type.Optional(ProviderAttempts),
    breaker: Type.Optional(Breaker),
    max_concurrency: Type.Optional(count(10_000, 1)),
  },
  closed,
);
export type ProviderBody = Static<typeof ProviderBody>;

const PriceBody = Type.Object(
  { input: count(MAX_MICROS), output: count(MAX_MICROS) },
  { ...closed, title: "micro-USD per million tokens of input and output" },
);

export const STRENGTH_NAMES = ["weak", "medium", "strong"] as const;

const PatternBody = Type.Object(
  {
    id: SignalId,
    pattern: Type.String({ minLength: 1, maxLength: 1_000, title: "a regular expression in RE2 syntax" }),
    keywords: listOf(Type.String({ minLength: 1, maxLength: 200 }), 100),
    strength: Type.Optional(oneOf(STRENGTH_NAMES)),
  },
  closed,
);

/** Holds if anything of what it names is found. */
const SignalBody = Type.Object(
  {
    description: Type.Optional(Description),
    keywords: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 200 }), MAX_KEYWORDS)),
    detectors: Type.Optional(
      listOf(Type.String({ pattern: FINDING_CODE_PATTERN, title: "the code of a detector, as pii.email" }), 1_000),
    ),
    groups: Type.Optional(listOf(oneOf(FINDING_GROUPS.filter((group) => group !== "scan")), FINDING_GROUPS.length)),
    patterns: Type.Optional(Type.Array(PatternBody, { minItems: 1, maxItems: MAX_PATTERNS })),
  },
  { ...closed, minProperties: 1 },
);
export type SignalBody = Static<typeof SignalBody>;

/** What a test supposes of a request; what it leaves out is as in a short, plain chat of the native surface. */
const GivenBody = Type.Object(
  {
    text: Type.Optional(
      Type.String({ maxLength: 20_000, description: "A user's message: scanned and counted as a real one." }),
    ),
    signals: Type.Optional(Type.Array(SignalId, { maxItems: MAX_SIGNALS, uniqueItems: true })),
    prompt_chars: Type.Optional(count()),
    prompt_tokens: Type.Optional(count()),
    max_output_tokens: Type.Optional(count()),
    message_count: Type.Optional(count()),
    model: Type.Optional(ModelName),
    requested_provider: Type.Optional(ProviderName),
    offered_by: Type.Optional(Type.Array(ProviderName, { maxItems: MAX_PROVIDERS, uniqueItems: true })),
    surface: Type.Optional(oneOf(SURFACES)),
    task: Type.Optional(oneOf(TASKS)),
    stream: Type.Optional(Type.Boolean()),
    has_tools: Type.Optional(Type.Boolean()),
    has_images: Type.Optional(Type.Boolean()),
    opaque_content: Type.Optional(Type.Boolean()),
    scan_incomplete: Type.Optional(Type.Boolean()),
    labels: Type.Optional(recordOf(LabelName, LabelValue)),
  },
  closed,
);

const ExpectBody = Type.Object(
  {
    route: Type.Optional(
      Type.Array(ProviderName, { minItems: 1, maxItems: MAX_CHAIN, description: "All that may be tried, in order." }),
    ),
    deny: Type.Optional(Type.Literal(true, { title: "true" })),
    model: Type.Optional(ModelName),
    rule: Type.Optional(Id),
    reason: Type.Optional(Type.String({ pattern: REASON_PATTERN, description: "One of the reasons that are given." })),
    constraints: Type.Optional(
      Type.Array(Id, { maxItems: MAX_CONSTRAINTS, uniqueItems: true, description: "All that hold." }),
    ),
  },
  { ...closed, minProperties: 1 },
);

/** It is printed, so nothing in it may move a cursor. */
const TestName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
  title: "a name of one line, without control characters",
});

const TestBody = Type.Object({ name: TestName, given: GivenBody, expect: ExpectBody }, closed);
export type TestBody = Static<typeof TestBody>;

export const PolicyDocument = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION, { title: API_VERSION }),
    name: Id,
    version: Type.Integer({ minimum: 1, maximum: MAX_COUNT, description: "Goes up with every change." }),
    description: Type.Optional(Description),
    scan: Type.Optional(
      Type.Object(
        {
          detectors: Type.Optional(Type.Boolean({ description: "Whether built-in detectors look. Left out: yes." })),
          threshold: Type.Optional(oneOf(STRENGTH_NAMES)),
          opaque_content: Type.Optional(oneOf(["sensitive", "allowed"], "sensitive or allowed")),
        },
        { ...closed, minProperties: 1 },
      ),
    ),
    labels: Type.Optional(
      recordOf(LabelName, listOf(LabelValue, MAX_LABEL_VALUES), {
        minProperties: 1,
        maxProperties: MAX_LABELS,
        description: "What callers may be labelled with, such as teams, and the values that count.",
      }),
    ),
    providers: recordOf(ProviderName, ProviderBody, { minProperties: 1, maxProperties: MAX_PROVIDERS }),
    prices: Type.Optional(
      recordOf(ProviderName, recordOf(ModelName, PriceBody, { minProperties: 1, maxProperties: MAX_MODELS }), {
        minProperties: 1,
        maxProperties: MAX_PROVIDERS,
      }),
    ),
    signals: Type.Optional(recordOf(SignalId, SignalBody, { minProperties: 1, maxProperties: MAX_SIGNALS })),
    constraints: Type.Optional(Type.Array(ConstraintBody, { maxItems: MAX_CONSTRAINTS })),
    rules: Type.Optional(Type.Array(RuleBody, { maxItems: MAX_RULES })),
    default: DefaultBody,
    limits: Type.Optional(Limits),
    shadow: Type.Optional(Type.Array(RuleBody, { maxItems: MAX_SHADOW_RULES })),
    tests: Type.Optional(Type.Array(TestBody, { maxItems: MAX_TESTS })),
  },
  { ...closed, $id: "urn:policy-mesh:policy:v1", title: "Policy Mesh policy" },
);
export type PolicyDocument = Static<typeof PolicyDocument>;
