import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Features } from "../../../src/core/features.ts";
import { recordFeatures } from "../../../src/core/recorded-features.ts";
import type { DecidedRow } from "../../../src/policy/backtest/decided-row.ts";
import { FeatureReader } from "../../../src/policy/backtest/feature-reader.ts";
import { knownFromFile, knownFromStore } from "../../../src/policy/backtest/known-policy.ts";
import type { BacktestReport } from "../../../src/policy/backtest/report.ts";
import { Backtest } from "../../../src/policy/backtest.ts";
import { compilePolicy } from "../../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../../src/policy/compiled.ts";
import { decide } from "../../../src/policy/decide.ts";
import { decidePartially } from "../../../src/policy/decide-partially.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { storedForm } from "../../../src/policy/identity.ts";
import {
  arbitrarySeekingDocument,
  arbitraryWorld,
  featuresIn,
  rowOf,
  rulesetOf,
} from "../../support/backtest-world.ts";
import { featuresOf, PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const storedOf = (policy: CompiledPolicy) => JSON.parse(JSON.stringify(storedForm(policy.document)));

function backtestOf(past: CompiledPolicy, next: CompiledPolicy, rows: readonly DecidedRow[], maxListed = 10) {
  const backtest = new Backtest(next, { ruleset: rulesetOf(next.document), maxListed });
  backtest.learn(past.hash, storedOf(past));
  for (const row of rows) backtest.add(row);
  return backtest.report();
}

const past = policyOf();

/** A row that the plain policy decided. */
function rowWith(
  features: Partial<Features>,
  findings: Record<string, number> = {},
  overrides: Partial<DecidedRow> = {},
) {
  const taken = featuresOf(features);
  const read = { features: taken, findings: JSON.stringify(findings) };
  return { ...rowOf("019382c0-0000-7000-8000-000000000001", past, read, decide(past, taken)), ...overrides };
}

/** Under the plain policy but for what is given. */
const under = (overrides: Partial<PolicyDocument>, rows: readonly DecidedRow[]): BacktestReport =>
  backtestOf(past, policyOf({ version: 2, ...overrides }), rows);

const KEEP_SENSITIVE = {
  constraints: [{ id: "keep", when: { signal: "sensitive" }, forbid: { zones: ["cloud"] }, reason: "kept" }],
  default: { route: ["cloud", "local"], reason: "default" },
};

describe("what was found", () => {
  test("is taken by the digest of a keyword list, whatever the signal is called", () => {
    const { signals } = { signals: { secretive: { keywords: ["secret"] } } };
    const constraints = [{ ...KEEP_SENSITIVE.constraints[0], when: { signal: "secretive" } }];
    const next = { ...KEEP_SENSITIVE, constraints: (constraints as PolicyDocument["constraints"]) ?? [], signals };
    const report = under(next, [rowWith({}, { "keyword.sensitive": 2 }), rowWith({})]);
    expect(report).toMatchObject({ rows: 2, changed: 1, unchanged: 1, unknown: 0 });
  });

  test("is unknown where a list says something new, and that may matter", () => {
    const signals = { sensitive: { keywords: ["secret", "hidden"] } };
    const report = under({ ...KEEP_SENSITIVE, signals }, [rowWith({})]);
    expect(report).toMatchObject({ unknown: 1, unknownBy: [{ missing: "signal:sensitive", rows: 1 }] });
    expect(under({ signals }, [rowWith({})])).toMatchObject({ unknown: 0, unchanged: 1 });
  });

  test("is not there of detectors only where the same rules looked in the same way", () => {
    const constraints = [{ id: "keep", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "kept" }];
    const next = { ...KEEP_SENSITIVE, constraints };
    expect(under(next, [rowWith({})])).toMatchObject({ unknown: 0 });
    expect(under(next, [rowWith({}, {}, { scanRuleset: "0.9.0:medium" })])).toMatchObject({ unknown: 1 });
    expect(under({ ...next, scan: { threshold: "weak" } }, [rowWith({})])).toMatchObject({ unknown: 1 });
    const found = rowWith({ signals: ["personal"] }, { "pii.email": 1 });
    expect(under({ ...next, scan: { threshold: "weak" } }, [found])).toMatchObject({ unknown: 0, changed: 1 });
    expect(under({ ...next, scan: { threshold: "strong" } }, [found])).toMatchObject({ unknown: 1 });
    expect(under({ ...next, scan: { detectors: false } }, [found])).toMatchObject({ unknown: 0, unchanged: 1 });
  });

  test("is taken by the digest of a pattern", () => {
    const pattern = { id: "order", pattern: "x[0-9]{4}", keywords: ["order"] };
    const orders = { signals: { orders: { patterns: [pattern] } } };
    const decided = policyOf(orders);
    const constraints = [{ id: "keep", when: { signal: "bills" }, forbid: { zones: ["cloud"] }, reason: "kept" }];
    const renamed = (changed: object) => ({
      ...KEEP_SENSITIVE,
      constraints,
      signals: { bills: { patterns: [{ ...pattern, id: "bill", ...changed }] } },
    });
    const row = rowWith({ signals: ["orders"] }, { "pattern.order": 1 }, { policyHash: decided.hash });
    const reportOf = (changed: object) => backtestOf(decided, policyOf(renamed(changed)), [row]);
    expect(reportOf({})).toMatchObject({ unknown: 0, changed: 1 });
    expect(reportOf({ pattern: "x[0-9]{5}" })).toMatchObject({ unknown: 1 });
    expect(reportOf({ keywords: ["order", "bill"] })).toMatchObject({ unknown: 1 });
    expect(reportOf({ strength: "strong" })).toMatchObject({ unknown: 1 });
  });
});

describe("what is not on record", () => {
  test("makes rows of older versions unknown altogether, and rows of a policy that is not there", () => {
    const older = rowWith({}, {}, { features: null, policyHash: null });
    expect(under({}, [older]).unknownBy).toEqual([{ missing: "features", rows: 1 }]);
    expect(under({}, [rowWith({}, {}, { features: '{"surface":"native"}' })]).unknownBy).toEqual([
      { missing: "features", rows: 1 },
    ]);
    const backtest = new Backtest(policyOf(), { ruleset: "", maxListed: 0 });
    expect(backtest.knows(past.hash)).toBe(false);
    expect(() => backtest.add(rowWith({}))).toThrow();
    backtest.learn(past.hash, null);
    backtest.add(rowWith({}));
    expect(backtest.report().unknownBy).toEqual([{ missing: "policy", rows: 1 }]);
  });

  test("are tokens that nobody counted", () => {
    const rules = [{ id: "long", when: { prompt_tokens: { at_least: 100 } }, route: ["local"], reason: "long" }];
    expect(under({ rules }, [rowWith({ promptTokens: null })]).unknownBy).toEqual([
      { missing: "prompt_tokens", rows: 1 },
    ]);
    expect(under({ rules }, [rowWith({ promptTokens: 100 })])).toMatchObject({ changed: 1 });
    expect(under({}, [rowWith({ promptTokens: null })])).toMatchObject({ unchanged: 1 });
  });

  test("are values of labels that were not declared", () => {
    const rules = [{ id: "team", when: { labels: { team: "blue" } }, route: ["local"], reason: "team" }];
    const labels = { team: ["blue", "red"] };
    expect(under({ rules, labels }, [rowWith({})]).unknownBy).toEqual([{ missing: "label:team", rows: 1 }]);
    const declared = policyOf({ labels });
    const rows = [{}, { team: "red" }, { team: "blue" }].map((given) =>
      rowWith({ labels: given as Record<string, string> }, {}, { policyHash: declared.hash }),
    );
    expect(backtestOf(declared, policyOf({ rules, labels }), rows)).toMatchObject({ unchanged: 2, changed: 1 });
  });

  test("are names of models that nobody knew then", () => {
    const rules = [{ id: "named", when: { model: "gpt-5" }, route: ["local"], reason: "named" }];
    const row = rowWith({ wish: "other" });
    expect(under({ rules }, [row]).unknownBy).toContainEqual({ missing: "model", rows: 1 });
    const knew = [{ ...rules[0], when: { model: "gpt-4o-mini" } }] as PolicyDocument["rules"];
    expect(under({ rules: knew ?? [] }, [row])).toMatchObject({ unchanged: 1 });
  });

  test("is who has a model, where the policy has a new provider", () => {
    const providers = {
      ...PLAIN_DOCUMENT.providers,
      eu: { kind: "openai" as const, zone: "eu", base_url: "https://eu.example.com/v1", default_model: "mistral" },
    };
    const constraints = [{ id: "no", when: { has_tools: false }, forbid: { models: ["gpt-4o"] }, reason: "no" }];
    const route = { route: ["eu", "local"], reason: "default" };
    const wished = { wish: "known" as const, model: "gpt-4o", offeredBy: ["cloud"], requestedProvider: "cloud" };
    const next = { providers, constraints, default: route };
    expect(under(next, [rowWith(wished)]).unknownBy).toEqual([{ missing: "offered_by:eu", rows: 1 }]);
    expect(under(next, [rowWith({})])).toMatchObject({ changed: 1, unknown: 0 });
  });

  test("is whether a hosted model would be refused by other providers, too", () => {
    const row = rowWith({}, {}, { provider: null, zone: null, reasonCodes: ["default", "policy.cloud_model_refused"] });
    expect(under({}, [row]).unknownBy).toEqual([{ missing: "cloud_model", rows: 1 }]);
    expect(backtestOf(past, past, [row])).toMatchObject({ unchanged: 1, unknown: 0 });
  });
});

test("a request that was refused for a field that steers is refused under every policy", () => {
  const row = rowWith(
    {},
    {},
    { provider: null, zone: null, reasonCodes: ["default", "policy.steering_field_refused"] },
  );
  expect(under({ default: { route: ["cloud"], reason: "other" } }, [row])).toMatchObject({
    unchanged: 1,
    changed: 0,
    newlyOutsideLocal: { rows: 0 },
  });
});

describe("what a reader of older features misses", () => {
  const { local, cloud } = PLAIN_DOCUMENT.providers;
  if (local === undefined || cloud === undefined) throw new Error("the plain policy has two providers");

  function read(before: Partial<PolicyDocument>, after: Partial<PolicyDocument>, given: Partial<Features>) {
    const [past, next] = [policyOf(before), policyOf(after)];
    const reader = new FeatureReader(knownFromStore(storedOf(past)), knownFromFile(next), true);
    const { features, missing } = reader.read(featuresOf(given), "{}");
    return { features, missing: [...missing].toSorted() };
  }

  const wished = { wish: "known" as const, model: "gpt-4o", offeredBy: ["cloud"], requestedProvider: "cloud" };

  test("is a group of lists, where one of them is new", () => {
    const birds = { keywords: ["heron"] };
    const any = { groups: ["keyword" as const] };
    expect(read({ signals: { birds } }, { signals: { birds, any } }, {}).missing).toEqual([]);
    const more = { birds, any, bees: { keywords: ["hive"] } };
    expect(read({ signals: { birds } }, { signals: more }, {}).missing).toEqual(["signal:any", "signal:bees"]);
  });

  test("is whether others are asked for a model that a local provider has now", () => {
    const providers = { local: { ...local, default_model: "gpt-4o" }, cloud };
    const missing = ["offered_by:cloud", "offered_by:local", "requested_provider"];
    expect(read({}, { providers }, wished).missing).toEqual(missing);
    expect(read({}, { providers }, { ...wished, model: "gpt-5" }).missing).toEqual([]);
  });

  test("is a price that the older policy had itself, and none that the new one has", () => {
    const prices = { cloud: { "gpt-4o": { input: 1, output: 1 } } };
    const table = { input: 2_500_000, output: 10_000_000 };
    expect(read({ prices }, {}, wished).missing).toEqual(["wish_price"]);
    expect(read({}, {}, wished).missing).toEqual([]);
    expect(read({}, { prices }, { ...wished, wishPrice: table })).toMatchObject({
      features: { wishPrice: null },
      missing: [],
    });
    expect(read({}, {}, { ...wished, wishPrice: table }).features.wishPrice).toEqual(table);
    // Whether its price counts depends on whether it has the model.
    const elsewhere = { cloud: { ...cloud, base_url: "https://other.example.com/v1" }, local };
    expect(read({}, { prices, providers: elsewhere }, { ...wished, wishPrice: table }).missing).toEqual([
      "offered_by:cloud",
      "requested_provider",
      "wish_price",
    ]);
  });

  test("is how the client wrote the name, where that makes a difference now", () => {
    const knowing = (...names: string[]) => ({
      providers: { local, cloud: { ...cloud, wishes: Object.fromEntries(names.map((name) => [name, "gpt-4o-mini"])) } },
    });
    const given = { ...wished, model: "small" };
    expect(read(knowing("small"), knowing("small"), given).missing).toEqual([]);
    expect(read(knowing("small"), knowing("small", "small:latest"), given).missing).toContain("model");
    const both = knowing("small", "small:latest");
    expect(read(both, both, given).missing).toEqual([]);
    // Whichever name it was, the new policy has one for it.
    expect(read(knowing("small"), knowing("small:latest"), given)).toMatchObject({
      features: { model: "small:latest", offeredBy: ["cloud"] },
      missing: [],
    });
    // The older policy did not name the model, though a provider had it. The new one does, in the other way.
    const declared = { local, cloud: { ...cloud, models: { "gpt-4o-mini": {} }, wishes: { small: "gpt-4o-mini" } } };
    expect(read({}, { providers: declared }, { ...given, model: "small:latest" })).toMatchObject({
      features: { model: "small", offeredBy: ["cloud"] },
      missing: ["requested_provider"],
    });
  });
});

describe("what is told of rows", () => {
  const LOCAL = { default: { route: ["local"], reason: "default" } };
  const local = policyOf(LOCAL);
  const idOf = (index: number) => `019382c0-0000-7000-8000-${String(index).padStart(12, "0")}`;
  const localRows = Array.from({ length: 5 }, (_, index) =>
    rowWith({}, {}, { requestId: idOf(index), policyHash: local.hash, provider: "local", zone: "local" }),
  );

  test("is which of them newly leave the local zone: a list with a bound, and an exact count", () => {
    expect(backtestOf(local, past, localRows, 2)).toMatchObject({
      changed: 5,
      newlyOutsideLocal: { rows: 5, requestIds: [idOf(0), idOf(1)] },
      newlyDenied: { rows: 0, requestIds: [] },
      matrix: [
        {
          from: { kind: "route", provider: "local", zone: "local" },
          to: { kind: "route", provider: "cloud", zone: "cloud" },
          rows: 5,
        },
      ],
    });
    expect(backtestOf(past, local, [rowWith({})])).toMatchObject({ changed: 1, newlyOutsideLocal: { rows: 0 } });
  });

  test("is also that they leave where they were denied before", () => {
    const denying = policyOf({ default: { deny: true, reason: "no" } });
    const row = rowWith(
      {},
      {},
      { provider: null, zone: null, reasonCodes: ["no", "policy.denied"], policyHash: denying.hash },
    );
    expect(backtestOf(denying, past, [row])).toMatchObject({ newlyOutsideLocal: { rows: 1 } });
    expect(backtestOf(denying, denying, [row])).toMatchObject({ unchanged: 1 });
  });

  test("is which of them are newly denied", () => {
    const report = under({ default: { deny: true, reason: "no" } }, [rowWith({})]);
    expect(report.newlyDenied.rows).toBe(1);
    expect(report.matrix[0]?.to).toEqual({ kind: "deny", code: "policy.denied" });
  });

  test("leaves out providers that could not carry the request then", () => {
    const both = policyOf({ default: { route: ["cloud", "local"], reason: "default" } });
    const row = rowWith({}, {}, { policyHash: both.hash, provider: "local", zone: "local" });
    const next = policyOf({ default: { route: ["cloud", "local"], reason: "other" } });
    expect(backtestOf(both, next, [row])).toMatchObject({ unchanged: 1, newlyOutsideLocal: { rows: 0 } });
    const refused = { provider: null, zone: null, reasonCodes: ["default", "request.untranslatable_field"] };
    expect(under({ default: { route: ["cloud"], reason: "other" } }, [rowWith({}, {}, refused)])).toMatchObject({
      unchanged: 1,
    });
  });
});

describe("what it costs", () => {
  const usage = { promptTokens: 1_000_000, completionTokens: 10 };
  const cheaper = { "gpt-4o-mini": { input: 100_000, output: 600_000 } };

  test("is reckoned by reported tokens under both policies' prices", () => {
    expect(under({ prices: { cloud: cheaper } }, [rowWith({}, {}, { usage })]).cost).toEqual({
      beforeMicros: 150_006,
      afterMicros: 100_006,
      reportedRows: 1,
      estimatedRows: 0,
      unpricedRows: 0,
    });
  });

  test("is nothing where nobody is asked, and nothing in the local zone", () => {
    for (const fallback of [
      { deny: true as const, reason: "no" },
      { route: ["local"], reason: "local" },
    ]) {
      expect(under({ default: fallback }, [rowWith({}, {}, { usage })]).cost).toMatchObject({
        beforeMicros: 150_006,
        afterMicros: 0,
      });
    }
  });

  test("is estimated where no tokens were reported, under each policy's own bound", () => {
    const limits = { max_output_tokens: 100 };
    const { cost } = under({ limits }, [rowWith({ promptTokens: 1_000_000 })]);
    const written = { before: Math.ceil(1_024 * 0.6), after: 60 };
    expect(cost).toEqual({
      beforeMicros: 150_000 + written.before,
      afterMicros: 150_000 + written.after,
      reportedRows: 0,
      estimatedRows: 1,
      unpricedRows: 0,
    });
  });

  test("is left out where no price is known", () => {
    expect(under({ prices: {} }, [rowWith({}, {}, { usage })]).cost).toMatchObject({
      unpricedRows: 1,
      beforeMicros: 0,
    });
    expect(under({}, [rowWith({ promptTokens: null })]).cost).toMatchObject({ unpricedRows: 1 });
  });
});

describe("for requests that were really decided", () => {
  const policies = arbitrarySeekingDocument().map(compilePolicy);

  test("nothing is unknown or changes under the policy that decided them", () => {
    fc.assert(
      fc.property(policies, fc.array(arbitraryWorld(), { minLength: 1, maxLength: 10 }), (policy, worlds) => {
        const rows = worlds.map((world, index) => {
          const read = featuresIn(world, policy);
          return rowOf(`row ${index}`, policy, read, decide(policy, read.features));
        });
        const { matrix: _, ...report } = backtestOf(policy, policy, rows);
        expect(report).toMatchObject({ rows: rows.length, unchanged: rows.length, changed: 0, unknown: 0 });
        expect(report.cost.afterMicros).toBe(report.cost.beforeMicros);
      }),
    );
  });

  test("whatever is known under another policy is what it would have decided", () => {
    let known = 0;
    let all = 0;
    fc.assert(
      fc.property(
        policies,
        policies,
        fc.array(arbitraryWorld(), { minLength: 1, maxLength: 10 }),
        (one, other, worlds) => {
          const isSameRuleset = rulesetOf(one.document) === rulesetOf(other.document);
          const reader = new FeatureReader(knownFromStore(storedOf(one)), knownFromFile(other), isSameRuleset);
          for (const world of worlds) {
            const row = featuresIn(world, one);
            const read = reader.read(row.features, row.findings);
            const result = decidePartially(other, read.features, read.missing);
            const truth = decide(other, featuresIn(world, other).features);
            const report = backtestOf(one, other, [rowOf("row", one, row, decide(one, row.features))]);
            all++;
            expect(report.unknown).toBe(result.kind === "unknown" ? 1 : 0);
            if (result.kind === "unknown") continue;
            known++;
            const { candidates, denial, rule, constraints } = truth;
            expect(result.decision).toMatchObject({ candidates, denial, rule, constraints });
          }
        },
      ),
      { numRuns: 200 },
    );
    // Else it would be a proof of nothing.
    expect(known).toBeGreaterThan(all / 5);
    expect(known).toBeLessThan(all);
  });
});

test("features come back from the record as they were, and are none where something is missing", () => {
  const features = featuresOf({ labels: { team: "red" }, wishPrice: { input: 1, output: 2 }, signals: ["personal"] });
  expect(backtestOf(past, past, [rowWith(features)]).unknown).toBe(0);
  for (const key of Object.keys(recordFeatures(features))) {
    const { [key]: _, ...rest } = recordFeatures(features) as unknown as Record<string, unknown>;
    expect(backtestOf(past, past, [rowWith({}, {}, { features: JSON.stringify(rest) })]).unknown).toBe(1);
  }
});
