import { describe, expect, test } from "bun:test";
import { DEFAULT_BREAKER, NO_ATTEMPT_LIMITS } from "../../../src/core/attempts.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { compilePolicy, compileStored } from "../../../src/policy/compile.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { policyHash, storedForm } from "../../../src/policy/identity.ts";
import { asDatabase } from "../../support/decide-properties.ts";
import { documentOf } from "../../support/policy.ts";

const FULL: PolicyDocument = documentOf({
  description: "for people",
  labels: { team: ["red", "blue"] },
  signals: {
    words: { description: "for people", keywords: ["alpha word", "beta word"], groups: ["pii"] },
    shapes: {
      detectors: ["secret.aws_access_key"],
      patterns: [{ id: "ticket", pattern: "TICKET-[0-9]+", keywords: ["ticket word"], strength: "strong" }],
    },
  },
  constraints: [
    { id: "keep", description: "for people", when: { signal: "words" }, forbid: { zones: ["cloud"] }, reason: "kept" },
  ],
  rules: [{ id: "short", description: "for people", when: { stream: true }, route: ["local"], reason: "short" }],
  shadow: [{ id: "watched", description: "for people", deny: true, reason: "watched" }],
  default: { description: "for people", route: ["cloud", "local"], reason: "default" },
  tests: [{ name: "for people", given: { text: "some text" }, expect: { rule: "default" } }],
});

const ofWords = (keywords: string[]): PolicyDocument => ({
  ...FULL,
  signals: { ...FULL.signals, words: { ...FULL.signals?.["words"], keywords } },
});

describe("the hash of a policy", () => {
  const hash = policyHash(FULL);

  test("is a SHA-256, and what the compiled policy says", () => {
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(compilePolicy(FULL).hash).toBe(hash);
  });

  test.each<[string, PolicyDocument]>([
    ["the order of keys", asDatabase(FULL)],
    ["the order of keywords", ofWords(["beta word", "alpha word"])],
    ["its description", { ...FULL, description: "other words" }],
    ["its tests", { ...FULL, tests: [] }],
    [
      "a rule's description",
      { ...FULL, rules: [{ id: "short", when: { stream: true }, route: ["local"], reason: "short" }] },
    ],
    ["the default's description", { ...FULL, default: { route: ["cloud", "local"], reason: "default" } }],
  ])("does not depend on %s", (_, document) => {
    expect(policyHash(document)).toBe(hash);
  });

  test.each<[string, PolicyDocument]>([
    ["the name", { ...FULL, name: "other" }],
    ["the version", { ...FULL, version: 2 }],
    ["a keyword", ofWords(["alpha word", "gamma word"])],
    ["a keyword more", ofWords(["alpha word", "beta word", "gamma word"])],
    ["what is opaque", { ...FULL, scan: { opaque_content: "allowed" } }],
    ["a label's values", { ...FULL, labels: { team: ["red"] } }],
    ["a price", { ...FULL, prices: { cloud: { "gpt-4o-mini": { input: 1, output: 1 } } } }],
    ["a default model", withLocal({ default_model: "other" })],
    ["an address", withLocal({ base_url: "http://127.0.0.1:1" })],
    ["a zone", withLocal({ zone: "eu" })],
    ["where a name may lead", withLocal({ allowed_addresses: ["192.0.2.0/24"] })],
    ["a provider's attempts", withLocal({ attempts: { retries: 1 } })],
    ["a breaker", withLocal({ breaker: { open_seconds: 5 } })],
    ["how many calls may be under way", withLocal({ max_concurrency: 1 })],
    [
      "a rule's attempts",
      { ...FULL, default: { route: ["cloud", "local"], reason: "default", attempts: { deadline_seconds: 9 } } },
    ],
    ["limits", { ...FULL, limits: { max_output_tokens: 5 } }],
    ["the order of a route", { ...FULL, default: { route: ["local", "cloud"], reason: "default" } }],
    ["a reason", { ...FULL, default: { route: ["cloud", "local"], reason: "other" } }],
    [
      "a rule's condition",
      { ...FULL, rules: [{ id: "short", when: { stream: false }, route: ["local"], reason: "short" }] },
    ],
    ["a constraint less", { ...FULL, constraints: [] }],
    ["a shadow rule less", { ...FULL, shadow: [] }],
  ])("depends on %s", (_, document) => {
    expect(policyHash(document)).not.toBe(hash);
  });

  test.each(["pattern", "keywords", "strength"] as const)("depends on a pattern's %s", (field) => {
    const other = { pattern: "OTHER", keywords: ["other"], strength: "weak" as const }[field];
    const [pattern] = FULL.signals?.["shapes"]?.patterns ?? [];
    if (pattern === undefined) throw new Error("there is a pattern");
    const shapes = { ...FULL.signals?.["shapes"], patterns: [{ ...pattern, [field]: other }] };
    expect(policyHash({ ...FULL, signals: { ...FULL.signals, shapes } })).not.toBe(hash);
  });

  function withLocal(changed: Partial<PolicyDocument["providers"][string]>): PolicyDocument {
    const { local, ...others } = FULL.providers;
    if (local === undefined) throw new Error("there is a local provider");
    return { ...FULL, providers: { ...others, local: { ...local, ...changed } } };
  }
});

describe("a policy from before there were breakers", () => {
  /** Its hash was computed by the version before them. */
  const HASH = "sha256:aa9268eca2279ca2944eedf8d5252318d7ec8fb01b78b724f1ec86a45b7ebcc0";
  const OLD = {
    apiVersion: "policy-mesh/v1",
    name: "before",
    version: 4,
    providers: {
      local: { kind: "ollama", zone: "local", base_url: "http://127.0.0.1:11434", default_model: "llama3.1" },
      cloud: { kind: "openai", zone: "cloud", base_url: "https://api.example.com/v1", default_model: "gpt-4o-mini" },
    },
    default: { route: ["cloud"], reason: "default" },
    rules: [
      {
        id: "slow",
        route: ["local", "cloud"],
        reason: "slow",
        delivery: "whole",
        attempts: { timeout_seconds: 600, max_targets: 1 },
      },
    ],
  } satisfies JsonObject;

  test("keeps its hash, and compiles from its stored form", () => {
    const policy = compileStored(OLD);
    expect(policy.hash).toBe(HASH);
    expect(policy.rules[0]?.effects.attempts).toEqual({
      ...NO_ATTEMPT_LIMITS,
      deadlineMs: null,
      timeoutMs: 600_000,
      maxTargets: 1,
    });
    expect(policy.providers.map(({ breaker }) => breaker)).toEqual([DEFAULT_BREAKER, DEFAULT_BREAKER]);
  });
});

describe("what is stored of a policy", () => {
  test("holds no keyword, pattern, description or test", () => {
    const text = JSON.stringify(storedForm(FULL));
    for (const word of [" word", "TICKET", "people", "some text"]) expect(text).not.toContain(word);
    expect(text).toContain("ticket");
  });

  test("keeps models and labels that have the name of what is left out", () => {
    const [local] = Object.values(FULL.providers);
    if (local === undefined) throw new Error("there is a provider");
    const document = documentOf({
      labels: { description: ["tests"], tests: ["a"] },
      providers: { ...FULL.providers, local: { ...local, models: { description: {}, tests: {} } } },
      signals: { description: { keywords: ["x"] }, tests: { groups: ["pii"] } },
    });
    const stored = compileStored(storedForm(document));
    expect([...(stored.providers.find(({ id }) => id === "local")?.declared?.keys() ?? [])].toSorted()).toEqual([
      "description",
      "llama3.1",
      "nomic-embed-text",
      "tests",
    ]);
    expect(stored.labels).toEqual({ description: ["tests"], tests: ["a"] });
    expect(stored.signals.map(({ id }) => id)).toEqual(["description", "tests"]);
  });

  test("compiles to the same policy, but for the document", () => {
    const { document, ...policy } = compilePolicy(FULL);
    expect(compileStored(asDatabase(storedForm(FULL)))).toEqual(policy);
  });

  test("has all that is said of attempts, and reads it again", () => {
    const [local] = Object.values(FULL.providers);
    if (local === undefined) throw new Error("there is a provider");
    const document = documentOf({
      providers: {
        ...FULL.providers,
        local: {
          ...local,
          allowed_addresses: ["192.0.2.0/24"],
          attempts: { timeout_seconds: 5, retries: 0 },
          breaker: { failure_percent: 10 },
          max_concurrency: 3,
        },
      },
      default: { route: ["local"], reason: "default", attempts: { deadline_seconds: 60, retries: 1 } },
    });
    const { document: _, ...policy } = compilePolicy(document);
    expect(compileStored(asDatabase(storedForm(document)))).toEqual(policy);
    expect(storedForm(document).providers["local"]?.allowed_addresses).toEqual(["192.0.2.0/24"]);
  });

  test("has a digest for keywords that are no well-formed text", () => {
    expect(policyHash(ofWords(["\ud800"]))).not.toBe(policyHash(ofWords(["\udfff"])));
  });

  test.each([
    ["a document", { ...FULL }],
    ["nothing", {}],
    ["a stored form with something more", { ...storedForm(FULL), more: true }],
  ])("is not read from %s", (_, value) => {
    expect(() => compileStored(value)).toThrow("a stored policy is not in its stored form");
  });
});
