import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PROVIDER_IDS } from "../../../src/core/decision.ts";
import type { Features } from "../../../src/core/features.ts";
import { decide, type Policy } from "../../../src/policy/built-in.ts";

const policy: Policy = { maxPromptLengthForLocal: 1_000, defaultProvider: "openai", opaqueContentToCloud: false };
const LONG: Features = {
  sensitiveKeyword: false,
  sensitiveData: false,
  budgetExceeded: false,
  opaque: false,
  task: "chat",
  promptLength: 5_000,
  wishedProvider: null,
};

const stays = (...reasons: string[]) => ({ route: ["local"], forbiddenZones: ["cloud"], reasonCodes: reasons });
const goes = (provider: string, reason: string) => ({ route: [provider], forbiddenZones: [], reasonCodes: [reason] });

/** In the order in which they decide. */
const SENSITIVE = [
  ["sensitiveKeyword", "sensitive_keyword_match"],
  ["sensitiveData", "sensitive_data_match"],
  ["budgetExceeded", "scan.budget_exceeded"],
  ["opaque", "scan.opaque_part"],
] as const;

const TASKS = ["chat", "completion", "embedding"] as const;

describe("decide", () => {
  test.each([1, 1_000, 1_001, 1_000_000])("keeps what is sensitive local with %d characters, too", (promptLength) => {
    for (const [feature, reason] of SENSITIVE) {
      expect<unknown>(decide(policy, { ...LONG, [feature]: true, promptLength })).toEqual(stays(reason));
    }
  });

  test("gives every reason that holds, the one that decides first", () => {
    fc.assert(
      fc.property(fc.subarray([...SENSITIVE], { minLength: 1 }), (held) => {
        const features = { ...LONG, ...Object.fromEntries(held.map(([feature]) => [feature, true])) };
        expect<unknown>(decide(policy, features)).toEqual(stays(...held.map(([, reason]) => reason)));
      }),
    );
  });

  test.each([0, 1_000, 5_000])("keeps local what is no text, with %d characters beside it", (promptLength) => {
    expect<unknown>(decide(policy, { ...LONG, opaque: true, promptLength })).toEqual(stays("scan.opaque_part"));
  });

  test("takes what is no text as any other content where the operator allows it", () => {
    const allowing = { ...policy, opaqueContentToCloud: true };
    expect<unknown>(decide(allowing, { ...LONG, opaque: true })).toEqual(goes("openai", "default"));
    // How long it is nobody knows, so it is not taken for short.
    expect<unknown>(decide(allowing, { ...LONG, opaque: true, promptLength: 1 })).toEqual(goes("openai", "default"));
    const embedding: Features = { ...LONG, opaque: true, task: "embedding", wishedProvider: "openai" };
    expect<unknown>(decide(allowing, embedding)).toEqual(goes("openai", "embedding_model"));
  });

  test("keeps what is sensitive local all the same where the operator allows what is no text, and says why", () => {
    const allowing = { ...policy, opaqueContentToCloud: true };
    for (const [feature, reason] of SENSITIVE.filter(([sensitive]) => sensitive !== "opaque")) {
      expect<unknown>(decide(allowing, { ...LONG, opaque: true, [feature]: true })).toEqual(stays(reason));
    }
  });

  test.each([
    [null, "local"],
    ["local", "local"],
    ["openai", "openai"],
  ] as const)("sends an embedding to who has the model wished for (%p), whatever its length", (wishedProvider, to) => {
    for (const promptLength of [1, 1_000, 1_001]) {
      const features: Features = { ...LONG, task: "embedding", promptLength, wishedProvider };
      expect<unknown>(decide(policy, features)).toEqual(goes(to, "embedding_model"));
    }
  });

  test.each([...SENSITIVE])("keeps an embedding local that is %s, wherever its model is", (feature, reason) => {
    const features: Features = { ...LONG, task: "embedding", wishedProvider: "openai", [feature]: true };
    expect<unknown>(decide(policy, features)).toEqual(stays(reason));
  });

  test.each(PROVIDER_IDS)("lets no wish for %s decide who answers a chat or a completion", (wishedProvider) => {
    for (const task of ["chat", "completion"] as const) {
      expect<unknown>(decide(policy, { ...LONG, task, wishedProvider })).toEqual(goes("openai", "default"));
      expect<unknown>(decide(policy, { ...LONG, task, wishedProvider, promptLength: 1 })).toEqual(
        goes("local", "cost_prefer_local"),
      );
    }
  });

  test.each([0, 999, 1_000])("answers a prompt of %d characters locally", (promptLength) => {
    expect<unknown>(decide(policy, { ...LONG, promptLength })).toEqual(goes("local", "cost_prefer_local"));
  });

  test.each(PROVIDER_IDS)("leaves a longer prompt to the default provider %s", (defaultProvider) => {
    expect<unknown>(decide({ ...policy, defaultProvider }, { ...LONG, promptLength: 1_001 })).toEqual(
      goes(defaultProvider, "default"),
    );
  });

  test("is a function: equal inputs give equal bytes, and what nobody may see never routes to the cloud", () => {
    const policies = fc.record({
      maxPromptLengthForLocal: fc.nat(),
      defaultProvider: fc.constantFrom(...PROVIDER_IDS),
      opaqueContentToCloud: fc.boolean(),
    });
    const features = fc.record({
      sensitiveKeyword: fc.boolean(),
      sensitiveData: fc.boolean(),
      budgetExceeded: fc.boolean(),
      opaque: fc.boolean(),
      task: fc.constantFrom(...TASKS),
      promptLength: fc.nat(),
      wishedProvider: fc.constantFrom(null, ...PROVIDER_IDS),
    });
    fc.assert(
      fc.property(policies, features, (anyPolicy, anyFeatures) => {
        const first = decide(anyPolicy, anyFeatures);
        expect(JSON.stringify(decide(structuredClone(anyPolicy), structuredClone(anyFeatures)))).toBe(
          JSON.stringify(first),
        );
        const { sensitiveKeyword, sensitiveData, budgetExceeded, opaque } = anyFeatures;
        const isOpaque = opaque && !anyPolicy.opaqueContentToCloud;
        if (sensitiveKeyword || sensitiveData || budgetExceeded || isOpaque) {
          expect(first.forbiddenZones).toEqual(["cloud"]);
          expect(first.route).toEqual(["local"]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
