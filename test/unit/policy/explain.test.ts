import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Features } from "../../../src/core/features.ts";
import { decide } from "../../../src/policy/decide.ts";
import type { ConditionBody, PolicyDocument } from "../../../src/policy/document.ts";
import { explain } from "../../../src/policy/explain.ts";
import { arbitraryDrawn } from "../../support/decide-properties.ts";
import { featuresOf, PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

const explained = (overrides: Partial<PolicyDocument>, features: Partial<Features> = {}) =>
  explain(policyOf(overrides), featuresOf(features));
const ruled = (...conditions: ConditionBody[]): Partial<PolicyDocument> => ({
  rules: conditions.map((when, index) => ({ id: `r${index}`, when, route: ["local"], reason: "asked" })),
});
const becauseOf = (when: ConditionBody, features: Partial<Features> = {}) =>
  explained(ruled(when), features).rules[0]?.because.map(({ words, truth, value }) => [words, truth, value]);

test("an explanation agrees with the decision, over random policies and requests", () => {
  fc.assert(
    fc.property(arbitraryDrawn(), ({ policy, requests }) => {
      for (const request of requests) {
        const { decision, rules, constraints, providers } = explain(policy, request);
        expect(decision).toEqual(decide(policy, request));
        expect(rules.filter(({ matched }) => matched).map(({ id }) => id)).toEqual([decision.rule]);
        expect(rules.find(({ holds }) => holds)?.id).toBe(decision.rule);
        expect(rules.findLast(({ reached }) => reached)?.id).toBe(decision.rule);
        const held = constraints.filter((one) => one.held).map(({ id, reason, certain }) => ({ id, reason, certain }));
        expect(held).toEqual([...decision.constraints]);
        const candidates = new Set(decision.candidates.map(({ provider }) => provider));
        expect(providers.filter(({ by }) => by === null).map(({ provider }) => provider)).toEqual(
          policy.providers.map(({ id }) => id).filter((id) => candidates.has(id)),
        );
      }
    }),
    { numRuns: 50 },
  );
});

describe("an explanation", () => {
  test("is a plain value", () => {
    const whole = explained({ ...ruled({ signal: "sensitive" }), limits: { max_output_tokens: 1 } });
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
  });

  test("says how far the rules were tried", () => {
    const { rules } = explained(ruled({ stream: true }, { stream: false }, { has_tools: false }));
    expect(rules.map(({ id, reached, holds, matched }) => [id, reached, holds, matched])).toEqual([
      ["r0", true, false, false],
      ["r1", true, true, true],
      ["r2", false, true, false],
      ["default", false, true, false],
    ]);
  });

  test("names of a condition what its truth is owed to, as it is", () => {
    expect(becauseOf({ stream: true, has_tools: false, prompt_chars: { at_most: 10 } })).toEqual([
      ["the prompt has more than 10 characters", "false", 20],
      ["the answer is not to be streamed", "false", false],
    ]);
    expect(becauseOf({ any: [{ stream: true }, { not: { has_tools: true } }] })).toEqual([
      ["the request has no tools", "false", false],
    ]);
    expect(
      becauseOf({ all: [{ signal: "sensitive" }, { stream: true }] }, { signals: ["sensitive"], streamed: true }),
    ).toEqual([
      ['signal "sensitive" is found', "true", true],
      ["the answer is to be streamed", "true", true],
    ]);
  });

  test("says each thing once", () => {
    expect(becauseOf({ any: [{ stream: true }, { all: [{ stream: true }, { has_images: false }] }] })).toHaveLength(1);
  });

  test("has no value where nobody knows one", () => {
    expect(becauseOf({ prompt_tokens: { at_least: 1 } }, { promptTokens: null })?.[0]?.[2]).toBeNull();
    expect(becauseOf({ model: "a" }, { wish: "other" })?.[0]?.[2]).toBeNull();
    expect(becauseOf({ requested_provider: "cloud" })?.[0]?.[2]).toBeNull();
  });

  test("tells constraints that may hold from those that do, and what rules make of the same", () => {
    const { unread, constraints, rules } = explained(
      {
        constraints: [
          { id: "kept", when: { signal: "sensitive" }, forbid: { zones_except: ["local"] }, reason: "kept" },
          { id: "other", when: { signal: "sensitive", stream: true }, forbid: { zones: ["cloud"] }, reason: "other" },
        ],
        ...ruled({ signal: "sensitive" }),
      },
      { scanIncomplete: true },
    );
    expect(unread).toBe(true);
    expect(constraints).toEqual([
      {
        id: "kept",
        reason: "kept",
        when: 'signal "sensitive" is found',
        forbid: { zones: ["cloud"], providers: [], models: [] },
        held: true,
        certain: false,
        because: [{ words: 'nobody can tell whether signal "sensitive" is found', truth: "unknown", value: null }],
      },
      {
        id: "other",
        reason: "other",
        when: 'signal "sensitive" is found, and the answer is to be streamed',
        forbid: { zones: ["cloud"], providers: [], models: [] },
        held: false,
        certain: true,
        because: [{ words: "the answer is not to be streamed", truth: "false", value: false }],
      },
    ]);
    expect(rules[0]?.because).toEqual([
      {
        words: 'signal "sensitive" is found, as it counts for content that nobody could read',
        truth: "true",
        value: null,
      },
    ]);
  });
});

describe("why a provider may answer or not", () => {
  const models = { "gpt-4o-mini": { context_tokens: 100, capabilities: [] } };
  const declaring = { providers: { local, cloud: { ...cloud, models } } };
  const forbidding = (forbid: NonNullable<PolicyDocument["constraints"]>[number]["forbid"], ids = ["kept"]) => ({
    constraints: ids.map((id) => ({ id, when: { stream: false }, forbid, reason: "r" })),
  });
  const why = (overrides: Partial<PolicyDocument>, features: Partial<Features> = {}, provider = "cloud") =>
    explained(overrides, features).providers.find((one) => one.provider === provider)?.why;

  test.each<[string, Partial<PolicyDocument>, Partial<Features>]>([
    ['it is in the route of rule "default", and nothing excludes it', {}, {}],
    ['it is not in the route of rule "default"', { default: { route: ["local"], reason: "r" } }, {}],
    ['rule "default" denies', { default: { deny: true, reason: "r" } }, {}],
    ['constraint "kept" forbids zone "cloud"', forbidding({ zones: ["cloud"] }), {}],
    ['constraints "a", "b" forbid this provider', forbidding({ providers: ["cloud"] }, ["a", "b"]), {}],
    ['constraint "kept" forbids model "gpt-4o-mini"', forbidding({ models: ["gpt-4o-mini"] }), {}],
    ["it has no default model to embed with", {}, { task: "embedding" }],
    [
      "it does not have the embedding model asked for, and vectors of another one would not compare",
      {},
      { task: "embedding", wish: "other" },
    ],
    ['its model "gpt-4o-mini" takes no tools', declaring, { hasTools: true }],
    ['its model "gpt-4o-mini" takes no images', declaring, { hasImages: true }],
    ['its model "gpt-4o-mini" reads at most 100 tokens, and the prompt has 101', declaring, { promptTokens: 101 }],
    [
      'its model "gpt-4o-mini" reads at most 100 tokens, and nobody counted those of the prompt',
      declaring,
      { promptTokens: null },
    ],
    [
      "it would cost 616 micro-USD, and at most 5 micro-USD are allowed",
      { limits: { max_estimated_cost_micros: 5 } },
      { promptTokens: 10 },
    ],
    [
      'nobody knows what its model "gpt-4o-mini" costs, and at most 5 micro-USD are allowed',
      { limits: { max_estimated_cost_micros: 5 }, prices: {} },
      {},
    ],
    [
      "nobody counted the tokens of the prompt, and at most 5 micro-USD are allowed",
      { limits: { max_estimated_cost_micros: 5 } },
      { promptTokens: null },
    ],
  ])("%s", (words, overrides, features) => {
    expect(why(overrides, features)).toBe(words);
  });

  test("comes with what it would have cost, chosen or not", () => {
    const { providers } = explained({ default: { route: ["local"], reason: "r", limits: { max_output_tokens: 10 } } });
    expect(providers.map(({ provider, estimatedCostMicros }) => [provider, estimatedCostMicros])).toEqual([
      ["cloud", 7],
      ["local", 0],
    ]);
  });
});
