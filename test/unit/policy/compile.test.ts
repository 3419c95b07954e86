import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { DEFAULT_BREAKER, DEFAULT_MAX_CONCURRENCY, NO_ATTEMPT_LIMITS } from "../../../src/core/attempts.ts";
import { PolicyDocument } from "../../../src/policy/document.ts";
import { arbitraryDocument } from "../../support/arbitrary-policy.ts";
import { PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

describe("compilePolicy", () => {
  test("takes providers and signals by name, since the order of keys means nothing", () => {
    const policy = policyOf({ signals: { second: { keywords: ["b"] }, first: { keywords: ["a"] } } });
    expect(policy.providers.map(({ id }) => id)).toEqual(["cloud", "local"]);
    expect(policy.signals.map(({ id }) => id)).toEqual(["first", "second"]);
  });

  test("counts the defaults of a provider among the models that it declares", () => {
    const policy = policyOf({
      providers: {
        cloud,
        local: { ...local, models: { "llama3.1": { context_tokens: 10 }, small: { capabilities: [] } } },
      },
    });
    expect(policy.providers[1]?.declared).toEqual(
      new Map([
        ["llama3.1", { contextTokens: 10, tools: null, images: null }],
        ["nomic-embed-text", { contextTokens: null, tools: null, images: null }],
        ["small", { contextTokens: null, tools: false, images: false }],
      ]),
    );
    expect(policyOf().providers[1]?.declared).toBeNull();
  });

  test("resolves zones_except to the zones that providers have", () => {
    const policy = policyOf({
      providers: { local, cloud, eu: { ...cloud, zone: "eu" } },
      constraints: [
        { id: "a", when: { stream: true }, forbid: { zones: ["cloud"], zones_except: ["local"] }, reason: "a" },
        { id: "b", when: { stream: true }, forbid: { zones_except: ["moon"] }, reason: "b" },
      ],
    });
    expect(policy.constraints.map(({ forbid }) => forbid.zones)).toEqual([
      ["cloud", "eu"],
      ["cloud", "eu", "local"],
    ]);
  });

  test("names the findings that a signal holds by", () => {
    const [signal] = policyOf({
      signals: {
        mixed: {
          keywords: ["x"],
          detectors: ["pii.email"],
          groups: ["secret"],
          patterns: [{ id: "ticket", pattern: "T[0-9]+", keywords: ["t"] }],
        },
      },
    }).signals;
    expect(signal).toEqual({
      id: "mixed",
      codes: new Set(["keyword.mixed", "pattern.ticket", "pii.email"]),
      groups: new Set(["secret"]),
    });
  });

  test("takes the narrower of a rule's limits and the policy's", () => {
    const policy = policyOf({
      limits: { max_output_tokens: 100, max_estimated_cost_micros: 5 },
      rules: [
        { id: "wide", route: ["local"], reason: "r", limits: { max_output_tokens: 200, max_estimated_cost_micros: 3 } },
        { id: "deny", deny: true, reason: "r", delivery: "whole", attempts: { timeout_seconds: 2, max_targets: 1 } },
      ],
    });
    expect(policy.rules.map(({ effects, route }) => ({ ...effects, route }))).toEqual([
      {
        maxOutputTokens: 100,
        maxEstimatedCostMicros: 3,
        delivery: "live",
        attempts: { ...NO_ATTEMPT_LIMITS, deadlineMs: null, maxTargets: null },
        route: ["local"],
      },
      {
        maxOutputTokens: 100,
        maxEstimatedCostMicros: 5,
        delivery: "whole",
        attempts: { ...NO_ATTEMPT_LIMITS, deadlineMs: null, timeoutMs: 2_000, maxTargets: 1 },
        route: null,
      },
    ]);
  });

  test("takes what a provider and a rule say of attempts, in milliseconds, and leaves the rest open", () => {
    const policy = policyOf({
      providers: {
        cloud: { ...cloud, attempts: { retries: 0 }, breaker: { open_seconds: 2 } },
        local: {
          ...local,
          attempts: {
            timeout_seconds: 30,
            connect_timeout_ms: 500,
            first_token_timeout_ms: 4_000,
            idle_timeout_ms: 600,
            retries: 1,
          },
          breaker: { failure_percent: 20, minimum_calls: 3, window_seconds: 10, open_seconds: 1 },
          max_concurrency: 4,
        },
      },
      default: {
        route: ["local"],
        reason: "r",
        attempts: { deadline_seconds: 90, idle_timeout_ms: 700, retries: 2 },
      },
    });
    const [ofCloud, ofLocal] = policy.providers;
    expect(ofCloud).toMatchObject({
      attempts: { ...NO_ATTEMPT_LIMITS, retries: 0 },
      breaker: { ...DEFAULT_BREAKER, openMs: 2_000 },
      maxConcurrency: DEFAULT_MAX_CONCURRENCY,
    });
    expect(ofLocal).toMatchObject({
      attempts: {
        timeoutMs: 30_000,
        connectTimeoutMs: 500,
        firstTokenTimeoutMs: 4_000,
        idleTimeoutMs: 600,
        retries: 1,
      },
      breaker: { failurePercent: 20, minimumCalls: 3, windowMs: 10_000, openMs: 1_000 },
      maxConcurrency: 4,
    });
    expect(policy.fallback.effects.attempts).toEqual({
      ...NO_ATTEMPT_LIMITS,
      deadlineMs: 90_000,
      idleTimeoutMs: 700,
      retries: 2,
      maxTargets: null,
    });
  });

  test("leaves all of it open where the document says nothing", () => {
    for (const provider of policyOf().providers) {
      expect(provider).toMatchObject({
        attempts: NO_ATTEMPT_LIMITS,
        breaker: DEFAULT_BREAKER,
        maxConcurrency: DEFAULT_MAX_CONCURRENCY,
      });
    }
  });

  test("knows every model that the policy names, and `auto` is none", () => {
    const policy = policyOf({
      providers: { local: { ...local, wishes: { wished: "answering" } }, cloud },
      prices: { cloud: { priced: { input: 1, output: 1 } } },
      constraints: [{ id: "c", when: { model: ["asked", "auto"] }, forbid: { models: ["forbidden"] }, reason: "c" }],
      shadow: [{ id: "s", when: { not: { model: "watched" } }, deny: true, reason: "s" }],
    });
    expect([...policy.models]).toEqual([
      "answering",
      "asked",
      "forbidden",
      "gpt-4o-mini",
      "llama3.1",
      "nomic-embed-text",
      "priced",
      "watched",
      "wished",
    ]);
  });

  test.each<[string, Partial<PolicyDocument>, boolean]>([
    ["nothing", {}, false],
    [
      "tokens",
      { rules: [{ id: "r", when: { any: [{ prompt_tokens: { at_least: 1 } }] }, deny: true, reason: "r" }] },
      true,
    ],
    [
      "cost",
      { shadow: [{ id: "r", when: { estimated_cost_micros: { at_least: 1 } }, deny: true, reason: "r" }] },
      true,
    ],
    ["a limit of cost", { limits: { max_estimated_cost_micros: 1 } }, true],
    ["a limit of tokens to write", { limits: { max_output_tokens: 1 } }, false],
    ["a context", { providers: { local, cloud: { ...cloud, models: { m: { context_tokens: 1 } } } } }, true],
    ["a model without a context", { providers: { local, cloud: { ...cloud, models: { m: {} } } } }, false],
  ])("says whether tokens have to be counted: %s", (_, overrides, needed) => {
    expect(policyOf(overrides).needsTokens).toBe(needed);
  });

  test.each<[string, Partial<PolicyDocument>]>([
    ["routes to a provider that the policy does not have", { default: { route: ["nobody"], reason: "r" } }],
    ["neither routes nor denies", { default: { reason: "r" } }],
  ])("throws for an unchecked document whose rule %s", (message, overrides) => {
    expect(() => policyOf(overrides)).toThrow(message);
  });
});

test("documents that properties draw are valid", () => {
  fc.assert(
    fc.property(arbitraryDocument(), (document) => {
      expect([...Value.Errors(PolicyDocument, document)]).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
