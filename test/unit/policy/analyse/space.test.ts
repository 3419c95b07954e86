import { describe, expect, test } from "bun:test";
import { elementClasses } from "../../../../src/policy/analyse/elements.ts";
import { FORMS } from "../../../../src/policy/analyse/forms.ts";
import { placed, spaceOf } from "../../../../src/policy/analyse/space.ts";
import type { PolicyDocument } from "../../../../src/policy/document.ts";
import { PLAIN_DOCUMENT, policyOf } from "../../../support/policy.ts";

const { cloud } = PLAIN_DOCUMENT.providers;
if (cloud === undefined) throw new Error("the plain document has it");

const classesOf = (...signals: readonly NonNullable<PolicyDocument["signals"]>[]) =>
  elementClasses(signals.map((one) => policyOf({ signals: one }))).map((found) => found.signals);

describe("forms of requests", () => {
  test("are those that the surfaces can make", () => {
    const having = (isMeant: (form: (typeof FORMS)[number]) => boolean) => [
      ...new Set(FORMS.filter(isMeant).map(({ surface }) => surface)),
    ];
    expect(having(({ task }) => task === "embedding")).toEqual([
      "openai_embeddings",
      "ollama_embed",
      "ollama_embeddings",
    ]);
    expect(having(({ task }) => task === "completion")).toEqual(["openai_completions"]);
    expect(having(({ hasTools }) => hasTools)).toEqual([
      "openai_chat",
      "openai_responses",
      "ollama_chat",
      "ollama_generate",
    ]);
    expect(having(({ task, streamed }) => task === "embedding" && streamed)).toEqual([]);
    expect(having(({ content }) => content === "image")).not.toContain("native");
  });
});

describe("what signals look for", () => {
  test("is one class where the same signals look for it", () => {
    expect(classesOf({ words: { keywords: ["a", "b", "c"] } })).toEqual([[["words"]]]);
  });

  test("words are shared whatever their case and the space around them", () => {
    expect(classesOf({ one: { keywords: ["A "] }, other: { keywords: [" a"] } })).toEqual([[["one", "other"]]]);
  });

  test("a group has its codes, and the words and patterns of all signals where it is theirs", () => {
    const pattern = { id: "case_number", pattern: "C-\\d+", keywords: ["case"] };
    expect(classesOf({ group: { groups: ["pii"] }, code: { detectors: ["pii.email"] } })).toEqual([
      [["code", "group"]],
      [["group"]],
    ]);
    expect(classesOf({ all: { groups: ["keyword"] }, words: { keywords: ["a"] } })).toEqual([[["all", "words"]]]);
    expect(classesOf({ all: { groups: ["pattern"] }, one: { patterns: [pattern] } })).toEqual([[["all", "one"]]]);
    expect(classesOf({ named: { detectors: ["pattern.case_number"] }, one: { patterns: [pattern] } })).toEqual([
      [["named", "one"]],
    ]);
  });

  test("of two policies is shared as far as it is the same", () => {
    expect(classesOf({ words: { keywords: ["a", "b"] } }, { words: { keywords: ["b", "c"] } })).toEqual([
      [["words"], ["words"]],
      [["words"], []],
      [[], ["words"]],
    ]);
  });

  test("a pattern that is too weak to be reported is never found", () => {
    const signals = { one: { patterns: [{ id: "p", pattern: "p", keywords: ["key"], strength: "medium" as const }] } };
    const classes = (scan: PolicyDocument["scan"]) =>
      elementClasses([policyOf({ signals, ...(scan === undefined ? {} : { scan }) })]).length;
    expect([classes(undefined), classes({ threshold: "weak" }), classes({ threshold: "strong" })]).toEqual([1, 1, 0]);
  });
});

describe("what a provider can be asked for", () => {
  const offeredUnder = (now: Partial<PolicyDocument>) =>
    placed(spaceOf([policyOf(), policyOf(now)]), "offered").map(({ dimension: { provider, side } }) => [
      provider,
      side,
    ]);
  const withCloud = (change: object) => ({
    providers: { ...PLAIN_DOCUMENT.providers, cloud: { ...cloud, ...change } },
  });

  test("is the same under two policies where both ask the same server for the same model", () => {
    expect(offeredUnder({ version: 2 })).toEqual([
      ["cloud", 0],
      ["local", 0],
    ]);
  });

  test("is not where the server is another, or the name that it knows the model by", () => {
    expect(offeredUnder(withCloud({ base_url: "https://elsewhere.example.com/v1" }))).toContainEqual(["cloud", 1]);
    expect(offeredUnder(withCloud({ wishes: { "gpt-4": "gpt-4o" } }))).toContainEqual(["cloud", 1]);
  });
});
