import { describe, expect, test } from "bun:test";
import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { defaultPrice, fillPrices } from "../../../src/policy/price-table.ts";

const MILLION = 1_000_000;
const LATER = new Date("2100-01-01T12:00:00Z");

/** What the package itself computes for a million tokens of each, in micro-USD. */
function computed(model: string, providerId: string, tokens = MILLION) {
  const usage = { input_tokens: tokens, output_tokens: tokens };
  const price = calcPrice(usage, model, { providerId, timestamp: LATER });
  if (price === null) throw new Error(`the package does not know ${model}`);
  const { requests_kcount: perRequest = 0 } = price.model_price;
  if (perRequest !== 0) throw new Error(`${model} costs by the request, too`);
  const perMillion = (usd: number) => (usd * MILLION * MILLION) / tokens;
  return { input: perMillion(price.input_price), output: perMillion(price.output_price) };
}

describe("defaultPrice", () => {
  test.each([
    ["gpt-4o", "openai"],
    ["gpt-4o-mini", "openai"],
    ["gpt-4o-2024-08-06", "openai"],
    ["gpt-4.1-nano-2025-04-14", "openai"],
    ["o3", "openai"],
    ["gpt-5.5", "openai"],
    ["claude-sonnet-4-6", "anthropic"],
    ["gemini-2.5-flash", "google"],
    ["mistral-medium-latest", "mistral"],
  ])("of %s is what the package computes for a long prompt, as it is after all known changes", (model, provider) => {
    const price = defaultPrice(model);
    const { input, output } = computed(model, provider);
    expect(price?.input).toBeCloseTo(input, 0);
    expect(price?.output).toBeCloseTo(output, 0);
  });

  test("of an embedding has no output", () => {
    expect(defaultPrice("text-embedding-3-small")).toEqual({
      input: Math.round(computed("text-embedding-3-small", "openai").input),
      output: 0,
    });
  });

  test("tells dated variants apart, as the package does", () => {
    expect(defaultPrice("gpt-4o-2024-05-13")).not.toEqual(defaultPrice("gpt-4o-2024-11-20"));
    expect(defaultPrice("gpt-4o-2024-11-20")).toEqual(defaultPrice("gpt-4o"));
  });

  test.each(["llama3.2", "qwen3:8b", "m", "__proto__", "whisper-1", "my-moderation-model", "openai/gpt-4o"])(
    "of %s, which the table does not know or not by tokens, is none",
    (model) => {
      expect(defaultPrice(model)).toBeNull();
    },
  );

  test("is whole, and at no length or hour lower than what the package computes", async () => {
    const providers = (await waitForUpdate()) ?? [];
    const models = providers.find(({ id }) => id === "openai")?.models ?? [];
    expect(models.length).toBeGreaterThan(50);
    for (const { id } of models) {
      const price = defaultPrice(id);
      if (price === null) continue;
      expect(Number.isSafeInteger(price.input) && Number.isSafeInteger(price.output)).toBe(true);
      for (const tokens of [1_000, MILLION]) {
        const { input, output } = computed(id, "openai", tokens);
        expect([id, price.input + 0.001 >= input, price.output + 0.001 >= output]).toEqual([id, true, true]);
      }
    }
  });

  test("takes the dearer hours", () => {
    const at = (hour: string) =>
      calcPrice({ input_tokens: MILLION }, "deepseek-chat", { timestamp: new Date(`2026-01-01T${hour}:00:00Z`) });
    const prices = [at("02"), at("20")].map((price) => Math.round((price?.input_price ?? 0) * MILLION));
    expect(new Set(prices).size).toBe(2);
    expect(defaultPrice("deepseek-chat")?.input).toBe(Math.max(...prices));
  });

  test("is the same however often and after whatever else it is asked", () => {
    const first = defaultPrice("gpt-4o");
    for (let model = 0; model < 2_500; model++) defaultPrice(`unheard-of-${model}`);
    expect(defaultPrice("gpt-4o")).toEqual(first);
  });
});

const provider = (overrides: Partial<PolicyDocument["providers"][string]> = {}) => ({
  kind: "openai" as const,
  zone: "cloud",
  base_url: "https://api.example.com/v1",
  default_model: "gpt-4o-mini",
  ...overrides,
});

const document = (
  providers: PolicyDocument["providers"],
  prices?: NonNullable<PolicyDocument["prices"]>,
): PolicyDocument => ({
  apiVersion: "policy-mesh/v1",
  name: "priced",
  version: 1,
  providers,
  ...(prices === undefined ? {} : { prices }),
  default: { route: ["cloud"], reason: "default" },
});

const known = (model: string) => {
  const price = defaultPrice(model);
  if (price === null) throw new Error(`there is no price of ${model}`);
  return price;
};

describe("fillPrices", () => {
  test("prices all that a provider may be asked for by name and the table knows", () => {
    const cloud = provider({
      default_embedding_model: "text-embedding-3-small",
      models: { "gpt-4o": {}, "unheard-of": {} },
      wishes: { sonnet: "o3", fast: "gpt-4o" },
    });
    expect(fillPrices(document({ cloud })).prices).toEqual({
      cloud: {
        "gpt-4o": known("gpt-4o"),
        "gpt-4o-mini": known("gpt-4o-mini"),
        o3: known("o3"),
        "text-embedding-3-small": known("text-embedding-3-small"),
      },
    });
  });

  test("takes the price of who answers at an address, where the package knows them", () => {
    const model = "openai/gpt-oss-120b";
    const groq = provider({
      base_url: "https://api.groq.com/openai/v1",
      default_model: model,
      models: { "gpt-4o": {} },
    });
    const { input, output } = computed(model, "groq");
    expect(defaultPrice(model)).toBeNull();
    const prices = fillPrices(document({ groq })).prices?.["groq"];
    expect(prices?.[model]).toEqual({ input: Math.round(input), output: Math.round(output) });
    expect(prices?.["gpt-4o"]).toEqual(known("gpt-4o"));
  });

  test("leaves what the document says, and what it says of other models", () => {
    const own = { "gpt-4o-mini": { input: 1, output: 2 }, other: { input: 3, output: 4 } };
    const cloud = provider({ models: { o3: {} } });
    expect(fillPrices(document({ cloud }, { cloud: own })).prices).toEqual({ cloud: { ...own, o3: known("o3") } });
  });

  test("leaves providers in the local zone alone, and prices those of named zones", () => {
    const local = provider({ zone: "local" });
    const filled = fillPrices(document({ local, eu: provider({ zone: "eu" }), cloud: provider() }));
    expect(Object.keys(filled.prices ?? {})).toEqual(["eu", "cloud"]);
    expect(fillPrices(document({ local }, { local: { m: { input: 1, output: 1 } } })).prices).toEqual({
      local: { m: { input: 1, output: 1 } },
    });
  });

  test("leaves a document as it is that has nothing to be priced", () => {
    const given = document({ cloud: provider({ default_model: "unheard-of" }) });
    expect(fillPrices(given)).toBe(given);
  });

  test("fills the same whatever the order of the file, and nothing more the second time", () => {
    const models = { o3: {}, "gpt-4o": {}, "gpt-4.1": {} };
    const reversed = Object.fromEntries(Object.entries(models).toReversed());
    const one = fillPrices(document({ cloud: provider({ models }) }));
    expect(JSON.stringify(fillPrices(document({ cloud: provider({ models: reversed }) })).prices)).toBe(
      JSON.stringify(one.prices),
    );
    expect(fillPrices(one)).toEqual(one);
  });

  test("does not touch the document that it was given", () => {
    const given = document({ cloud: provider() }, { cloud: { other: { input: 1, output: 1 } } });
    const before = structuredClone(given);
    fillPrices(given);
    expect(given).toEqual(before);
  });

  test("takes no model or provider for what every object inherits", () => {
    const inherited = provider({ models: { constructor: {}, toString: {} } });
    expect(fillPrices(document({ constructor: inherited })).prices).toEqual({
      constructor: { "gpt-4o-mini": known("gpt-4o-mini") },
    });
  });
});
