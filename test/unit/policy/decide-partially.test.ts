import { describe, expect, test } from "bun:test";
import type { Features } from "../../../src/core/features.ts";
import { decide } from "../../../src/policy/decide.ts";
import { decidePartially } from "../../../src/policy/decide-partially.ts";
import type { ConditionBody, PolicyDocument } from "../../../src/policy/document.ts";
import { completion } from "../../support/decide-properties.ts";
import { featuresOf, PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

const LABELS = { team: ["red", "blue"] };
const part = (overrides: Partial<PolicyDocument>, missing: readonly string[], features: Partial<Features> = {}) =>
  decidePartially(policyOf({ labels: LABELS, ...overrides }), featuresOf(features), new Set(missing));
const ruled = (when: ConditionBody): Partial<PolicyDocument> => ({
  rules: [{ id: "asked", when, route: ["local"], reason: "asked" }],
});
const kept = (when: ConditionBody): Partial<PolicyDocument> => ({
  constraints: [{ id: "kept", when, forbid: { zones: ["cloud"] }, reason: "kept" }],
});
const unknown = (...missing: string[]) => ({ kind: "unknown", missing }) as const;

describe("deciding without some values", () => {
  test("is deciding, where nothing is missing", () => {
    const policy = policyOf(kept({ signal: "sensitive" }));
    const features = featuresOf({ signals: ["sensitive"] });
    expect(decidePartially(policy, features, new Set())).toEqual({ kind: "known", decision: decide(policy, features) });
  });

  test.each<[string, ConditionBody, string]>([
    ["a signal", { signal: "sensitive" }, "signal:sensitive"],
    ["tokens", { prompt_tokens: { at_most: 5 } }, "prompt_tokens"],
    ["a model", { model: "a" }, "model"],
    ["a provider", { requested_provider: "cloud" }, "requested_provider"],
    ["a label", { labels: { team: "red" } }, "label:team"],
    ["more tokens than any prompt has", { prompt_tokens: { at_least: 1_000_000_000 } }, "prompt_tokens"],
    ["tokens by the cost", { estimated_cost_micros: { at_least: 1_000_000 } }, "prompt_tokens"],
  ])("is not known if a rule or a constraint asks for %s", (_, when, key) => {
    expect(part(ruled(when), [key])).toEqual(unknown(key));
    expect(part(kept(when), [key])).toEqual(unknown(key));
  });

  test("does not look at what the features say of it", () => {
    expect(part(ruled({ signal: "sensitive" }), ["signal:sensitive"], { signals: ["sensitive"] })).toEqual(
      unknown("signal:sensitive"),
    );
    const embedding = { task: "embedding", requestedProvider: "cloud" } as const;
    expect(part(ruled({ requested_provider: "cloud" }), ["requested_provider"], embedding).kind).toBe("unknown");
  });

  test.each<[string, Partial<PolicyDocument>, readonly string[]]>([
    ["nobody asks for it", {}, ["signal:sensitive", "label:team", "requested_provider", "wish_price"]],
    ["something else fails", ruled({ signal: "sensitive", stream: true }), ["signal:sensitive"]],
    ["something else holds", kept({ any: [{ signal: "sensitive" }, { stream: false }] }), ["signal:sensitive"]],
    [
      "a rule before it matches",
      { rules: [{ id: "first", route: ["cloud"], reason: "r" }, ...(ruled({ signal: "sensitive" }).rules ?? [])] },
      ["signal:sensitive"],
    ],
    ["all values are within bounds", ruled({ prompt_tokens: { at_least: 0 } }), ["prompt_tokens"]],
    [
      "only free providers answer",
      { prices: { cloud: { "gpt-4o-mini": { input: 0, output: 0 } } }, limits: { max_estimated_cost_micros: 0 } },
      ["prompt_tokens"],
    ],
  ])("is known if %s", (_, overrides, missing) => {
    expect(part(overrides, missing)).toMatchObject({ kind: "known" });
  });

  test("names only what may matter", () => {
    const when: ConditionBody = { any: [{ signal: "sensitive" }, { signal: "personal", stream: true }] };
    const missing = ["label:team", "signal:sensitive", "signal:personal"];
    expect(part(kept(when), missing)).toEqual(unknown("signal:sensitive", "signal:personal"));
    expect(part(kept({ signal: "sensitive", stream: true }), missing)).toMatchObject({ kind: "known" });
  });

  test("takes the other end of what is possible where a part is turned round", () => {
    const missing = ["signal:sensitive", "signal:personal"];
    const either: ConditionBody = { any: [{ signal: "sensitive" }, { not: { signal: "personal" } }] };
    for (const when of [{ signal: "sensitive", not: { signal: "personal" } }, either, { not: either }]) {
      expect([part(kept(when), missing), part(ruled(when), missing)]).toEqual([
        unknown(...missing),
        unknown(...missing),
      ]);
    }
  });

  test("knows that a rule takes unread content for sensitive, found or not, and that a constraint may be certain", () => {
    expect(part(ruled({ signal: "sensitive" }), ["signal:sensitive"], { scanIncomplete: true })).toMatchObject({
      decision: { rule: "asked" },
    });
    expect(part(kept({ signal: "sensitive" }), ["signal:sensitive"], { scanIncomplete: true })).toEqual(
      unknown("signal:sensitive"),
    );
  });

  test("does not know whether a context or a budget is enough", () => {
    const bounded = { providers: { local, cloud: { ...cloud, models: { "gpt-4o-mini": { context_tokens: 100 } } } } };
    expect(part(bounded, ["prompt_tokens"])).toEqual(unknown("prompt_tokens"));
    expect(part({ limits: { max_estimated_cost_micros: 1_000_000 } }, ["prompt_tokens"])).toEqual(
      unknown("prompt_tokens"),
    );
    const tooMuch = { limits: { max_estimated_cost_micros: 1 } };
    expect(part(tooMuch, ["prompt_tokens"])).toMatchObject({ decision: { denial: "policy.no_compliant_route" } });
  });

  test("does not know what a model costs that may be the one wished for", () => {
    const limited = { prices: {}, limits: { max_estimated_cost_micros: 5 } };
    expect(part(limited, ["model"])).toEqual(unknown("model"));
    expect(part(limited, ["wish_price"])).toMatchObject({ decision: { denial: "policy.no_compliant_route" } });
  });

  test("does not know by which model a provider answers that may have the wish", () => {
    const wish = { wish: "known", model: "m" } as const;
    expect(part({}, ["offered_by:cloud"], wish)).toEqual(unknown("offered_by:cloud"));
    expect(part({}, ["offered_by:local"], wish)).toMatchObject({ kind: "known" });
    expect(part({}, ["offered_by:cloud"])).toMatchObject({ decision: { candidates: [{ model: "gpt-4o-mini" }] } });
    expect(part({}, ["model"])).toMatchObject({ decision: { candidates: [{ model: "gpt-4o-mini" }] } });
    expect(part({}, ["model"], { offeredBy: ["cloud"] })).toEqual(unknown("model"));
    expect(part({}, ["model"], { task: "embedding" })).toMatchObject({
      decision: { denial: "policy.embedding_model_unavailable" },
    });
  });

  test("gives no cost that depends on what is missing, and one that does not", () => {
    const costOf = (missing: string[], features: Partial<Features> = {}) => {
      const result = part({}, missing, { promptTokens: 10, ...features });
      return result.kind === "known" ? result.decision.estimatedCostMicros : "unknown";
    };
    const wish: Partial<Features> = {
      wish: "known",
      model: "m",
      offeredBy: ["cloud"],
      wishPrice: { input: 1, output: 1 },
    };
    expect([
      costOf(["prompt_tokens"]),
      costOf(["signal:sensitive"]),
      costOf(["wish_price"]),
      costOf(["wish_price"], wish),
    ]).toEqual([null, 616, 616, null]);
  });

  test("leaves out what a watched rule may have done", () => {
    const shadow = [{ id: "watched", when: { signal: "sensitive" }, deny: true as const, reason: "r" }];
    expect(part({ shadow }, ["signal:sensitive"])).toMatchObject({ decision: { shadow: [] } });
    expect(part({ shadow }, ["label:team"], { signals: ["sensitive"] })).toMatchObject({ decision: { shadow: [{}] } });
  });
});

describe("deciding without some values, over every completion", () => {
  const document: Partial<PolicyDocument> = {
    providers: {
      local: { ...local, models: { small: { context_tokens: 10 } }, wishes: { big: "small" } },
      cloud,
    },
    constraints: [
      {
        id: "kept",
        when: { signal: "sensitive", not: { labels: { team: "red" } } },
        forbid: { zones: ["cloud"] },
        reason: "k",
      },
      {
        id: "models",
        when: { prompt_tokens: { at_least: 10 }, requested_provider: "local" },
        forbid: { models: ["big"] },
        reason: "m",
      },
    ],
    rules: [
      { id: "asked", when: { requested_provider: "local", model: ["big", "small"] }, route: ["local"], reason: "a" },
      { id: "dear", when: { estimated_cost_micros: { at_least: 1_000 } }, route: ["local", "cloud"], reason: "d" },
    ],
    default: { route: ["cloud", "local"], reason: "r" },
  };
  const wishes: Partial<Features>[] = [
    { wish: "auto", model: null },
    { wish: "other", model: null },
    { wish: "known", model: "big" },
    { wish: "known", model: "small" },
  ];
  const domain = product<Partial<Features>>(
    [{ signals: [] }, { signals: ["sensitive"] }],
    [{ labels: {} }, { labels: { team: "red" } }],
    [{ promptTokens: 9 }, { promptTokens: 11 }, { promptTokens: null }],
    wishes,
    [{ offeredBy: [] }, { offeredBy: ["local"] }, { offeredBy: ["cloud"] }, { offeredBy: ["cloud", "local"] }],
    [{ requestedProvider: null }, { requestedProvider: "local" }],
    [{ wishPrice: null }, { wishPrice: { input: 10, output: 10 } }],
  ).map((parts) => featuresOf(Object.assign({}, ...parts)));
  const policy = policyOf({ labels: LABELS, ...document });
  const SETS = [
    ["signal:sensitive"],
    ["label:team"],
    ["prompt_tokens"],
    ["model"],
    ["offered_by:local"],
    ["offered_by:cloud", "wish_price"],
    ["requested_provider"],
    ["model", "label:team"],
    ["label:team", "wish_price", "offered_by:local"],
  ];

  test.each(SETS.map((keys) => [keys.join(" and "), keys] as const))("what is known is so for all: %s", (_, keys) => {
    const missing = new Set(keys);
    const outcomes = { known: 0, unknown: 0 };
    const wrong: unknown[] = [];
    const completions = new Map(
      domain.map((other) => [JSON.stringify(completion(featuresOf(), other, missing)), other]),
    );
    for (const request of domain) {
      const partial = decidePartially(policy, request, missing);
      outcomes[partial.kind]++;
      if (partial.kind === "unknown") continue;
      const { candidates, denial, rule, constraints } = partial.decision;
      for (const other of completions.values()) {
        const whole = decide(policy, completion(request, other, missing));
        if (!Bun.deepEquals({ candidates, denial, rule, constraints }, pick(whole))) wrong.push({ request, other });
      }
    }
    expect(wrong).toEqual([]);
    expect(Math.min(outcomes.known, outcomes.unknown)).toBeGreaterThan(0);
  });

  const pick = ({ candidates, denial, rule, constraints }: ReturnType<typeof decide>) => ({
    candidates,
    denial,
    rule,
    constraints,
  });

  function product<T>(...lists: readonly (readonly T[])[]): T[][] {
    return lists.reduce<T[][]>((all, list) => all.flatMap((chosen) => list.map((one) => [...chosen, one])), [[]]);
  }
});
