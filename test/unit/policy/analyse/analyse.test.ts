import { describe, expect, test } from "bun:test";
import { analyse } from "../../../../src/policy/analyse/analyse.ts";
import { analysisFaults } from "../../../../src/policy/analyse/analysis-faults.ts";
import type { PolicyDocument, RuleBody } from "../../../../src/policy/document.ts";
import { policyOf } from "../../../support/policy.ts";

const analysisOf = (overrides: Partial<PolicyDocument>) => analyse(policyOf(overrides));

const rule = (id: string, when: RuleBody["when"], route: [string, ...string[]] = ["local"]): RuleBody => ({
  id,
  ...(when === undefined ? {} : { when }),
  route,
  reason: id,
});

const SENSITIVE_STAYS: NonNullable<PolicyDocument["constraints"]> = [
  { id: "sensitive", when: { signal: "sensitive" }, forbid: { zones: ["cloud"] }, reason: "sensitive" },
];

describe("rules that decide nothing", () => {
  test("a rule behind a wider one is unreachable, and the wider one is named", () => {
    const { unreachable } = analysisOf({
      rules: [
        rule("short", { prompt_chars: { at_most: 1_000 } }),
        rule("shorter", { prompt_chars: { at_most: 500 } }, ["cloud"]),
      ],
    });
    expect(unreachable).toEqual([{ rule: "shorter", path: "/rules/1", coveredBy: ["short"] }]);
  });

  test("a rule may be covered by several that each take a part, and no other is named", () => {
    const { unreachable } = analysisOf({
      rules: [
        rule("streamed", { stream: true, prompt_chars: { at_least: 10 } }),
        rule("short", { prompt_chars: { at_most: 20 } }),
        rule("long", { prompt_chars: { at_least: 21 } }, ["cloud"]),
        rule("tools", { has_tools: true }),
      ],
    });
    expect(unreachable).toEqual([{ rule: "tools", path: "/rules/3", coveredBy: ["short", "long"] }]);
  });

  test("a condition that no request can meet is covered by none", () => {
    const { unreachable } = analysisOf({
      rules: [
        rule("contradiction", { prompt_chars: { at_least: 10 }, not: { prompt_chars: { at_least: 5 } } }),
        rule("streamed_vectors", { surface: "openai_embeddings", stream: true }),
        rule("native_tools", { surface: "native", has_tools: true }),
      ],
    });
    expect(unreachable.map(({ rule: id, coveredBy }) => [id, coveredBy])).toEqual([
      ["contradiction", []],
      ["streamed_vectors", []],
      ["native_tools", []],
    ]);
  });

  test("a list of words that another list has, too, is covered by that list", () => {
    const { unreachable } = analysisOf({
      signals: { many: { keywords: ["Tulip ", "rose"] }, few: { keywords: ["tulip"] } },
      rules: [rule("many", { signal: "many" }), rule("few", { signal: "few" }, ["cloud"])],
    });
    expect(unreachable.map(({ rule: id }) => id)).toEqual(["few"]);
  });

  test("a code is covered by its group", () => {
    const { unreachable } = analysisOf({
      signals: { personal: { groups: ["pii"] }, email: { detectors: ["pii.email"] }, secret: { groups: ["secret"] } },
      rules: [
        rule("personal", { signal: "personal" }),
        rule("email", { signal: "email" }),
        rule("secret", { signal: "secret" }),
      ],
    });
    expect(unreachable.map(({ rule: id }) => id)).toEqual(["email"]);
  });

  test("where detectors are off a signal of codes is only ever taken as found", () => {
    const { unreachable, idleConstraints } = analysisOf({
      scan: { detectors: false },
      rules: [rule("found", { signal: "personal", opaque_content: false, scan_incomplete: false })],
      constraints: [
        { id: "kept", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "kept" },
        {
          id: "read",
          when: { signal: "personal", opaque_content: false, scan_incomplete: false },
          forbid: { zones: ["cloud"] },
          reason: "read",
        },
      ],
    });
    expect(unreachable.map(({ rule: id }) => id)).toEqual(["found"]);
    expect(idleConstraints).toEqual([{ constraint: "read", path: "/constraints/1", why: "never_holds" }]);
  });
});

describe("rules that change nothing", () => {
  test("a rule that does what the default does is redundant, but for its reason", () => {
    const { redundant } = analysisOf({
      rules: [
        rule("tools", { has_tools: true }, ["cloud"]),
        { ...rule("images", { has_images: true }, ["cloud"]), reason: "default" },
      ],
    });
    expect(redundant).toEqual([
      { rule: "tools", path: "/rules/0", insteadBy: ["images", "default"], changesReasons: true },
      { rule: "images", path: "/rules/1", insteadBy: ["default"], changesReasons: false },
    ]);
  });

  test("a rule that a constraint makes the default's equal is redundant", () => {
    const { redundant } = analysisOf({
      constraints: SENSITIVE_STAYS,
      rules: [rule("sensitive", { signal: "sensitive" }, ["local"])],
      default: { route: ["cloud", "local"], reason: "default" },
    });
    expect(redundant.map(({ rule: id }) => id)).toEqual(["sensitive"]);
  });

  test("a rule is redundant if another like it takes all of it before one that is unlike", () => {
    const { redundant } = analysisOf({
      rules: [
        rule("streamed_tools", { stream: true, has_tools: true }),
        rule("tools", { has_tools: true }),
        rule("streamed", { stream: true }, ["cloud"]),
      ],
    });
    expect(redundant.map(({ rule: id, insteadBy }) => [id, insteadBy])).toContainEqual(["streamed_tools", ["tools"]]);
  });

  test("a rule with other limits is none", () => {
    const { redundant } = analysisOf({
      rules: [{ ...rule("tools", { has_tools: true }, ["cloud"]), limits: { max_output_tokens: 100 } }],
    });
    expect(redundant).toEqual([]);
  });
});

describe("routes with nobody left", () => {
  test("a rule that sends sensitive text where it is forbidden can never route", () => {
    const [dead] = analysisOf({
      constraints: SENSITIVE_STAYS,
      rules: [rule("wrong", { signal: "sensitive" }, ["cloud"])],
    }).deadRoutes;
    expect(dead).toMatchObject({ rule: "wrong", path: "/rules/0", always: true, constraints: ["sensitive"] });
    expect(dead?.witness.decision).toMatchObject({ rule: "wrong", denial: "policy.no_compliant_route" });
  });

  test("a default that constraints close for some says for which", () => {
    const { deadRoutes } = analysisOf({ constraints: SENSITIVE_STAYS });
    expect(deadRoutes).toHaveLength(1);
    expect(deadRoutes[0]).toMatchObject({
      rule: "default",
      path: "/default",
      always: false,
      constraints: ["sensitive"],
      when: [['signal "sensitive" is found'], ["the scanner gave up on some text"], ["some content is no text"]],
      more: false,
    });
    expect(deadRoutes[0]?.witness.features.signals).toEqual(["sensitive"]);
  });

  test("a limit that no request can keep leaves nobody, and no constraint is blamed", () => {
    const capped = rule("capped", { task: "chat", model: "auto" }, ["cloud"]);
    const { deadRoutes } = analysisOf({
      prices: {},
      rules: [{ ...capped, limits: { max_estimated_cost_micros: 5 } }],
    });
    expect(deadRoutes[0]).toMatchObject({ rule: "capped", always: true, constraints: [] });
  });
});

describe("rules whose order decides", () => {
  test("a cost rule before a sensitive rule is an overlap with a request that shows it", () => {
    const { overlaps } = analysisOf({
      rules: [
        rule("cheap", { estimated_cost_micros: { at_most: 100 } }, ["cloud"]),
        rule("sensitive", { signal: "sensitive" }, ["local"]),
      ],
    });
    expect(overlaps.map(({ first, second }) => [first, second])).toEqual([["cheap", "sensitive"]]);
    expect(overlaps[0]?.witness.decision.rule).toBe("cheap");
    expect(overlaps[0]?.witness.features.signals).toEqual(["sensitive"]);
  });

  test("rules that go the same way, and rules that share no request, are none", () => {
    const { overlaps } = analysisOf({
      rules: [
        rule("tools", { has_tools: true }, ["local"]),
        rule("streamed", { stream: true }, ["local"]),
        rule("whole", { stream: false, has_tools: false }, ["cloud"]),
      ],
    });
    expect(overlaps).toEqual([]);
  });

  test("only so many are listed, and that there are more is said", () => {
    const rules = ["one", "two", "three"].map((id, index) =>
      rule(id, { prompt_chars: { at_least: index } }, index % 2 === 0 ? ["local"] : ["cloud"]),
    );
    const { overlaps, moreOverlaps } = analyse(policyOf({ rules }), { maxOverlaps: 0 });
    expect(overlaps).toEqual([]);
    expect(moreOverlaps).toBe(true);
  });
});

describe("what is left", () => {
  test("traffic that only the default takes is told in conditions", () => {
    const { onlyDefault } = analysisOf({
      rules: [rule("short", { prompt_chars: { at_most: 1_000 } }), rule("streamed", { stream: true })],
    });
    expect(onlyDefault?.when).toEqual([
      ["the answer is not to be streamed", "the prompt has at least 1001 characters"],
    ]);
    expect(onlyDefault?.witness.features).toMatchObject({ streamed: false, promptChars: 1_001 });
  });

  test("rules that take everything leave nothing to it", () => {
    const { onlyDefault } = analysisOf({ rules: [rule("all", undefined)] });
    expect(onlyDefault).toBeNull();
  });

  test("a constraint that forbids what no rule routes to is idle", () => {
    const { idleConstraints } = analysisOf({
      constraints: [{ id: "kept", when: { signal: "personal" }, forbid: { providers: ["local"] }, reason: "kept" }],
    });
    expect(idleConstraints).toEqual([{ constraint: "kept", path: "/constraints/0", why: "forbids_nothing" }]);
  });

  test("a shadow rule that never holds, and one that leads nowhere, say nothing", () => {
    const { idleShadow } = analysisOf({
      constraints: SENSITIVE_STAYS,
      shadow: [
        rule("never", { surface: "native", has_images: true }),
        rule("nowhere", { signal: "sensitive" }, ["cloud"]),
        rule("tried", { signal: "sensitive" }, ["local"]),
      ],
    });
    expect(idleShadow.map(({ rule: id, why }) => [id, why])).toEqual([
      ["never", "never_holds"],
      ["nowhere", "dead_route"],
    ]);
  });
});

describe("the budget", () => {
  const rules = [rule("short", { prompt_chars: { at_most: 9 } }), rule("shorter", { prompt_chars: { at_most: 5 } })];

  test("what could not be looked at is not claimed, and that it ended is said", () => {
    const analysis = analyse(policyOf({ rules }), { maxNodes: 1 });
    expect(analysis).toMatchObject({ complete: false, unreachable: [], redundant: [], deadRoutes: [], overlaps: [] });
    expect(analysisFaults(analysis, at).map(({ code, severity }) => [severity, code])).toEqual([
      ["warning", "analysis_incomplete"],
    ]);
  });
});

const at = () => ({ line: 1, column: 1, length: 1 });

describe("faults of an analysis", () => {
  const faults = analysisFaults(
    analysisOf({
      constraints: [
        ...SENSITIVE_STAYS,
        { id: "idle", when: { signal: "personal" }, forbid: { providers: ["local"] }, reason: "idle" },
      ],
      rules: [
        rule("wrong", { signal: "sensitive" }, ["cloud"]),
        rule("late", { signal: "sensitive", stream: true }),
        { ...rule("same", { has_tools: true }, ["cloud"]), reason: "default" },
      ],
      shadow: [rule("nowhere", { signal: "sensitive" }, ["cloud"])],
    }),
    (path) => ({ line: path.length, column: 1, length: 1 }),
  );

  test("rules that can do nothing are errors, the rest are warnings", () => {
    expect(faults.map(({ severity, code, path }) => [severity, code, path])).toEqual([
      ["error", "unreachable_rule", "/rules/1"],
      ["error", "dead_route", "/rules/0"],
      ["warning", "redundant_rule", "/rules/2"],
      ["warning", "idle_shadow_rule", "/shadow/0"],
    ]);
  });

  test("messages name what is meant, and positions are those of its path", () => {
    expect(faults[0]?.message).toBe(
      'The rule "late" is never reached: the rule "wrong" before it takes all that it asks for.',
    );
    expect(faults[1]?.message).toBe(
      'The rule "wrong" can never route: wherever it decides, the constraint "sensitive" leaves nobody of its route to ask.',
    );
    expect(faults.map(({ position }) => position.line)).toEqual(faults.map(({ path }) => path.length));
  });

  test("a policy without mistakes has none", () => {
    const analysis = analysisOf({
      constraints: SENSITIVE_STAYS,
      rules: [rule("short", { prompt_chars: { at_most: 1_000 } })],
      default: { route: ["cloud", "local"], reason: "default" },
    });
    expect(analysisFaults(analysis, at)).toEqual([]);
  });
});

describe("what would take too long", () => {
  const limited = (count: number): RuleBody[] =>
    Array.from({ length: count }, (_, index) => ({
      ...rule(`rule${index}`, { message_count: { at_most: index + 1 } }, ["cloud"]),
      limits: { max_output_tokens: 500 * (index + 1), max_estimated_cost_micros: 2_000 * (index + 1) },
    }));

  test("ends the analysis where limits alone come to more cells than its bound", () => {
    expect(analysisOf({ rules: limited(4) }).complete).toBe(true);
    expect(analysisOf({ rules: limited(60) })).toMatchObject({ complete: false, unreachable: [], overlaps: [] });
  });

  test("ends the analysis where many costs are asked of many models", () => {
    const models = Array.from({ length: 300 }, (_, index) => `model${index}`);
    const analysis = analysisOf({
      prices: {
        cloud: Object.fromEntries(
          models.map((model, index) => [model, { input: 1_000 + index, output: 7 * index + 1 }]),
        ),
      },
      rules: Array.from({ length: 100 }, (_, index) =>
        rule(`rule${index}`, { estimated_cost_micros: { at_least: 1_000_000 - 37 * index } }),
      ),
    });
    expect(analysis).toMatchObject({ complete: false, unreachable: [] });
  });
});
