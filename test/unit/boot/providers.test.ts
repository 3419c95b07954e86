import { describe, expect, test } from "bun:test";
import { createProvider } from "../../../src/boot/providers.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { chatRequest } from "../../support/deps.ts";
import { fakeTransport } from "../../support/fake-transport.ts";
import { documentOf } from "../../support/policy.ts";
import { target } from "../../support/target.ts";

type Definition = PolicyDocument["providers"][string];

const GPU: Definition = { kind: "openai", zone: "local", base_url: "http://gpu.lan:8080/v1/", default_model: "m" };

function setUp(definition: Partial<Definition>, environment: Readonly<Record<string, string>> = {}) {
  const document = { ...documentOf(), providers: { gpu: { ...GPU, ...definition } } };
  const fake = fakeTransport({ "gpu.lan": ["203.0.113.9"] }, async () => {
    await Bun.sleep(20);
    return Response.json({ data: [{ id: "m" }], models: [{ name: "m" }] });
  });
  return { ...fake, provider: createProvider("gpu", document, environment, "file", fake.transport) };
}

describe("a provider that a policy defines", () => {
  test.each(["openai", "ollama"] as const)(
    "may be at the addresses that it allows, and at no other: %s",
    async (kind) => {
      const cases: readonly (readonly [Partial<Definition>, "up" | "down"])[] = [
        [{}, "down"],
        [{ allowed_addresses: ["203.0.112.0/24"] }, "down"],
        [{ allowed_addresses: ["203.0.113.0/24"] }, "up"],
        [{ allowed_addresses: "any" }, "up"],
      ];
      for (const [allowed, status] of cases) {
        const { provider, sent } = setUp({ kind, ...allowed });
        expect([(await provider.check(0)).status, sent.length]).toEqual([status, status === "up" ? 1 : 0]);
      }
    },
  );

  test.each([
    [{}, 1],
    [{ https_proxy: "http://proxy:3128" }, 0],
    [{ HTTP_PROXY: "http://proxy:3128" }, 0],
    [{ HTTP_PROXY: " " }, 1],
  ] as const)("is dialled beside a slow call where %p puts no proxy in between", async (environment, dials) => {
    const { provider, dialled } = setUp({ zone: "cloud" }, environment);
    const signal = AbortSignal.timeout(5_000);
    const limits = { connectTimeoutMs: 10 };
    await Array.fromAsync(provider.answer(target("openai", "m"), chatRequest("hello"), signal, limits));
    expect(dialled).toHaveLength(dials);
  });
});
