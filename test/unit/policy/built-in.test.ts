import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TASKS } from "../../../src/core/chat.ts";
import type { Decision } from "../../../src/core/decision.ts";
import type { Features } from "../../../src/core/features.ts";
import { type BuiltInOptions, builtInPolicy } from "../../../src/policy/built-in.ts";
import { compilePolicy } from "../../../src/policy/compile.ts";
import { decide } from "../../../src/policy/decide.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import { featuresOf } from "../../support/policy.ts";

const OPTIONS: BuiltInOptions = {
  sensitivityKeywords: ["secret"],
  detectSensitiveData: true,
  allowOpaqueContentToCloud: false,
  costMaxPromptLengthForLocal: 1_000,
  defaultProvider: "openai",
  ollamaBaseUrl: "http://127.0.0.1:11434",
  ollamaModel: "gemma3:1b",
  ollamaEmbeddingModel: "nomic-embed-text",
  openaiBaseUrl: "https://api.openai.com/v1",
  openaiApiKey: "a key",
  openaiModel: "gpt-5.4-mini",
};
const policyOf = (options: Partial<BuiltInOptions> = {}) => compilePolicy(builtInPolicy({ ...OPTIONS, ...options }));
const POLICY = policyOf();
const LONG = { promptChars: 5_000 };

/** What a request must look like for each case, in the order in which their reasons are given. */
const SENSITIVE = [
  [{ signals: ["sensitive_keyword"] }, "sensitive_keyword_match"],
  [{ signals: ["sensitive_data"] }, "sensitive_data_match"],
  [{ scanIncomplete: true }, "scan.budget_exceeded"],
  [{ opaqueContent: true }, "scan.opaque_part"],
] as const satisfies readonly (readonly [Partial<Features>, string])[];

/** What matters of a decision here. */
const said = ({ candidates, forbidden, reasonCodes }: Decision) => ({
  route: candidates.map(({ provider }) => provider),
  forbidden: forbidden.zones,
  reasons: reasonCodes,
});
const stays = (...reasons: string[]) => ({ route: ["local"], forbidden: ["cloud"], reasons });
const goes = (provider: string, reason: string) => ({ route: [provider], forbidden: [], reasons: [reason] });
const decided = (features: Partial<Features>, options: Partial<BuiltInOptions> = {}) =>
  said(decide(policyOf(options), featuresOf(features)));

const merged = (held: readonly Partial<Features>[]): Partial<Features> => ({
  ...Object.assign({}, ...held),
  signals: held.flatMap(({ signals = [] }) => signals),
});

describe("the built-in policy", () => {
  test.each([1, 1_000, 1_001, 1_000_000])("keeps what is sensitive local with %d characters, too", (promptChars) => {
    for (const [held, reason] of SENSITIVE) expect<unknown>(decided({ ...held, promptChars })).toEqual(stays(reason));
  });

  test("gives every reason that holds", () => {
    fc.assert(
      fc.property(fc.subarray([...SENSITIVE], { minLength: 1 }), (cases) => {
        const features = merged(cases.map(([held]) => held));
        expect<unknown>(decided({ ...LONG, ...features })).toEqual(stays(...cases.map(([, reason]) => reason)));
      }),
    );
  });

  test("takes what is no text as any other content where the operator allows it, but never for short", () => {
    const allowing = { allowOpaqueContentToCloud: true };
    expect<unknown>(decided({ ...LONG, opaqueContent: true }, allowing)).toEqual(goes("openai", "default"));
    expect<unknown>(decided({ promptChars: 1, opaqueContent: true }, allowing)).toEqual(goes("openai", "default"));
    for (const [held, reason] of SENSITIVE.slice(0, 3)) {
      const both = { ...held, opaqueContent: true };
      expect<unknown>(decided({ ...LONG, ...both }, allowing)).toEqual(stays(reason));
    }
  });

  test.each([
    [null, "local", "nomic-embed-text"],
    ["local", "local", "nomic-embed-text"],
    ["openai", "openai", "text-embedding-3-small"],
  ] as const)("sends an embedding to who has the model wished for (%p)", (requestedProvider, to, model) => {
    for (const promptChars of [1, 1_000, 1_001]) {
      const wished = to === "openai" ? { wish: "known" as const, model, offeredBy: ["openai"] } : {};
      const embedding: Partial<Features> = { task: "embedding", promptChars, requestedProvider, ...wished };
      expect<unknown>(decided(embedding)).toEqual(goes(to, "embedding_model"));
      expect(decide(POLICY, featuresOf(embedding)).candidates[0]?.model).toBe(model);
    }
  });

  test("keeps an embedding local that is sensitive, wherever its model is", () => {
    for (const [held, reason] of SENSITIVE) {
      const features: Partial<Features> = { task: "embedding", requestedProvider: "openai", ...held };
      expect<unknown>(decided(features)).toEqual(stays(reason));
    }
  });

  test.each(["local", "openai"])(
    "lets no wish for %s decide who answers a chat or a completion",
    (requestedProvider) => {
      for (const task of ["chat", "completion"] as const) {
        expect<unknown>(decided({ ...LONG, task, requestedProvider })).toEqual(goes("openai", "default"));
        expect<unknown>(decided({ promptChars: 1, task, requestedProvider })).toEqual(
          goes("local", "cost_prefer_local"),
        );
      }
    },
  );

  test.each([0, 999, 1_000])("answers a prompt of %d characters locally", (promptChars) => {
    expect<unknown>(decided({ promptChars })).toEqual(goes("local", "cost_prefer_local"));
  });

  test.each(["local", "openai"] as const)("leaves a longer prompt to the default provider %s", (defaultProvider) => {
    expect<unknown>(decided({ promptChars: 1_001 }, { defaultProvider })).toEqual(goes(defaultProvider, "default"));
  });

  test("never routes to the cloud what nobody may see, whatever it follows", () => {
    const options = fc.record({
      costMaxPromptLengthForLocal: fc.nat(),
      defaultProvider: fc.constantFrom("local" as const, "openai" as const),
      allowOpaqueContentToCloud: fc.boolean(),
    });
    const features = fc.record({
      signals: fc.subarray(["sensitive_keyword", "sensitive_data"]),
      scanIncomplete: fc.boolean(),
      opaqueContent: fc.boolean(),
      task: fc.constantFrom(...TASKS),
      promptChars: fc.nat(),
      requestedProvider: fc.constantFrom(null, "local", "openai"),
    });
    fc.assert(
      fc.property(options, features, (anyOptions, anyFeatures) => {
        const isSensitive =
          anyFeatures.signals.length > 0 ||
          anyFeatures.scanIncomplete ||
          (anyFeatures.opaqueContent && !anyOptions.allowOpaqueContentToCloud);
        const { route } = decided(anyFeatures, anyOptions);
        if (isSensitive) expect(route).toEqual(["local"]);
        // An embedding may be denied where nobody has its model, which the next tests are about.
        if (anyFeatures.task !== "embedding") expect(route.length).toBe(1);
      }),
    );
  });

  test("says nothing of keywords and detectors that are off", () => {
    const off = builtInPolicy({ ...OPTIONS, sensitivityKeywords: [], detectSensitiveData: false });
    expect(Object.keys(off.signals ?? {})).toEqual([]);
    expect(off.constraints?.map(({ id }) => id)).toEqual(["unscannable", "opaque"]);
  });

  test("names its key, and does not have it", () => {
    expect(JSON.stringify(builtInPolicy(OPTIONS))).not.toContain("a key");
    expect(builtInPolicy(OPTIONS).providers["openai"]).toHaveProperty("api_key", "${OPENAI_API_KEY}");
    expect(builtInPolicy({ ...OPTIONS, openaiApiKey: null }).providers["openai"]).not.toHaveProperty("api_key");
  });

  test.each([
    ["as it is", {}],
    ["with nothing to look for", { sensitivityKeywords: [], detectSensitiveData: false }],
    ["open for images", { allowOpaqueContentToCloud: true }],
  ])("is a policy that a file could say, %s", (_, options) => {
    const document = builtInPolicy({ ...OPTIONS, ...options });
    const loaded = loadPolicy(JSON.stringify(document), { environment: null });
    expect(loaded.ok ? [] : loaded.error).toEqual([]);
    expect(loaded.ok && loaded.value.policy.rules.length).toBe(document.rules?.length ?? -1);
  });
});
