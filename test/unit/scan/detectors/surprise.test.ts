import { describe, expect, test } from "bun:test";
import { credentialStrength } from "../../../../src/scan/detectors/credential-value.ts";
import { surpriseOf } from "../../../../src/scan/detectors/surprise.ts";

describe("the surprise of a value", () => {
  test.each([
    "password",
    "your-api-key",
    "MY_SECRET_TOKEN",
    "changeme",
    "xxxxxxxx",
    "abcdefghijkl",
    "1234567890",
    "99999999",
  ])("is next to nothing for %s", (value) => {
    expect(surpriseOf(value)).toBeLessThan(7);
  });

  test("is greater for random letters than for as many of words, and for letters and digits greater still", () => {
    const [words, letters, both] = ["getUserFromRequest", "qgsnaixokrwjzpvbhd", "q7snai4okr1jzp9bh2"].map(surpriseOf);
    expect(letters).toBeGreaterThan(2 * (words ?? 0));
    expect(both).toBeGreaterThan(2 * (words ?? 0));
  });

  test("does not come from brackets around a word", () => {
    expect(credentialStrength("<tiger>", true, 1)).toBe("weak");
    expect(credentialStrength("{k3x9q7w2z8}", true, 1)).toBe("medium");
  });
});
