import { describe, expect, test } from "bun:test";
import type { Features } from "../../../src/core/features.ts";
import { decide } from "../../../src/policy/decide.ts";
import type { ConditionBody, ConstraintBody, PolicyDocument, RuleBody } from "../../../src/policy/document.ts";
import { PROPERTIES, proveProperty } from "../../support/decide-properties.ts";
import { featuresOf, PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

/** Pairs of a policy and a request, for each property; `prove-decide.ts` tries a million. */
const RUNS = 4_000;
/** Where both interpreters are compared, which shows the most. */
const RUNS_OF_BOTH = 20_000;

/** Far beyond what they take; for machines that do much else. */
const TIMEOUT_MS = 120_000;

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

const LABELS = { team: ["red", "blue"], tier: ["free"] };
const rule = (when: ConditionBody, others: Partial<RuleBody> = {}): RuleBody => ({
  id: "asked",
  when,
  route: ["local"],
  reason: "asked",
  ...others,
});
const constraint = (when: ConditionBody, others: Partial<ConstraintBody> = {}): ConstraintBody => ({
  id: "kept",
  when,
  forbid: { zones: ["cloud"] },
  reason: "kept",
  ...others,
});
const decisionOf = (overrides: Partial<PolicyDocument>, features: Partial<Features> = {}) =>
  decide(policyOf({ labels: LABELS, ...overrides }), featuresOf(features));

describe("deciding, over random policies and requests", () => {
  for (const [name, check] of Object.entries(PROPERTIES)) {
    const runs = name === "both interpreters agree" ? RUNS_OF_BOTH : RUNS;
    test(name, () => proveProperty(check, runs), TIMEOUT_MS);
  }
});

describe("a condition", () => {
  test.each<[string, ConditionBody, Partial<Features>, Partial<Features>]>([
    ["signal", { signal: "sensitive" }, { signals: ["sensitive"] }, { signals: ["personal"] }],
    ["signal, any of a list", { signal: ["sensitive", "personal"] }, { signals: ["personal"] }, {}],
    ["prompt_chars, lower end", { prompt_chars: { at_least: 7 } }, { promptChars: 7 }, { promptChars: 6 }],
    ["prompt_chars, upper end", { prompt_chars: { at_most: 7 } }, { promptChars: 7 }, { promptChars: 8 }],
    ["prompt_tokens", { prompt_tokens: { at_least: 7, at_most: 9 } }, { promptTokens: 9 }, { promptTokens: 10 }],
    ["prompt_tokens, nobody counted", { prompt_tokens: { at_least: 1_000_000_000 } }, { promptTokens: null }, {}],
    ["prompt_tokens, at most", { prompt_tokens: { at_most: 1_000_000_000 } }, {}, { promptTokens: null }],
    ["message_count", { message_count: { at_least: 2 } }, { messageCount: 2 }, { messageCount: 1 }],
    // 1,000 tokens at 0.15 and 1,000 at 0.60 dollars a million: 750 micro-USD.
    [
      "estimated_cost_micros",
      { estimated_cost_micros: { at_least: 750, at_most: 750 } },
      { promptTokens: 1_000, maxOutputTokens: 1_000 },
      { promptTokens: 998, maxOutputTokens: 998 },
    ],
    ["model", { model: "gpt-4o" }, { wish: "known", model: "gpt-4o" }, { wish: "known", model: "other" }],
    ["model, left to policy", { model: ["a", "auto"] }, {}, { wish: "other" }],
    ["model, that nobody knows", { not: { model: ["a", "auto"] } }, { wish: "other" }, {}],
    [
      "requested_provider",
      { requested_provider: "cloud" },
      { requestedProvider: "cloud" },
      { requestedProvider: null },
    ],
    ["surface", { surface: ["native", "ollama_chat"] }, { surface: "ollama_chat" }, { surface: "openai_chat" }],
    ["task", { task: "completion" }, { task: "completion" }, { task: "chat" }],
    ["stream", { stream: true }, { streamed: true }, {}],
    ["stream, not", { stream: false }, {}, { streamed: true }],
    ["has_tools", { has_tools: true }, { hasTools: true }, {}],
    ["has_images", { has_images: true }, { hasImages: true }, {}],
    ["opaque_content", { opaque_content: true }, { opaqueContent: true }, {}],
    ["scan_incomplete", { scan_incomplete: false }, {}, { scanIncomplete: true }],
    ["labels", { labels: { team: "red" } }, { labels: { team: "red" } }, { labels: {} }],
    [
      "labels, each of them",
      { labels: { team: ["red", "blue"], tier: "free" } },
      { labels: { team: "blue", tier: "free" } },
      { labels: { team: "blue" } },
    ],
    ["several keys", { stream: true, has_tools: true }, { streamed: true, hasTools: true }, { streamed: true }],
    ["all", { all: [{ stream: true }, { has_tools: true }] }, { streamed: true, hasTools: true }, { hasTools: true }],
    ["any", { any: [{ stream: true }, { has_tools: true }] }, { hasTools: true }, {}],
    ["not", { not: { any: [{ stream: true }, { has_tools: true }] } }, {}, { hasTools: true }],
  ])("asks for %s", (_, when, holds, fails) => {
    const first = { rules: [rule(when)] };
    expect([decisionOf(first, holds).rule, decisionOf(first, fails).rule]).toEqual(["asked", "default"]);
    const kept = { constraints: [constraint(when)] };
    expect([decisionOf(kept, holds), decisionOf(kept, fails)].map(({ constraints }) => constraints.length)).toEqual([
      1, 0,
    ]);
  });

  test("has nothing to do with a label of an inherited name", () => {
    const when = { labels: { constructor: "red" } };
    expect(decisionOf({ labels: { constructor: ["red"] }, rules: [rule(when)] }).rule).toBe("default");
  });
});

describe("rules", () => {
  test("are tried in order, and the default answers for the rest", () => {
    const rules = [
      rule({ stream: true }, { id: "first" }),
      rule({ has_tools: true }, { id: "second" }),
      { id: "third", when: { prompt_chars: { at_least: 0 } }, deny: true as const, reason: "third" },
    ];
    const matched = [{ streamed: true, hasTools: true }, { hasTools: true }, {}].map(
      (features) => decisionOf({ rules }, features).rule,
    );
    expect(matched).toEqual(["first", "second", "third"]);
  });

  test("without a condition always hold", () => {
    expect(decisionOf({ rules: [{ id: "always", route: ["local"], reason: "always" }] }).rule).toBe("always");
  });

  test("that deny leave no candidate, whatever else might have answered", () => {
    const decision = decisionOf({ default: { deny: true, reason: "closed" } });
    expect(decision).toMatchObject({
      candidates: [],
      denial: "policy.denied",
      reasonCodes: ["closed"],
      estimatedCostMicros: null,
      excluded: [
        { provider: "cloud", model: "gpt-4o-mini", by: "not_in_route", constraints: [] },
        { provider: "local", model: "llama3.1", by: "not_in_route", constraints: [] },
      ],
    });
  });

  test("keep the order of their chain", () => {
    const providers = (route: string[]) =>
      decisionOf({ default: { route, reason: "r" } }).candidates.map(({ provider }) => provider);
    expect([providers(["local", "cloud"]), providers(["cloud", "local"])]).toEqual([
      ["local", "cloud"],
      ["cloud", "local"],
    ]);
  });
});

describe("the model that a provider answers with", () => {
  const open = { providers: { local, cloud }, default: { route: ["local", "cloud"], reason: "r" } };
  const declaring = {
    ...open,
    providers: { local: { ...local, models: { small: {} }, wishes: { "gpt-4o": "small", lost: "nowhere" } }, cloud },
  };
  const models = (overrides: Partial<PolicyDocument>, features: Partial<Features>) => {
    const { candidates, excluded } = decisionOf(overrides, features);
    const all = [...candidates, ...excluded].map(({ provider, model }) => [provider, model] as const);
    return Object.fromEntries(all);
  };
  const wished = (model: string, offeredBy = ["local", "cloud"]): Partial<Features> => ({
    wish: "known",
    model,
    offeredBy,
  });

  test.each<[string, Partial<PolicyDocument>, Partial<Features>, Record<string, string | null>]>([
    ["its default, by policy's choice", open, {}, { local: "llama3.1", cloud: "gpt-4o-mini" }],
    [
      "its default, for a model that nobody knows",
      open,
      { wish: "other" },
      { local: "llama3.1", cloud: "gpt-4o-mini" },
    ],
    ["the one wished for, where it is offered", open, wished("m", ["local"]), { local: "m", cloud: "gpt-4o-mini" }],
    ["the one that stands for the wish", declaring, wished("gpt-4o"), { local: "small", cloud: "gpt-4o" }],
    ["a declared one", declaring, wished("small"), { local: "small", cloud: "small" }],
    ["its default, as a wish too", declaring, wished("llama3.1"), { local: "llama3.1", cloud: "llama3.1" }],
    ["no undeclared one", declaring, wished("big"), { local: "llama3.1", cloud: "big" }],
    ["no undeclared one, by a wish's detour", declaring, wished("lost"), { local: "llama3.1", cloud: "lost" }],
    ["its default for embeddings", open, { task: "embedding" }, { local: "nomic-embed-text", cloud: null }],
    [
      "no other embedding model than was wished for",
      open,
      { task: "embedding", ...wished("e", ["cloud"]) },
      { local: null, cloud: "e" },
    ],
    [
      "none to embed with, for one that nobody knows",
      open,
      { task: "embedding", wish: "other" },
      { local: null, cloud: null },
    ],
    [
      "its default, to continue a text",
      open,
      { task: "completion", wish: "other" },
      { local: "llama3.1", cloud: "gpt-4o-mini" },
    ],
  ])("is %s", (_, overrides, features, expected) => {
    expect(models(overrides, features)).toEqual(expected);
  });
});

describe("a provider is excluded", () => {
  const models = { "gpt-4o-mini": { context_tokens: 100, capabilities: [] } };
  const worst: Partial<PolicyDocument> = {
    providers: { local, cloud: { ...cloud, models } },
    constraints: [
      constraint({ stream: false }, { forbid: { zones: ["cloud"], providers: ["cloud"], models: ["gpt-4o-mini"] } }),
    ],
    limits: { max_estimated_cost_micros: 0 },
  };
  const request: Partial<Features> = { hasTools: true, hasImages: true, promptTokens: 101 };
  const forbidding = (forbid: ConstraintBody["forbid"]) => ({
    ...worst,
    constraints: [constraint({ stream: false }, { forbid })],
  });
  const unconstrained = { ...worst, constraints: [] };

  test.each<[string, Partial<PolicyDocument>, Partial<Features>, object]>([
    ["not_in_route", { ...worst, default: { route: ["local"], reason: "r" } }, request, { constraints: [] }],
    ["forbidden_zone", worst, request, { constraints: ["kept"] }],
    [
      "forbidden_provider",
      forbidding({ providers: ["cloud"], models: ["gpt-4o-mini"] }),
      request,
      { constraints: ["kept"] },
    ],
    [
      "no_embedding_model",
      forbidding({ models: ["gpt-4o-mini"] }),
      { ...request, task: "embedding" },
      { constraints: [], model: null },
    ],
    ["forbidden_model", forbidding({ models: ["gpt-4o-mini"] }), request, { constraints: ["kept"] }],
    ["lacks_tools", unconstrained, request, { constraints: [] }],
    ["lacks_images", unconstrained, { ...request, hasTools: false }, { constraints: [] }],
    ["context_too_small", unconstrained, { promptTokens: 101 }, { constraints: [] }],
    ["over_cost_limit", unconstrained, { promptTokens: 100 }, { constraints: [] }],
  ])("by the first that holds: %s", (by, overrides, features, others) => {
    const excluded = decisionOf(overrides, features).excluded.find(({ provider }) => provider === "cloud");
    expect(excluded).toEqual({ provider: "cloud", model: "gpt-4o-mini", by, constraints: [], ...others } as never);
  });

  test("by a context only if the prompt is longer, or nobody counted it", () => {
    const free = { ...unconstrained, limits: { max_output_tokens: 1 } };
    expect(decisionOf(free, { promptTokens: 100 }).candidates).toHaveLength(1);
    expect(decisionOf(free, { promptTokens: null }).excluded[0]?.by).toBe("context_too_small");
  });

  test("by a cost only if it is higher than the limit", () => {
    const limited = (micros: number) => ({ limits: { max_estimated_cost_micros: micros } });
    const features = { promptTokens: 1_000, maxOutputTokens: 1_000 };
    expect(decisionOf(limited(750), features)).toMatchObject({ denial: null, estimatedCostMicros: 750 });
    expect(decisionOf(limited(749), features)).toMatchObject({ denial: "policy.no_compliant_route" });
  });

  test("where nobody knows what it costs, by any limit", () => {
    const limited = { prices: {}, limits: { max_estimated_cost_micros: 1_000_000_000_000 } };
    expect(decisionOf(limited).excluded[0]).toMatchObject({ provider: "cloud", by: "over_cost_limit" });
  });

  test("and with it the ids of all constraints that do so, of those that hold", () => {
    const decision = decisionOf({
      constraints: [
        constraint({ stream: false }, { id: "a" }),
        constraint({ stream: true }, { id: "b" }),
        constraint({ stream: false }, { id: "c", forbid: { providers: ["cloud"] } }),
        constraint({ stream: false }, { id: "d", forbid: { zones_except: ["local"] } }),
      ],
    });
    expect(decision.excluded[0]).toMatchObject({ by: "forbidden_zone", constraints: ["a", "d"] });
    expect(decision.forbidden).toEqual({ zones: ["cloud"], providers: ["cloud"], models: [] });
  });
});

describe("a denial", () => {
  test("is for want of an embedding model if some provider of the route lacks one", () => {
    const both = {
      default: { route: ["local", "cloud"], reason: "r" },
      constraints: [constraint({ stream: false }, { forbid: { zones: ["local"] } })],
    };
    expect(decisionOf(both, { task: "embedding" }).denial).toBe("policy.embedding_model_unavailable");
    expect(decisionOf({ ...both, default: { route: ["local"], reason: "r" } }, { task: "embedding" }).denial).toBe(
      "policy.no_compliant_route",
    );
  });

  test("comes rather than the least bad route", () => {
    const decision = decisionOf({ constraints: [constraint({ stream: false })] });
    expect(decision).toMatchObject({ candidates: [], denial: "policy.no_compliant_route", rule: "default" });
  });
});

describe("content that could not be read", () => {
  const kept = {
    constraints: [constraint({ signal: "sensitive" })],
    default: { route: ["cloud", "local"], reason: "r" },
  };

  test.each<[string, Partial<Features>, string[]]>([
    ["a scan that gave up", { scanIncomplete: true }, ["scan.budget_exceeded", "r"]],
    ["a part that is no text", { opaqueContent: true }, ["scan.opaque_part", "r"]],
    ["both", { opaqueContent: true, scanIncomplete: true }, ["scan.budget_exceeded", "scan.opaque_part", "r"]],
  ])("makes constraints hold: %s", (_, features, reasonCodes) => {
    expect(decisionOf(kept, features)).toMatchObject({
      candidates: [{ provider: "local" }],
      constraints: [{ id: "kept", certain: false }],
      reasonCodes,
    });
  });

  test("adds nothing to a constraint that holds anyway", () => {
    const decision = decisionOf(kept, { scanIncomplete: true, signals: ["sensitive"] });
    expect(decision).toMatchObject({ constraints: [{ certain: true }], reasonCodes: ["kept", "r"] });
  });

  test.each<[string, ConditionBody]>([
    ["a signal", { signal: "sensitive" }],
    ["no signal", { not: { signal: "sensitive" } }],
    ["either", { any: [{ signal: "sensitive" }, { not: { signal: "sensitive" } }] }],
    ["both, which cannot be", { all: [{ signal: "sensitive" }, { not: { signal: "sensitive" } }] }],
    ["a signal among what holds", { signal: "sensitive", stream: false }],
  ])("holds back what asks for %s", (_, when) => {
    expect(decisionOf({ constraints: [constraint(when)] }, { scanIncomplete: true }).denial).not.toBeNull();
  });

  test("leaves a constraint alone that is certainly false", () => {
    const constraints = [constraint({ signal: "sensitive", stream: true })];
    expect(decisionOf({ constraints }, { scanIncomplete: true })).toMatchObject({ constraints: [], denial: null });
  });

  test("counts for rules as if every signal was found", () => {
    const rules = [
      rule({ not: { signal: "personal" } }, { id: "without" }),
      rule({ signal: "sensitive" }, { id: "with" }),
    ];
    expect(decisionOf({ rules }, { scanIncomplete: true })).toMatchObject({ rule: "with", reasonCodes: ["asked"] });
  });

  test("is nothing of it where the policy allows opaque content, but a scan that gave up is", () => {
    const allowed = { ...kept, scan: { opaque_content: "allowed" as const } };
    expect(decisionOf(allowed, { opaqueContent: true })).toMatchObject({ constraints: [], reasonCodes: ["r"] });
    expect(decisionOf(allowed, { opaqueContent: true, scanIncomplete: true }).reasonCodes).toEqual([
      "scan.budget_exceeded",
      "r",
    ]);
  });
});

describe("reasons", () => {
  test("are those of constraints in the order of the file, then the rule's, none twice", () => {
    const constraints = [
      constraint({ stream: false }, { id: "a", reason: "second" }),
      constraint({ stream: false }, { id: "b", reason: "first" }),
      constraint({ stream: false }, { id: "c", reason: "second" }),
      constraint({ signal: "sensitive" }, { id: "d", reason: "unsure" }),
    ];
    const decision = decisionOf(
      { constraints, default: { route: ["local"], reason: "first" } },
      { scanIncomplete: true },
    );
    expect(decision.reasonCodes).toEqual(["second", "first", "scan.budget_exceeded"]);
    expect(decision.constraints.map(({ id, certain }) => [id, certain])).toEqual([
      ["a", true],
      ["b", true],
      ["c", true],
      ["d", false],
    ]);
  });
});

describe("a shadow rule", () => {
  const watched = (others: Partial<RuleBody>) => [rule({ stream: false }, { id: "watched", ...others })];

  test.each<[string, Partial<PolicyDocument>, object[]]>([
    ["another provider", { shadow: watched({}) }, [{ outcome: "route", provider: "local", differs: true }]],
    [
      "the same",
      { shadow: watched({ route: ["cloud", "local"] }) },
      [{ outcome: "route", provider: "cloud", differs: false }],
    ],
    [
      "a denial",
      { shadow: [{ id: "watched", deny: true, reason: "w" }] },
      [{ outcome: "deny", provider: null, differs: true }],
    ],
    [
      "a denial by the same constraints",
      { constraints: [constraint({ stream: false }, { forbid: { zones: ["local"] } })], shadow: watched({}) },
      [{ outcome: "deny", provider: null, differs: true }],
    ],
    [
      "a denial as the real one",
      { default: { deny: true, reason: "r" }, shadow: [{ id: "watched", deny: true, reason: "w" }] },
      [{ outcome: "deny", provider: null, differs: false }],
    ],
    ["nothing, if it does not match", { shadow: [rule({ stream: true })] }, []],
  ])("would have given %s, and changes nothing", (_, overrides, expected) => {
    const { shadow, policyHash, ...decision } = decisionOf(overrides);
    expect(shadow).toEqual(expected.map((result) => ({ rule: "watched", ...result })) as never);
    const { shadow: none, policyHash: other, ...without } = decisionOf({ ...overrides, shadow: [] });
    expect(decision).toEqual(without);
  });

  test("takes what could not be read for found, as other rules do", () => {
    const shadow = [rule({ signal: "sensitive" }, { id: "watched" })];
    expect(decisionOf({ shadow }, { scanIncomplete: true }).shadow).toHaveLength(1);
  });
});
