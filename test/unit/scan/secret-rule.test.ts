import { describe, expect, test } from "bun:test";
import { type SecretRule, secretRule } from "../../../src/scan/secret-rule.ts";

const RULE: SecretRule = {
  code: "secret.example_token",
  title: "A token.",
  source: "https://example.org/",
  literals: ["ex_"],
  pattern: "ex_([a-z0-9]{8})",
  minEntropy: 2.5,
  reach: 11,
};
const NEAR = () => true;
const FAR = () => false;
const look = (rule: SecretRule, text: string, at: number, near = FAR) => secretRule(rule).look(text, at, near);

describe("a rule for a secret", () => {
  test("matches its pattern where its literal stands", () => {
    expect(look(RULE, "my ex_a8f3k2m9!", 3)).toEqual({ code: RULE.code, start: 3, end: 14, strength: "strong" });
    expect(look(RULE, "my ex_a8f3k2m9!", 2)).toBeNull();
    expect(look(RULE, "my ex_a8f3k2m", 3)).toBeNull();
    expect(look(RULE, "my EX_a8f3k2m9", 3)).toBeNull();
  });

  test("asks its random part to be random", () => {
    expect(look(RULE, "ex_xxxxxxxx", 0)).toBeNull();
    expect(look(RULE, "ex_abababab", 0)).toBeNull();
    expect(look({ ...RULE, minEntropy: 3.1 }, "ex_a8f3k2m9", 0)).toBeNull();
    const whole = { ...RULE, pattern: "ex_[a-z0-9]{8}", minEntropy: 1.5 };
    expect(look(whole, "ex_xxxxxxxx", 0)).toBeNull();
    expect(look(whole, "ex_abababab", 0)).not.toBeNull();
  });

  test("does not begin in the middle of a word, unless it says so", () => {
    expect(look(RULE, "hex_a8f3k2m9", 1)).toBeNull();
    expect(look(RULE, "_ex_a8f3k2m9", 1)).not.toBeNull();
    expect(look({ ...RULE, inWord: true }, "hex_a8f3k2m9", 1)).toMatchObject({ start: 1 });
  });

  test("begins behind an escaped line end or tab, whose letter is no part of it", () => {
    for (const before of ["\\n", "\\r", "\\t"])
      expect(look(RULE, `${before}ex_a8f3k2m9`, 2)).toMatchObject({ start: 2 });
    expect(look(RULE, "\\dex_a8f3k2m9", 2)).toBeNull();
    expect(look(RULE, "nex_a8f3k2m9", 1)).toBeNull();
  });

  test("may begin before its literal, if the text does", () => {
    const behind = { ...RULE, pattern: "[0-9]{3}ex_([a-z0-9]{8})", behind: 3 };
    expect(look(behind, "a 123ex_a8f3k2m9", 5)).toMatchObject({ start: 2, end: 16 });
    expect(look(behind, "ex_a8f3k2m9", 0)).toBeNull();
    expect(look({ ...behind, pattern: "ex_([a-z0-9]{8})" }, "ex_a8f3k2m9", 0)).toBeNull();
    expect(look(behind, "a123ex_a8f3k2m9", 4)).toBeNull();
  });

  test("needs a word of context where it has some, near all of the match", () => {
    const contextual = { ...RULE, context: ["example"] };
    expect(look(contextual, "ex_a8f3k2m9", 0, FAR)).toBeNull();
    expect(look(contextual, "ex_a8f3k2m9", 0, NEAR)).not.toBeNull();
    const asked: number[][] = [];
    secretRule(contextual).look("a ex_a8f3k2m9", 2, (...place) => asked.push(place) > 0);
    expect(asked).toEqual([[2, 13]]);
    expect(secretRule(contextual).context).toEqual(["example"]);
    expect(secretRule(RULE).context).toBeUndefined();
  });

  test("is as strong as it says", () => {
    expect(look({ ...RULE, strength: "medium" }, "ex_a8f3k2m9", 0)).toMatchObject({ strength: "medium" });
  });

  test("describes itself as the detector that it is", () => {
    const { look: _, ...described } = secretRule(RULE);
    expect(described).toEqual({
      kind: "literal",
      atWordStart: true,
      codes: [RULE.code],
      title: RULE.title,
      sources: [RULE.source],
      literals: RULE.literals,
      reach: RULE.reach,
    });
  });
});
