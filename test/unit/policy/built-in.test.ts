import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PROVIDER_IDS } from "../../../src/core/decision.ts";
import { decide } from "../../../src/policy/built-in.ts";

const policy = { maxPromptLengthForLocal: 1_000, defaultProvider: "openai" as const };

describe("decide", () => {
  test("keeps what is sensitive local before anything else", () => {
    for (const promptLength of [1, 1_000, 1_001, 1_000_000]) {
      expect(decide(policy, { sensitiveKeyword: true, unscannable: false, promptLength })).toEqual({
        route: ["local"],
        forbiddenZones: ["cloud"],
        reasonCodes: ["sensitive_keyword_match"],
      });
    }
  });

  test("keeps local what could not be scanned", () => {
    expect(decide(policy, { sensitiveKeyword: false, unscannable: true, promptLength: 5_000 })).toEqual({
      route: ["local"],
      forbiddenZones: ["cloud"],
      reasonCodes: ["scan.unscannable"],
    });
  });

  test.each([0, 999, 1_000])("answers a prompt of %d characters locally", (promptLength) => {
    expect(decide(policy, { sensitiveKeyword: false, unscannable: false, promptLength }).reasonCodes).toEqual([
      "cost_prefer_local",
    ]);
  });

  test.each(PROVIDER_IDS)("leaves a longer prompt to the default provider %s", (defaultProvider) => {
    expect(
      decide({ ...policy, defaultProvider }, { sensitiveKeyword: false, unscannable: false, promptLength: 1_001 }),
    ).toEqual({
      route: [defaultProvider],
      forbiddenZones: [],
      reasonCodes: ["default"],
    });
  });

  test("is a function: equal inputs give equal bytes, and sensitive never routes to the cloud", () => {
    const policies = fc.record({
      maxPromptLengthForLocal: fc.nat(),
      defaultProvider: fc.constantFrom(...PROVIDER_IDS),
    });
    const features = fc.record({
      sensitiveKeyword: fc.boolean(),
      unscannable: fc.boolean(),
      promptLength: fc.nat(),
    });
    fc.assert(
      fc.property(policies, features, (anyPolicy, anyFeatures) => {
        const first = decide(anyPolicy, anyFeatures);
        expect(JSON.stringify(decide(structuredClone(anyPolicy), structuredClone(anyFeatures)))).toBe(
          JSON.stringify(first),
        );
        if (anyFeatures.sensitiveKeyword || anyFeatures.unscannable) expect(first.forbiddenZones).toEqual(["cloud"]);
      }),
    );
  });
});
