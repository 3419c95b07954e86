import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { assumedProviders } from "../../../src/cli/policy/assumed-providers.ts";
import { TASKS } from "../../../src/core/chat.ts";
import { wishOf } from "../../../src/core/models.ts";
import { readModelName, wishFacts } from "../../../src/gateway/wish.ts";
import { assumedWish } from "../../../src/policy/assumed-wish.ts";
import type { CompiledPolicy } from "../../../src/policy/compiled.ts";
import type { ProviderBody } from "../../../src/policy/document.ts";
import { compileScan } from "../../../src/scan/compile.ts";
import { policyOf } from "../../support/policy.ts";

const MODELS = ["a", "b", "c", "d"] as const;
const model = fc.constantFrom(...MODELS);

const provider = fc.record(
  {
    kind: fc.constantFrom("ollama" as const, "openai" as const),
    zone: fc.constantFrom("local", "cloud", "eu"),
    base_url: fc.constant("http://127.0.0.1:1"),
    default_model: model,
    default_embedding_model: model,
    models: fc.dictionary(model, fc.constant({}), { minKeys: 1 }),
    wishes: fc.dictionary(model, model, { minKeys: 1 }),
  },
  { requiredKeys: ["kind", "zone", "base_url", "default_model"] },
);
/** Most of them declare nothing: only then is there something to assume. */
const anyProvider = fc.oneof(
  { weight: 3, arbitrary: provider.map(({ models, wishes, ...others }) => others) },
  provider,
);

const scan = compileScan({ keywords: [], detectSensitiveData: false });
function activeOf(policy: CompiledPolicy) {
  if (!scan.ok) throw new Error("an empty scan is none");
  const providers = assumedProviders(policy);
  return { policy, scan: scan.value, providers, source: "file" as const, loadedAt: new Date(0) };
}

describe("providers that nobody asked", () => {
  test("are to the gateway what tests of a policy take them for", () => {
    const providers = fc.dictionary(fc.constantFrom("local", "cloud", "p", "q"), anyProvider, { minKeys: 1 });
    const names = fc.oneof(model, fc.constantFrom("auto", "z", "cloud/a", "cloud/b", "p/a", "a:latest", "nobody/a"));
    fc.assert(
      fc.property(providers, names, fc.constantFrom(...TASKS), (bodies, name, task) => {
        const [first = ""] = Object.keys(bodies);
        const policy = policyOf({
          providers: bodies as Record<string, ProviderBody>,
          prices: {},
          default: { route: [first], reason: "default" },
        });
        const active = activeOf(policy);
        const wished = wishOf(name);
        const wish = wished === null ? null : readModelName(wished, "native", active);
        expect(assumedWish(policy, { name, provider: undefined, offeredBy: undefined, task })).toEqual(
          wishFacts(wish, task, active),
        );
      }),
      { seed: 20_261_122, numRuns: 1_000 },
    );
  });

  test("answer nothing", () => {
    const [local] = assumedProviders(policyOf()).values();
    const request = { surface: "native" } as never;
    expect(() => local?.answer({} as never, request, new AbortController().signal)).toThrow("a dry run");
  });
});
