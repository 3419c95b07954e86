import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import fc from "fast-check";
import type { ChatRequest } from "../../../src/core/chat.ts";
import { NOTHING_FORBIDDEN, type ProviderId, type Zone } from "../../../src/core/decision.ts";
import { wishOf } from "../../../src/core/models.ts";
import { decideRequest } from "../../../src/gateway/decide-request.ts";
import { type Denial, plan } from "../../../src/gateway/plan.ts";
import { providerOfWish, readModelName } from "../../../src/gateway/wish.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { activeOf, chatRequest, requestOf } from "../../support/deps.ts";
import { fakeProvider } from "../../support/fake-provider.ts";
import { decisionFor } from "../../support/target.ts";

type Route = readonly [ProviderId, ...ProviderId[]];

/** Routes everything to these, less the zones that are forbidden for everything. */
const policy = (route: Route, forbiddenZones: readonly Zone[] = []): PolicyDocument => ({
  apiVersion: "policy-mesh/v1",
  name: "test",
  version: 1,
  providers: {
    local: {
      kind: "ollama",
      zone: "local",
      base_url: "http://127.0.0.1:11434",
      default_model: "local-default",
      default_embedding_model: "local-embedding",
    },
    openai: { kind: "openai", zone: "cloud", base_url: "https://api.openai.com/v1", default_model: "openai-default" },
  },
  constraints:
    forbiddenZones.length === 0
      ? []
      : [{ id: "all", when: { message_count: { at_least: 0 } }, forbid: { zones: [...forbiddenZones] }, reason: "r" }],
  default: { route: [...route], reason: "default" },
});

function setUp() {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  local.models.set("llama:8b", "yes");
  local.models.set("alias", "remote");
  openai.models.set("gpt", "yes");
  const providers = new Map([
    ["local", local.provider],
    ["openai", openai.provider],
  ]);
  const planned = (route: Route, request: ChatRequest, forbiddenZones: readonly Zone[] = []) =>
    decideRequest(activeOf(policy(route, forbiddenZones), providers), request, [], {}).planned;
  const planFor = (route: ProviderId, request: ChatRequest) => {
    const targets = planned([route], request);
    return targets.ok ? targets.value[0].model : targets.error;
  };
  const modelFor = (route: ProviderId, model: string | null) => {
    const targets = planFor(route, chatRequest("hello", { model }));
    return typeof targets === "string" ? targets : targets.code;
  };
  const embeddingFor = (route: ProviderId, model: string) => planFor(route, embedding(model));
  return { local, openai, providers, planned, planFor, modelFor, embeddingFor };
}

const denial = (code: Denial["code"], field: string | null, provider: ProviderId | null = null): Denial => ({
  code,
  field,
  provider,
});

const embedding = (model: string): ChatRequest =>
  requestOf(
    { kind: "embedding", inputs: ["hello"], dimensions: null },
    { model, input: "hello" },
    { surface: "openai_embeddings", wish: wishOf(model) },
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
    const { planned } = setUp();
    const request = chatRequest("hello");
    const mixed = planned(["openai", "local"], request, ["cloud"]);
    expect(mixed.ok && mixed.value.map((target) => target.provider)).toEqual(["local"]);
    const none = planned(["openai"], request, ["cloud"]);
    expect(none).toEqual({ ok: false, error: denial("policy.no_compliant_route", null) });
  });

  test("says of a target whether some zone is forbidden for the request", () => {
    const { planned } = setUp();
    const request = chatRequest("hello");
    const target = { provider: "local", zone: "local", model: "local-default", maxOutputTokens: null };
    const free = planned(["local"], request);
    expect<unknown>(free.ok && free.value).toEqual([{ ...target, constrained: false }]);
    const bound = planned(["local"], request, ["cloud"]);
    expect<unknown>(bound.ok && bound.value).toEqual([{ ...target, constrained: true }]);
  });

  test.each([
    ["zone", { zones: ["cloud"] }],
    ["provider", { providers: ["openai"] }],
    ["model", { models: ["gpt"] }],
  ])("makes no target of a candidate whose %s its own decision forbids", (_, forbidden) => {
    const { providers } = setUp();
    const decision = decisionFor([{ provider: "openai", model: "gpt" }], {
      forbidden: { ...NOTHING_FORBIDDEN, ...forbidden },
    });
    expect(plan(decision, chatRequest("hello"), null, activeOf(policy(["openai"]), providers))).toEqual({
      ok: false,
      error: denial("policy.no_compliant_route", null),
    });
  });

  test("hands on how much a model may write", () => {
    const { providers } = setUp();
    const plain = decisionFor([{ provider: "openai" }]);
    const decision = { ...plain, effects: { ...plain.effects, maxOutputTokens: 7 } };
    const planned = plan(decision, chatRequest("hello"), null, activeOf(policy(["openai"]), providers));
    expect(planned.ok && planned.value[0].maxOutputTokens).toBe(7);
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
    const route = fc.uniqueArray(fc.constantFrom("local", "openai"), { minLength: 1 });
    fc.assert(
      fc.property(
        wish,
        route,
        fc.subarray(["local", "cloud"]),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (model, [first = "local", ...others], forbiddenZones, isEmbedding, unlisted, incapable) => {
          const { openai, local, providers, planned } = setUp();
          if (unlisted) openai.listsNothing();
          if (incapable) local.cannotCarry("body");
          const request = isEmbedding ? embedding(model ?? "auto") : chatRequest("hello", { model });
          const targets = planned([first, ...others], request, forbiddenZones);
          for (const { zone, provider } of targets.ok ? targets.value : []) {
            expect(forbiddenZones).not.toContain(zone);
            expect(providers.get(provider)?.zone).toBe(zone);
          }
        },
      ),
    );
  });
});

describe("a field that steers the server behind a provider", () => {
  test.each(["models", "route", "provider", "fallbacks", "api_base", "api_key", "user_config", "preset", "extra_body"])(
    "denies the request by its name: %s",
    (field) => {
      const { planned } = setUp();
      const request = { ...chatRequest("hello", { surface: "openai_chat" }), body: { messages: [], [field]: ["x"] } };
      expect(planned(["openai"], request)).toEqual({
        ok: false,
        error: denial("policy.steering_field_refused", field),
      });
    },
  );

  test("means nothing as null, and nothing on surfaces whose bodies are translated", () => {
    const { planned } = setUp();
    const nothing = { ...chatRequest("hello", { surface: "openai_chat" }), body: { messages: [], models: null } };
    expect(planned(["openai"], nothing).ok).toBe(true);
    const translated = { ...chatRequest("hello", { surface: "ollama_chat" }), body: { messages: [], models: ["x"] } };
    expect(planned(["openai"], translated).ok).toBe(true);
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
    const targets = setUp().planned(["local", "openai"], embedding("gpt"));
    expect(targets.ok && targets.value.map(({ provider, model }) => [provider, model])).toEqual([["openai", "gpt"]]);
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
    const { openai, planned } = setUp();
    openai.cannotCarry("options.top_k");
    const targets = planned(["openai", "local"], chatRequest("hello"));
    expect(targets.ok && targets.value.map((target) => target.provider)).toEqual(["local"]);
  });

  test("is that of the first provider where none can", () => {
    const { openai, local, planned } = setUp();
    openai.cannotCarry("options.top_k");
    local.cannotCarry("logit_bias");
    expect(planned(["openai", "local"], chatRequest("hello"))).toEqual({
      ok: false,
      error: denial("request.untranslatable_field", "options.top_k", "openai"),
    });
  });

  test("never opens a zone that is forbidden", () => {
    const { local, planned } = setUp();
    local.cannotCarry("logit_bias");
    expect(planned(["local", "openai"], chatRequest("hello"), ["cloud"])).toEqual({
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
    const providers = new Map([
      ["local", local.provider],
      ["openai", openai.provider],
    ]);
    const active = activeOf(policy(["openai"]), providers);
    expect(providerOfWish(readModelName(name, "native", active), active)).toBe(expected);
  });
});

describe("readModelName", () => {
  const providers = new Map([
    ["local", fakeProvider("local").provider],
    ["openai", fakeProvider("openai").provider],
  ]);
  const active = activeOf(policy(["openai"]), providers);

  test.each([
    ["ollama_chat", "openai/gpt-4o:latest", { provider: "openai", model: "gpt-4o" }],
    ["ollama_chat", "openai/ft:gpt-4o:acme", { provider: "openai", model: "ft:gpt-4o:acme" }],
    ["ollama_chat", "local/llama3.2:latest", { provider: "local", model: "llama3.2:latest" }],
    ["ollama_chat", "gpt-4o:latest", { provider: null, model: "gpt-4o:latest" }],
    ["openai_chat", "openai/gpt-4o:latest", { provider: "openai", model: "gpt-4o:latest" }],
  ] as const)("on %s takes off only a tag that Ollama's clients add: %s", (surface, name, wish) => {
    expect<unknown>(readModelName(name, surface, active)).toEqual(wish);
  });
});
