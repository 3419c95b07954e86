import { describe, expect, test } from "bun:test";
import type { Finding } from "../../../src/core/finding.ts";
import { caseFaults, featuresOfCase, runCases } from "../../../src/policy/cases.ts";
import type { TestBody } from "../../../src/policy/document.ts";
import type { Position } from "../../../src/policy/fault.ts";
import { PLAIN_FEATURES, policyOf } from "../../support/policy.ts";

type Given = TestBody["given"];

const nothing = (): readonly Finding[] => [];
const finds =
  (...codes: string[]) =>
  (): readonly Finding[] =>
    codes.map((code) => ({ code, path: "/text", view: "raw" as const, count: 1 }));

/** Counts tokens, as a policy does that asks for them. */
const counting = policyOf({
  rules: [{ id: "long", when: { prompt_tokens: { at_least: 1_000 } }, route: ["local"], reason: "long" }],
});
const given = (body: Given, scanText = nothing) => featuresOfCase(counting, body, scanText);

describe("what a test supposes of a request", () => {
  test("is a short, plain chat unless it says otherwise", () => {
    expect(given({})).toEqual(PLAIN_FEATURES);
  });

  test("is what it says", () => {
    const said: Given = {
      signals: ["sensitive"],
      prompt_chars: 7,
      prompt_tokens: 9,
      max_output_tokens: 11,
      message_count: 3,
      surface: "openai_chat",
      task: "chat",
      stream: true,
      has_tools: true,
      opaque_content: true,
      scan_incomplete: true,
    };
    expect(given(said)).toEqual({
      ...PLAIN_FEATURES,
      signals: ["sensitive"],
      promptChars: 7,
      promptTokens: 9,
      maxOutputTokens: 11,
      messageCount: 3,
      surface: "openai_chat",
      streamed: true,
      hasTools: true,
      opaqueContent: true,
      scanIncomplete: true,
    });
  });

  test("scans and counts its text as a message, beside what it says itself", () => {
    const text = "x ".repeat(500);
    const read = given({ text, signals: ["sensitive"] }, finds("pii.email"));
    expect(read.signals).toEqual(["personal", "sensitive"]);
    expect(read.promptChars).toBe(1_000);
    expect(read.promptTokens ?? 0).toBeGreaterThan(400);
    expect(given({ text, prompt_chars: 5, prompt_tokens: 6 })).toMatchObject({ promptChars: 5, promptTokens: 6 });
  });

  test("is not scanned where there is no text", () => {
    expect(given({ prompt_chars: 5_000 }, finds("pii.email")).signals).toEqual([]);
  });

  test("is what the scanner says of a text that it cannot read through", () => {
    expect(given({ text: "x" }, finds("scan.budget_exceeded"))).toMatchObject({ scanIncomplete: true });
    expect(given({ text: "x", scan_incomplete: false }, finds("scan.budget_exceeded"))).toMatchObject({
      scanIncomplete: false,
    });
  });

  test("has as many tokens as go with its characters, and the other way round", () => {
    expect(given({ prompt_chars: 4_001 })).toMatchObject({ promptChars: 4_001, promptTokens: 1_001 });
    expect(given({ prompt_tokens: 1_000 })).toMatchObject({ promptChars: 4_000, promptTokens: 1_000 });
    expect(given({ prompt_chars: 0 })).toMatchObject({ promptChars: 0, promptTokens: 0 });
  });

  test("has no tokens where the policy asks for none, as a request has none", () => {
    expect(featuresOfCase(policyOf(), { prompt_tokens: 5 }, nothing).promptTokens).toBeNull();
  });

  test("has content that nobody can read where it has images, unless it says otherwise", () => {
    expect(given({ has_images: true })).toMatchObject({ hasImages: true, opaqueContent: true });
    expect(given({ has_images: true, opaque_content: false })).toMatchObject({ hasImages: true, opaqueContent: false });
  });

  test("has the surface of its task, and the task of its surface", () => {
    expect(given({ task: "embedding" }).surface).toBe("openai_embeddings");
    expect(given({ task: "completion" }).surface).toBe("openai_completions");
    expect(given({ surface: "ollama_embed" }).task).toBe("embedding");
    expect(given({ surface: "openai_completions" }).task).toBe("completion");
    expect(given({ surface: "ollama_generate" }).task).toBe("chat");
    expect(given({ surface: "openai_chat", task: "embedding" })).toMatchObject({
      surface: "openai_chat",
      task: "embedding",
    });
  });
});

describe("the model that a test wishes for", () => {
  const wish = (body: Given, policy = counting) => {
    const { wish, model, requestedProvider, offeredBy } = featuresOfCase(policy, body, nothing);
    return [wish, model, requestedProvider, offeredBy];
  };

  test("is left to policy by auto", () => {
    expect(wish({ model: "auto" })).toEqual(["auto", null, null, []]);
  });

  test("is had by whom the policy says, local ones first", () => {
    expect(wish({ model: "gpt-4o-mini" })).toEqual(["known", "gpt-4o-mini", "cloud", ["cloud"]]);
    expect(wish({ model: "llama3.1" })).toEqual(["known", "llama3.1", "local", ["local"]]);
  });

  test("is had by a provider that declares no models and is not local, though nobody knows it is", () => {
    expect(wish({ model: "o9" })).toEqual(["known", "o9", null, ["cloud"]]);
  });

  test("is had by nobody who declares other models", () => {
    const policy = policyOf({
      providers: {
        cloud: {
          kind: "openai",
          zone: "cloud",
          base_url: "https://api.example.com/v1",
          default_model: "gpt-4o-mini",
          models: { "gpt-4o": {} },
          wishes: { best: "gpt-4o" },
        },
      },
    });
    expect(wish({ model: "o9" }, policy)).toEqual(["other", null, null, []]);
    expect(wish({ model: "gpt-4o" }, policy)).toEqual(["known", "gpt-4o", "cloud", ["cloud"]]);
    expect(wish({ model: "best" }, policy)).toEqual(["known", "best", "cloud", ["cloud"]]);
  });

  test("is asked of the provider that it names, in either way", () => {
    expect(wish({ model: "cloud/o9" })).toEqual(["known", "o9", "cloud", ["cloud"]]);
    expect(wish({ model: "o9", requested_provider: "local" })).toEqual(["other", null, "local", []]);
    expect(wish({ requested_provider: "cloud" })).toEqual(["auto", null, "cloud", []]);
  });

  test("is had by whom the test says", () => {
    expect(wish({ model: "o9", offered_by: ["local"] })).toEqual(["known", "o9", "local", ["local"]]);
    expect(wish({ model: "o9", offered_by: ["local", "cloud"] })).toEqual(["known", "o9", "local", ["cloud", "local"]]);
    expect(wish({ model: "o9", offered_by: [] })).toEqual(["other", null, null, []]);
  });

  test("to embed with is had by an Ollama server, which has no other one instead", () => {
    expect(wish({ model: "bge-m3", task: "embedding" })).toEqual(["known", "bge-m3", null, ["cloud", "local"]]);
  });
});

describe("the tests of a policy", () => {
  const policy = policyOf({
    constraints: [
      { id: "pii", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "personal_data" },
      { id: "secrets", when: { signal: "sensitive" }, forbid: { zones: ["cloud", "local"] }, reason: "secret" },
    ],
    rules: [
      { id: "pictures", when: { has_images: true }, deny: true, reason: "no_pictures" },
      { id: "both", when: { stream: true }, route: ["cloud", "local"], reason: "streamed" },
    ],
  });
  const run = (test: Omit<TestBody, "name">) => {
    const [result] = runCases(policy, [{ name: "one", ...test }], nothing);
    return result?.mismatches.map(({ field, expected, got }) => `${field}: ${expected} / ${got}`);
  };

  test("pass where all that they expect is so", () => {
    const streamed: Given = { stream: true };
    expect(
      run({
        given: { ...streamed, signals: ["personal"] },
        expect: { route: ["local"], model: "llama3.1", rule: "both", reason: "personal_data", constraints: ["pii"] },
      }),
    ).toEqual([]);
    expect(
      run({ given: streamed, expect: { route: ["cloud", "local"], model: "gpt-4o-mini", constraints: [] } }),
    ).toEqual([]);
    expect(
      run({ given: { has_images: true, opaque_content: false }, expect: { deny: true, reason: "no_pictures" } }),
    ).toEqual([]);
    expect(run({ given: { signals: ["personal"] }, expect: { deny: true, rule: "default" } })).toEqual([]);
  });

  test("take constraints in any order, and a route only in its own", () => {
    const all: Given = { stream: true, signals: ["personal", "sensitive"] };
    expect(run({ given: all, expect: { constraints: ["secrets", "pii"] } })).toEqual([]);
    expect(run({ given: { stream: true }, expect: { route: ["local", "cloud"] } })).toEqual([
      "route: local, cloud / cloud, local",
    ]);
  });

  test("say of each field what was expected and what came", () => {
    expect(
      run({
        given: { stream: true },
        expect: { route: ["cloud"], deny: true, model: "o9", rule: "default", reason: "cheap", constraints: ["pii"] },
      }),
    ).toEqual([
      "route: cloud / cloud, local",
      "deny: true / the route cloud, local",
      "model: o9 / gpt-4o-mini",
      "rule: default / both",
      "reason: cheap / streamed",
      "constraints: pii / none",
    ]);
    expect(
      run({ given: { signals: ["personal"] }, expect: { route: ["local"], model: "x", constraints: [] } }),
    ).toEqual([
      "route: local / denied (policy.no_compliant_route)",
      "model: x / denied (policy.no_compliant_route)",
      "constraints: none / pii",
    ]);
  });

  test("are told with their place in the file", () => {
    const results = runCases(
      policy,
      [
        { name: "good", given: {}, expect: { route: ["cloud"] } },
        { name: "bad", given: {}, expect: { route: ["local"], rule: "both" } },
      ],
      nothing,
    );
    expect(results.map(({ index, name, passed }) => [index, name, passed])).toEqual([
      [0, "good", true],
      [1, "bad", false],
    ]);
    const position: Position = { line: 7, column: 3, length: 5 };
    expect(caseFaults(results, () => position)).toEqual([
      {
        severity: "error",
        code: "test_failed",
        message: 'Test "bad" fails: expected route local, got cloud.',
        path: "/tests/1/expect/route",
        position,
        suggestion: null,
      },
      {
        severity: "error",
        code: "test_failed",
        message: 'Test "bad" fails: expected rule both, got default.',
        path: "/tests/1/expect/rule",
        position,
        suggestion: null,
      },
    ]);
  });
});
