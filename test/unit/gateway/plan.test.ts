import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import type { Decision, ProviderId } from "../../../src/core/decision.ts";
import { plan } from "../../../src/gateway/plan.ts";
import { fakeProvider } from "../../support/fake-provider.ts";

function setUp() {
  const local = fakeProvider("local");
  const openai = fakeProvider("openai");
  local.models.set("llama:8b", "yes");
  local.models.set("alias", "remote");
  openai.models.set("gpt", "yes");
  const providers = { local: local.provider, openai: openai.provider };
  const modelFor = (route: ProviderId, wish: string | null) => {
    const planned = plan(decision(route), wish, providers);
    return planned.ok ? planned.value[0].model : planned.error;
  };
  return { local, openai, providers, modelFor };
}

const decision = (...route: [ProviderId, ...ProviderId[]]): Decision => ({
  route,
  forbiddenZones: [],
  reasonCodes: ["default"],
});

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

  test("never gives a local server a name that it does not list", () => {
    const { local, modelFor } = setUp();
    local.listsNothing();
    expect(modelFor("local", "gpt")).toBe("local-default");
  });

  test.each(["gpt-oss:120b-cloud", "kimi-k2:cloud", "x:CLOUD", "alias"])("denies %s wherever it would go", (wish) => {
    const { modelFor } = setUp();
    expect(modelFor("local", wish)).toBe("policy.cloud_model_refused");
    expect(modelFor("openai", wish)).toBe("policy.cloud_model_refused");
  });

  test.each(["vendor-cloud", "alias"])("takes %s for the cloud provider's own where that lists it", (wish) => {
    const { openai, modelFor } = setUp();
    openai.models.set(wish, "yes");
    expect(modelFor("openai", wish)).toBe(wish);
    expect(modelFor("local", wish)).toBe("local-default");
  });

  test("leaves out what is in a forbidden zone, and denies when nothing is left", () => {
    const { providers } = setUp();
    const mixed = plan({ ...decision("openai", "local"), forbiddenZones: ["cloud"] }, null, providers);
    expect(mixed.ok && mixed.value.map((target) => target.provider)).toEqual(["local"]);
    const none = plan({ ...decision("openai"), forbiddenZones: ["cloud"] }, null, providers);
    expect(none).toEqual({ ok: false, error: "policy.no_compliant_route" });
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
});
