import { describe, expect, test } from "bun:test";
import {
  isModelName,
  isOllamaCloudName,
  parseModelWish,
  reportedModel,
  wishOf,
  withOllamaTag,
} from "../../../src/core/models.ts";

const PROVIDERS = ["local", "openai"];

describe("parseModelWish", () => {
  test.each([
    ["gpt", { provider: null, model: "gpt" }],
    ["auto:8b", { provider: null, model: "auto:8b" }],
    ["AUTO", { provider: null, model: "AUTO" }],
    ["openai/gpt", { provider: "openai", model: "gpt" }],
    ["local/llama:8b", { provider: "local", model: "llama:8b" }],
    ["openai/auto", { provider: "openai", model: "auto" }],
    ["openai/vendor/model", { provider: "openai", model: "vendor/model" }],
    ["openai/openai/model", { provider: "openai", model: "openai/model" }],
    ["vendor/model", { provider: null, model: "vendor/model" }],
    ["openai", { provider: null, model: "openai" }],
    ["openai/", { provider: null, model: "openai/" }],
    ["OpenAI/gpt", { provider: null, model: "OpenAI/gpt" }],
    ["openaix/gpt", { provider: null, model: "openaix/gpt" }],
  ] as const)("of %s is %j", (name, wish) => {
    expect(parseModelWish(name, PROVIDERS)).toEqual(wish);
  });

  test("knows no provider but those it is given", () => {
    expect(parseModelWish("openai/gpt", ["local"])).toEqual({ provider: null, model: "openai/gpt" });
    expect(parseModelWish("eu/gpt", ["eu"])).toEqual({ provider: "eu", model: "gpt" });
  });
});

test.each([
  ["auto", null],
  ["auto:latest", null],
  [null, null],
  [undefined, null],
  ["auto:8b", "auto:8b"],
  ["openai/auto", "openai/auto"],
])("of the model %p the wish is %p", (name, wish) => {
  expect(wishOf(name)).toBe(wish);
});

describe("the name of a model", () => {
  test.each(["m", "gpt-5.4-mini", "llama3:8b", "hf.co/org/repo:Q4_K_M", "a@b+c", `a${"b".repeat(127)}`])(
    "%s is one",
    (name) => {
      expect(isModelName(name)).toBe(true);
    },
  );

  test.each(["", " m", "m ", "a b", "-m", "/m", "é", "m\n", "a\u0000", `a${"b".repeat(128)}`])("%j is none", (name) => {
    expect(isModelName(name)).toBe(false);
  });

  test("that a provider reports is taken only if it is one", () => {
    expect([
      reportedModel("gpt-2026", "gpt"),
      reportedModel("private words", "gpt"),
      reportedModel(undefined, "gpt"),
    ]).toEqual(["gpt-2026", "gpt", "gpt"]);
  });

  test.each([
    ["m", "m:latest"],
    ["m:8b", "m:8b"],
    ["host:5000/m", "host:5000/m:latest"],
    ["org/m:8b", "org/m:8b"],
  ])("%s is %s to Ollama", (name, tagged) => {
    expect(withOllamaTag(name)).toBe(tagged);
  });

  test.each([
    ["gpt-oss:120b-cloud", true],
    ["kimi:cloud", true],
    ["x-CLOUD ", true],
    ["cloud", false],
    ["cloudy:8b", false],
    ["x:cloud-8b", false],
  ])("%s means a hosted service of Ollama's: %p", (name, hosted) => {
    expect(isOllamaCloudName(name)).toBe(hosted);
  });
});
