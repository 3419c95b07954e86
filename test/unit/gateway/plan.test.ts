import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import fc from "fast-check";
import type { ChatRequest } from "../../../src/core/chat.ts";
import { type Decision, PROVIDER_IDS, type ProviderId, ZONES } from "../../../src/core/decision.ts";
import { parseModelWish } from "../../../src/core/models.ts";
import { type Denial, plan, providerOfWish } from "../../../src/gateway/plan.ts";
import { chatRequest, requestOf } from "../../support/deps.ts";
import { fakeProvider } from "../../support/fake-provider.ts";

function setUp() {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  local.models.set("llama:8b", "yes");
  local.models.set("alias", "remote");
  openai.models.set("gpt", "yes");
  const providers = { local: local.provider, openai: openai.provider };
  const planFor = (route: ProviderId, request: ChatRequest) => {
    const planned = plan(decision(route), request, providers);
    return planned.ok ? planned.value[0].model : planned.error;
  };
  const modelFor = (route: ProviderId, model: string | null) => {
    const planned = planFor(route, chatRequest("hello", { model }));
    return typeof planned === "string" ? planned : planned.code;
  };
  const embeddingFor = (route: ProviderId, model: string) => planFor(route, embedding(model));
  return { local, openai, providers, planFor, modelFor, embeddingFor };
}

const decision = (...route: [ProviderId, ...ProviderId[]]): Decision => ({
  route,
  forbiddenZones: [],
  reasonCodes: ["default"],
});

const denial = (code: Denial["code"], field: string | null, provider: ProviderId | null = null): Denial => ({
  code,
  field,
  provider,
});

const embedding = (model: string): ChatRequest =>
  requestOf(
    { kind: "embedding", inputs: ["hello"], dimensions: null },
    { model, input: "hello" },
    { surface: "openai_embeddings", wish: parseModelWish(model) },
  );

describe("plan", () => {
  test.each([
    ["local", null, "local-default"],
    ["local", "llama:8b", "llama:8b"],
    ["local", "gpt", "local-default"],
    ["local", "nobody-has-it", "local-default"],
    ["openai", null, "openai-default"],
    ["openai", "gpt", "gpt"],
    ["openai", "llama:8b", "openai-default"],
    ["openai", "nobody-has-it", "openai-default"],
    ["local", "auto", "local-default"],
    ["local", "auto:latest", "local-default"],
    ["openai", "auto", "openai-default"],
    ["local", "local/llama:8b", "llama:8b"],
    ["local", "openai/gpt", "local-default"],
    ["local", "openai/llama:8b", "local-default"],
    ["openai", "openai/gpt", "gpt"],
    ["openai", "local/llama:8b", "openai-default"],
    ["openai", "local/gpt", "openai-default"],
    ["openai", "openai/nobody-has-it", "openai-default"],
    ["local", "other/llama:8b", "local-default"],
  ] as const)("on %s a wish for %p is answered by %s", (route, wish, model) => {
    expect(setUp().modelFor(route, wish)).toBe(model);
  });

  test("takes a cloud server that lists no models at the client's word, but not for a local name", () => {
    const { openai, modelFor } = setUp();
    openai.listsNothing();
    expect(modelFor("openai", "private-deployment")).toBe("private-deployment");
    expect(modelFor("openai", "llama:8b")).toBe("openai-default");
    expect(modelFor("openai", "local-default")).toBe("openai-default");
  });

  test("takes such a server at the client's word for any name that the client gives to it", () => {
    const { openai, modelFor } = setUp();
    openai.listsNothing();
    expect(modelFor("openai", "openai/llama:8b")).toBe("llama:8b");
    expect(modelFor("openai", "local/private-deployment")).toBe("openai-default");
  });

  test.each(["gpt", "local/gpt"])("never gives a local server %s, a name that it does not list", (wish) => {
    const { local, modelFor } = setUp();
    local.listsNothing();
    expect(modelFor("local", wish)).toBe("local-default");
  });

  test.each(["gpt-oss:120b-cloud", "kimi-k2:cloud", "x:CLOUD", "alias", "local/kimi-k2:cloud", "local/alias"])(
    "denies %s wherever it would go",
    (wish) => {
      const { modelFor } = setUp();
      expect(modelFor("local", wish)).toBe("policy.cloud_model_refused");
      expect(modelFor("openai", wish)).toBe("policy.cloud_model_refused");
    },
  );

  test.each(["vendor-cloud", "alias"])("takes %s for the cloud provider's own where that lists it", (wish) => {
    const { openai, modelFor } = setUp();
    openai.models.set(wish, "yes");
    expect(modelFor("openai", wish)).toBe(wish);
    expect(modelFor("openai", `openai/${wish}`)).toBe(wish);
    expect(modelFor("local", wish)).toBe("local-default");
  });

  test("names the field of a model that it denies", () => {
    const { planFor } = setUp();
    expect(planFor("local", chatRequest("hello", { model: "kimi-k2:cloud" }))).toEqual(
      denial("policy.cloud_model_refused", "model"),
    );
  });

  test("leaves out what is in a forbidden zone, and denies when nothing is left", () => {
    const { providers } = setUp();
    const request = chatRequest("hello");
    const mixed = plan({ ...decision("openai", "local"), forbiddenZones: ["cloud"] }, request, providers);
    expect(mixed.ok && mixed.value.map((target) => target.provider)).toEqual(["local"]);
    const none = plan({ ...decision("openai"), forbiddenZones: ["cloud"] }, request, providers);
    expect(none).toEqual({ ok: false, error: denial("policy.no_compliant_route", null) });
  });

  test("says of a target whether some zone is forbidden for the request", () => {
    const { providers } = setUp();
    const request = chatRequest("hello");
    const free = plan(decision("local"), request, providers);
    expect(free.ok && free.value.map((target): unknown => target)).toEqual([
      { provider: "local", zone: "local", model: "local-default", constrained: false },
    ]);
    const bound = plan({ ...decision("local"), forbiddenZones: ["cloud"] }, request, providers);
    expect(bound.ok && bound.value.map((target): unknown => target)).toEqual([
      { provider: "local", zone: "local", model: "local-default", constrained: true },
    ]);
  });

  test("is the only place that makes an AllowedTarget", async () => {
    const source = join(import.meta.dir, "../../../src");
    const makers: string[] = [];
    for await (const file of new Glob("**/*.ts").scan(source)) {
      if (/\bas (unknown as )?AllowedTarget|<AllowedTarget>\s*[{(]/.test(await Bun.file(join(source, file)).text()))
        makers.push(file);
    }
    expect(makers).toEqual(["gateway/plan.ts"]);
  });

  test("has no target in a forbidden zone, whatever is wished for, listed and carried", () => {
    const wish = fc.constantFrom(null, "gpt", "openai/gpt", "local/gpt", "openai/x", "x", "kimi:cloud", "llama:8b");
    const route = fc.uniqueArray(fc.constantFrom(...PROVIDER_IDS), { minLength: 1 });
    fc.assert(
      fc.property(
        wish,
        route,
        fc.subarray([...ZONES]),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (model, [first = "local", ...others], forbiddenZones, isEmbedding, unlisted, incapable) => {
          const { openai, local, providers } = setUp();
          if (unlisted) openai.listsNothing();
          if (incapable) local.cannotCarry("body");
          const request = isEmbedding ? embedding(model ?? "auto") : chatRequest("hello", { model });
          const planned = plan({ ...decision(first, ...others), forbiddenZones }, request, providers);
          for (const { zone, provider } of planned.ok ? planned.value : []) {
            expect(forbiddenZones).not.toContain(zone);
            expect(providers[provider].zone).toBe(zone);
          }
        },
      ),
    );
  });
});

describe("an embedding", () => {
  test.each([
    ["local", "auto", "local-embedding"],
    ["local", "llama:8b", "llama:8b"],
    ["local", "local/llama:8b", "llama:8b"],
    ["openai", "gpt", "gpt"],
    ["openai", "openai/gpt", "gpt"],
  ] as const)("on %s with a wish for %p is made by %s", (route, wish, model) => {
    expect(setUp().embeddingFor(route, wish)).toBe(model);
  });

  test.each([
    ["local", "gpt"],
    ["local", "openai/gpt"],
    ["local", "openai/llama:8b"],
    ["local", "nobody-has-it"],
    ["openai", "llama:8b"],
    ["openai", "local/gpt"],
    ["openai", "nobody-has-it"],
    ["openai", "auto"],
  ] as const)("on %s with a wish for %p is denied, since vectors of another model do not compare", (route, wish) => {
    expect(setUp().embeddingFor(route, wish)).toEqual(denial("policy.embedding_model_unavailable", "model"));
  });

  test("goes by the client's word to a server whose list is not known, local ones too", () => {
    const { local, openai, embeddingFor } = setUp();
    local.models.clear();
    local.listsNothing();
    openai.listsNothing();
    expect(embeddingFor("local", "bge-m3")).toBe("bge-m3");
    expect(embeddingFor("local", "local/bge-m3")).toBe("bge-m3");
    expect(embeddingFor("openai", "private-embedding")).toBe("private-embedding");
    expect(embeddingFor("local", "openai/bge-m3")).toEqual(denial("policy.embedding_model_unavailable", "model"));
  });

  test("is not made by a model of a hosted service behind the local server", () => {
    expect(setUp().embeddingFor("local", "alias")).toEqual(denial("policy.cloud_model_refused", "model"));
  });

  test("goes to the first target that has its model", () => {
    const { providers } = setUp();
    const planned = plan(decision("local", "openai"), embedding("gpt"), providers);
    expect(planned.ok && planned.value.map(({ provider, model }) => [provider, model])).toEqual([["openai", "gpt"]]);
  });
});

describe("a field that a provider's protocol cannot carry", () => {
  test("denies the request by its name where no other provider may answer", () => {
    const { local, planFor } = setUp();
    local.cannotCarry("logit_bias");
    expect(planFor("local", chatRequest("hello"))).toEqual(
      denial("request.untranslatable_field", "logit_bias", "local"),
    );
  });

  test("leaves the request to the next provider that can", () => {
    const { openai, providers } = setUp();
    openai.cannotCarry("options.top_k");
    const planned = plan(decision("openai", "local"), chatRequest("hello"), providers);
    expect(planned.ok && planned.value.map((target) => target.provider)).toEqual(["local"]);
  });

  test("is that of the first provider where none can", () => {
    const { openai, local, providers } = setUp();
    openai.cannotCarry("options.top_k");
    local.cannotCarry("logit_bias");
    expect(plan(decision("openai", "local"), chatRequest("hello"), providers)).toEqual({
      ok: false,
      error: denial("request.untranslatable_field", "options.top_k", "openai"),
    });
  });

  test("never opens a zone that is forbidden", () => {
    const { local, providers } = setUp();
    local.cannotCarry("logit_bias");
    const bound = { ...decision("local", "openai"), forbiddenZones: ["cloud" as const] };
    expect(plan(bound, chatRequest("hello"), providers)).toEqual({
      ok: false,
      error: denial("request.untranslatable_field", "logit_bias", "local"),
    });
  });

  test("is asked about the request itself", () => {
    const { local, planFor } = setUp();
    local.cannotCarry((request) => request.untranslated[0] ?? null);
    expect(planFor("local", chatRequest("hello", { untranslated: ["n", "logit_bias"] }))).toEqual(
      denial("request.untranslatable_field", "n", "local"),
    );
    expect(planFor("local", chatRequest("hello"))).toBe("local-default");
  });
});

describe("providerOfWish", () => {
  const NOTHING = { local: "no", openai: "no" } as const;

  test.each([
    ["auto", NOTHING, null],
    ["local/m", NOTHING, "local"],
    ["openai/m", NOTHING, "openai"],
    ["openai/m", { local: "yes", openai: "no" }, "openai"],
    ["m", NOTHING, null],
    ["m", { local: "yes", openai: "no" }, "local"],
    ["m", { local: "yes", openai: "yes" }, "local"],
    ["m", { local: "yes", openai: "unknown" }, "local"],
    ["m", { local: "no", openai: "yes" }, "openai"],
    ["m", { local: "unknown", openai: "yes" }, "openai"],
    ["m", { local: "remote", openai: "yes" }, "openai"],
    ["m", { local: "no", openai: "unknown" }, null],
    ["m", { local: "unknown", openai: "unknown" }, null],
    ["m", { local: "remote", openai: "unknown" }, null],
    ["m", { local: "unknown", openai: "no" }, null],
  ] as const)("of %s with %p is %p", (name, { local: atLocal, openai: atCloud }, expected) => {
    const local = fakeProvider("local");
    const openai = fakeProvider("openai");
    local.models.set("m", atLocal);
    openai.models.set("m", atCloud);
    const providers = { local: local.provider, openai: openai.provider };
    expect(providerOfWish(parseModelWish(name), providers)).toBe(expected);
  });
});
