import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NO_SAMPLING } from "../../../src/core/chat.ts";
import { FINDING_GROUPS, type Finding } from "../../../src/core/finding.ts";
import { codePointCount } from "../../../src/core/text.ts";
import { extractFeatures } from "../../../src/policy/features.ts";
import { chatRequest, requestOf } from "../../support/deps.ts";

const finding = (code: string): Finding => ({ code, path: "/messages/0/content", view: "raw", count: 1 });

const PLAIN = {
  sensitiveKeyword: false,
  sensitiveData: false,
  budgetExceeded: false,
  opaque: false,
  task: "chat",
  promptLength: 0,
  wishedProvider: null,
} as const;

describe("extractFeatures", () => {
  test("counts the characters of all messages, a surrogate pair as one", () => {
    const messages = [
      { role: "system" as const, content: "ab" },
      { role: "user" as const, content: "👋é" },
    ];
    expect(extractFeatures(chatRequest("", { messages }), [], null)).toEqual({ ...PLAIN, promptLength: 4 });
  });

  test("holds no text", () => {
    const features = extractFeatures(chatRequest("hush"), [finding("keyword")], null);
    expect(features).toEqual({ ...PLAIN, sensitiveKeyword: true, promptLength: 4 });
  });

  test.each([
    ["keyword", "sensitiveKeyword"],
    ["pii.email", "sensitiveData"],
    ["pii.national_id.pl", "sensitiveData"],
    ["secret.private_key", "sensitiveData"],
    ["marker.classification", "sensitiveData"],
    ["evasion.zero_width", "sensitiveData"],
    ["pattern.employee_number", "sensitiveData"],
    ["scan.budget_exceeded", "budgetExceeded"],
    ["scan.opaque_part", "opaque"],
  ] as const)("says of a finding %s that the request is %s, and nothing else", (code, feature) => {
    expect(extractFeatures(chatRequest(""), [finding(code)], null)).toEqual({ ...PLAIN, [feature]: true });
  });

  test("lets no finding pass for nothing, whatever else its group will come to hold", () => {
    for (const group of FINDING_GROUPS.filter((name) => name !== "keyword")) {
      const { sensitiveData, budgetExceeded } = extractFeatures(chatRequest(""), [finding(`${group}.new`)], null);
      expect([group, sensitiveData || budgetExceeded]).toEqual([group, true]);
    }
    expect(() => extractFeatures(chatRequest(""), [finding("unheard.of")], null)).toThrow();
  });

  test("says who has the model wished for", () => {
    expect(extractFeatures(chatRequest(""), [], "openai")).toEqual({ ...PLAIN, wishedProvider: "openai" });
  });

  test.each([
    ["completion", { kind: "completion", prompt: "abc", suffix: null, sampling: NO_SAMPLING }, 3],
    ["completion", { kind: "completion", prompt: "abc", suffix: "de", sampling: NO_SAMPLING }, 5],
    ["embedding", { kind: "embedding", inputs: ["ab", "👋"], dimensions: null }, 3],
  ] as const)("counts all texts of a %s", (kind, task, promptLength) => {
    expect(extractFeatures(requestOf(task, {}), [], null)).toEqual({ ...PLAIN, task: kind, promptLength });
  });

  test("counts as the iterator of strings does", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(codePointCount(text)).toBe([...text].length);
      }),
    );
  });
});
