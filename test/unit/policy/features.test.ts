import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { codePointCount } from "../../../src/core/text.ts";
import { extractFeatures } from "../../../src/policy/features.ts";
import { chatRequest } from "../../support/deps.ts";

describe("extractFeatures", () => {
  test("counts the characters of all messages, a surrogate pair as one", () => {
    const messages = [
      { role: "system" as const, content: "ab" },
      { role: "user" as const, content: "👋é" },
    ];
    expect(extractFeatures(chatRequest("", { messages }), [])).toEqual({
      sensitiveKeyword: false,
      unscannable: false,
      promptLength: 4,
    });
  });

  test("holds no text", () => {
    const features = extractFeatures(chatRequest("hush"), [{ code: "keyword", path: "/messages/0/content" }]);
    expect(features).toEqual({ sensitiveKeyword: true, unscannable: false, promptLength: 4 });
  });

  test("counts as the iterator of strings does", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(codePointCount(text)).toBe([...text].length);
      }),
    );
  });
});
