import fc from "fast-check";
import type { JsonObject } from "../../../src/core/json.ts";
import type { ConstraintBody, PolicyDocument, ProviderBody, RuleBody } from "../../../src/policy/document.ts";
import { BEHAVIOURS, type Behaviour } from "./upstreams.ts";

/** An address of nobody (RFC 5737), to which a name of the operator's network must never lead. */
export const PUBLIC_ADDRESS = "203.0.113.9";

/** What the signals of every policy here look for: a word of the operator's, and whatever looks like an address of mail. */
export const KEYWORD = "quillback";
const MAIL = "jane.doe@example-corp.com";

const PROVIDERS = {
  box: { kind: "ollama", zone: "local", base_url: "http://box.internal:4001" },
  shelf: { kind: "openai", zone: "local", base_url: "http://shelf.internal:4002/v1" },
  sun: { kind: "openai", zone: "cloud", base_url: "https://sun.example:4003/v1" },
  moon: { kind: "ollama", zone: "cloud", base_url: "https://moon.example:4004" },
  rhine: { kind: "openai", zone: "eu", base_url: "https://rhine.example:4005/v1" },
} as const satisfies Record<string, Partial<ProviderBody>>;
type Name = keyof typeof PROVIDERS;
const NAMES = Object.keys(PROVIDERS) as Name[];

/** By the port, which no pinning of addresses changes. */
export const zoneOfPort = (port: number): string =>
  Object.values(PROVIDERS).find(({ base_url }) => Number(new URL(base_url).port) === port)?.zone ?? "nowhere";

export const isLocalPort = (port: number): boolean => zoneOfPort(port) === "local";

const some = <T>(items: readonly T[], minLength = 1) => fc.subarray([...items], { minLength });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const ms = () => fc.constantFrom(10, 15, 25);

const attempts = () =>
  fc.record({ first_token_timeout_ms: ms(), idle_timeout_ms: ms(), retries: fc.constantFrom(0, 1, 2) });

const effect = () =>
  fc.record(
    {
      route: fc.shuffledSubarray(NAMES, { minLength: 2 }),
      reason: fc.constant("drawn"),
      delivery: fc.constantFrom("live" as const, "whole" as const),
      attempts: fc.record(
        {
          max_targets: fc.constantFrom(1, 2, 3),
          connect_timeout_ms: fc.constant(50),
          retries: fc.constantFrom(0, 1, 2),
        },
        { requiredKeys: ["connect_timeout_ms"] },
      ),
    },
    { requiredKeys: ["route", "reason"] },
  );

const condition = (): fc.Arbitrary<ConstraintBody["when"]> =>
  fc.oneof(
    { weight: 6, arbitrary: some(["sensitive", "personal"]).map((signal) => ({ signal })) },
    fc.boolean().map((stream) => ({ stream })),
    some(["native", "openai_chat", "ollama_chat"] as const).map((surface) => ({ surface })),
    fc.constant({ opaque_content: true }),
    fc.constant({ requested_provider: "sun" }),
  );

type Forbid = ConstraintBody["forbid"];

const forbid = (): fc.Arbitrary<Forbid> =>
  fc.oneof(
    some(["cloud", "eu"]).map((zones): Forbid => ({ zones })),
    fc.constant<Forbid>({ zones_except: ["local"] }),
    some(NAMES).map((providers): Forbid => ({ providers })),
    fc.constant<Forbid>({ zones: ["cloud"], models: ["m2"] }),
  );

const constraint = (index: number): fc.Arbitrary<ConstraintBody> =>
  fc.record({ id: fc.constant(`c${index}`), when: condition(), forbid: forbid(), reason: fc.constant("kept") });

const rule = (index: number): fc.Arbitrary<RuleBody> =>
  fc.tuple(condition(), effect()).map(([when, drawn]) => ({ id: `r${index}`, when, ...drawn }));

const provider = (name: Name): fc.Arbitrary<ProviderBody> =>
  fc
    .record({
      attempts: maybe(attempts()),
      max_concurrency: maybe(fc.constantFrom(1, 2, 5)),
      breaker: fc.constant({ minimum_calls: 3, failure_percent: 50, window_seconds: 1, open_seconds: 1 }),
    })
    .map(({ breaker, attempts: own, max_concurrency }) => ({
      ...PROVIDERS[name],
      default_model: "m1",
      default_embedding_model: "embedder",
      breaker,
      ...(own === undefined ? {} : { attempts: own }),
      ...(max_concurrency === undefined ? {} : { max_concurrency }),
    }));

/** Several providers in three zones, constraints and rules of every kind that bears on where a request goes. */
export const policies = (version: number): fc.Arbitrary<PolicyDocument> =>
  fc
    .record({
      providers: fc.record({
        box: provider("box"),
        shelf: provider("shelf"),
        sun: provider("sun"),
        moon: provider("moon"),
        rhine: provider("rhine"),
      }),
      constraints: fc.tuple(constraint(0), constraint(1), constraint(2)).chain((all) => some(all)),
      rules: fc.tuple(rule(0), rule(1)).chain((all) => some(all, 0)),
      default: effect(),
    })
    .map((drawn) => ({
      apiVersion: "policy-mesh/v1" as const,
      name: "drawn",
      version,
      signals: { sensitive: { keywords: [KEYWORD] }, personal: { detectors: ["pii.email"] } },
      ...drawn,
    }));

/** What is planted, in forms that readers of text do not tell apart. */
const PLANTED = {
  sensitive: [KEYWORD, KEYWORD.toUpperCase(), "quill\u200bback", "q u i l l b a c k".replaceAll(" ", "\u00ad")],
  personal: [MAIL, `mailto:${MAIL}`, "Jane.Doe@EXAMPLE-corp.com"],
} as const;

export type Planted = keyof typeof PLANTED | null;

/** A request with a word of its own in all its texts, by which the other side of the wire knows it. */
export type Drawn = {
  readonly planted: Planted;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyOf: (canary: string) => JsonObject;
  /** Its caller leaves after so long; null for one who stays. */
  readonly leavesAfterMs: number | null;
};

/** What clients try: to choose who answers, by whatever field or header some server somewhere reads. */
const WISHES = [
  ...[undefined, undefined, undefined, "auto", "auto", "auto", "m1", "m1", "m2", "sun/m1", "moon/m1", "box/m1"],
  ...["gpt-oss:120b-cloud", "m1:latest", "none"],
];
const STEERING: readonly JsonObject[] = [
  ...[{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, { fallbacks: ["sun/m1"] }, { provider: { order: ["sun"] } }],
  ...[{ base_url: "https://sun.example:4003/v1" }, { api_base: "https://sun.example:4003" }, { route: "fallback" }],
  ...[{ extra_body: { base_url: "https://sun.example" } }, { metadata: { api_base: "https://sun.example:4003" } }],
  ...[{ keep_alive: "1m" }, { user: "u" }],
];
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  ...[{}, {}, { "x-forwarded-host": "sun.example:4003" }, { "x-base-url": "https://sun.example:4003" }],
  ...[{ authorization: "Bearer sk-client" }, { "x-policy-mesh-provider": "sun" }, { "openai-organization": "sun" }],
];

type Place = "content" | "system" | "tool" | "metadata" | "unknown";
const TOOL = (words: string): JsonObject => ({
  type: "function",
  function: { name: "look", description: words, parameters: { type: "object", properties: {} } },
});

/** Bodies of each surface with words in a place of them. */
const SURFACES: Readonly<Record<string, (place: Place, words: string, plain: string) => JsonObject>> = {
  "/v1/chat": (place, words, plain) => ({
    messages: [
      ...(place === "system" ? [{ role: "system", content: words }] : []),
      { role: "user", content: place === "system" ? plain : words },
    ],
  }),
  "/v1/chat/completions": openAiChat,
  "/v1/responses": (place, words, plain) => ({
    input: place === "system" ? plain : words,
    ...(place === "system" ? { instructions: words } : {}),
  }),
  "/v1/completions": (_, words) => ({ prompt: words }),
  "/v1/embeddings": (_, words) => ({ input: words }),
  "/api/chat": openAiChat,
  "/api/generate": (_, words) => ({ prompt: words }),
  "/api/embed": (_, words) => ({ input: words }),
};
const EMBEDDING = /embed/;

function openAiChat(place: Place, words: string, plain: string): JsonObject {
  return {
    messages: [
      ...(place === "system" ? [{ role: "system", content: words }] : []),
      { role: "user", content: place === "content" ? words : plain },
    ],
    ...(place === "tool" ? { tools: [TOOL(words)] } : {}),
    ...(place === "metadata" ? { metadata: { note: words } } : {}),
    ...(place === "unknown" ? { nobody_knows: { deep: [words] } } : {}),
  };
}

export const requests = (): fc.Arbitrary<Drawn> =>
  fc
    .record({
      planted: fc.constantFrom<Planted>("sensitive", "sensitive", "personal", null),
      form: fc.nat(3),
      path: fc.constantFrom(...Object.keys(SURFACES)),
      place: fc.constantFrom<Place>("content", "content", "system", "tool", "metadata", "unknown"),
      model: fc.constantFrom(...WISHES),
      steering: fc.constantFrom(...STEERING),
      headers: fc.constantFrom(...HEADERS),
      streamed: fc.boolean(),
      leavesAfterMs: fc.option(fc.integer({ min: 0, max: 12 }), { freq: 4 }),
    })
    .map(({ planted, form, path, place, model, steering, headers, streamed, leavesAfterMs }) => ({
      planted,
      path,
      headers,
      leavesAfterMs,
      bodyOf: (canary: string) => {
        const forms = planted === null ? ["nothing"] : PLANTED[planted];
        const words = `${canary} about ${forms[form % forms.length]} here`;
        return {
          ...(path === "/v1/chat" ? {} : steering),
          ...(SURFACES[path]?.(place, words, `${canary} and no more`) ?? {}),
          ...(EMBEDDING.test(path) ? {} : { stream: streamed }),
          // Where a surface insists on one, "auto" leaves the choice to policy.
          ...(path === "/v1/chat" && model === undefined ? {} : { model: model ?? "auto" }),
        };
      },
    }));

export type Round = {
  readonly documents: readonly PolicyDocument[];
  readonly requests: readonly Drawn[];
  readonly behaviours: readonly Behaviour[];
  /** After which of the requests another policy comes in force. */
  readonly reloadAfter: readonly number[];
  /** At which look-ups of a name it leads elsewhere. */
  readonly poisoned: readonly boolean[];
};

/** Requests that run side by side through one gateway, with reloads among them. */
export const rounds = (requestCount: number): fc.Arbitrary<Round> =>
  fc.record({
    documents: fc.tuple(policies(1), policies(2)),
    requests: fc.array(requests(), { minLength: requestCount, maxLength: requestCount }),
    behaviours: fc.array(fc.constantFrom(...BEHAVIOURS), { minLength: 1, maxLength: 100 }),
    reloadAfter: fc.array(fc.nat(requestCount), { maxLength: 8 }),
    poisoned: fc.array(
      fc.nat(9).map((drawn) => drawn === 0),
      { minLength: 1, maxLength: 10 },
    ),
  });
