import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BOUNDARY, Budget, CUT, MARGIN, NAME_END } from "../../../../src/scan/sheet.ts";
import { normalise } from "../../../../src/scan/views/normalise.ts";
import { cpuMsOf } from "../../../support/cpu-time.ts";

const UNITS = 1_000_000;
const read = (text: string) => normalise(text, new Budget(UNITS)) ?? text;
/** As the matcher compares: it takes no account of the case of ASCII letters. */
const compared = (text: string) => read(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase());

describe("a normalised reading", () => {
  test.each([
    ["ｐａｓｓｗｏｒｄ：１２３", "password:123"],
    ["𝐩𝒂𝓼𝔰 𝟜𝟏", "pass 41"],
    ["AKIA ＡＫＩＡ 𝐀𝐊", "AKIA AKIA AK"],
    ["café CAFÉ cafe\u0301", "cafe CAFE cafe"],
    ["s\u0301\u0323e\u0337\u0308c", "sec"],
    ["se\u200bcr\u2060et\ufeff so\u00adft", "secret soft"],
    ["a\u{e0100}b\u{e0041}c\ufe0fd", "abcd"],
    ["٠١٢ ४५६ ๗๘๙ 𞥐", "012 456 789 0"],
    ["1–2—3−4‐5", "1-2-3-4-5"],
    ["‘a’ “b” „c‟ «d»", '\'a\' "b" "c" "d"'],
    ["a\u00a0b\u3000c\u2009d", "a b c d"],
    ["a\nb\u0085c\u2028d", "a\nb\nc\nd"],
    ["a\u0007b\u001bc\u007fd\u0090e", "abcde"],
    ["Straße STRAẞE ﬁle", "Strasse STRAssE file"],
    ["ΟΔΟΣ οδος", "οδοσ οδοσ"],
    ["ПРИВЕТ Ёлка", "привет елка"],
    ["ﷺ", "صلى الله عليه وسلم"],
    ["한국".normalize("NFD"), "한국"],
    ["ﾊﾟｽﾜｰﾄﾞ か\u3099", "パスワード が"],
  ])("reads %j as %j", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    "plain text\twith\r\nlines",
    `name${NAME_END}${BOUNDARY}value${CUT}`,
    "人工智能是计算机科学的一个分支",
    "हिन्दी भाषा",
    "のプログラミングガイド",
    "모든 인간은",
    "привет мир",
    "",
  ])("is none of what reads the same: %j", (text) => {
    expect(normalise(text, new Budget(0))).toBeNull();
  });

  test("keeps vowel signs where they are part of a word, and drops them where they are ornaments", () => {
    expect(read("कि Ａ")).toBe("कि A");
    expect(read("pि\u093fa\u093fss")).toBe("pass");
  });

  test("takes every letter and all its forms as the same", () => {
    for (let codePoint = NAME_END.charCodeAt(0) + 1; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      // A mark whose capital is a letter: by itself it is a mark, and after a letter of Greek it is the letter.
      if (codePoint === 0x345) continue;
      const letter = String.fromCodePoint(codePoint);
      const folded = compared(letter);
      for (const form of [letter.toLowerCase(), letter.toUpperCase(), letter.normalize("NFKD"), folded]) {
        if (compared(form) !== folded) throw new Error(`U+${codePoint.toString(16)} is not as its form ${form}`);
      }
    }
  });

  test("keeps a margin around a change, and one cut for the rest", () => {
    const far = "x ".repeat(500);
    const reading = read(`${far}é${far}`);
    expect(reading.startsWith(CUT)).toBe(true);
    expect(reading.endsWith(CUT)).toBe(true);
    expect(reading).toContain(`${far.slice(-MARGIN)}e${far.slice(0, MARGIN)}`);
    expect(reading.length).toBeLessThan(2 * MARGIN + 6);
    expect(read(`é ${far}é`).split(CUT)).toHaveLength(2);
  });

  test("does not cut a word in two", () => {
    const word = "a".repeat(60);
    expect(read(`${"x ".repeat(200)}${word} ${"y".repeat(MARGIN - 30)} é`)).toContain(`${CUT}${word} y`);
  });

  test("does not cut a word in two after a change", () => {
    const word = "y".repeat(MARGIN + 20);
    expect(read(`é ${word} ${"x ".repeat(200)}`)).toBe(`e ${word}${CUT}`);
  });

  test("has no cut where nothing is left out", () => {
    const far = "x ".repeat(200);
    expect(read(`é${far}${BOUNDARY}${BOUNDARY}${far}é`)).toContain(`${CUT}${BOUNDARY}${BOUNDARY}${CUT}`);
  });

  test("keeps the boundaries of a sheet", () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constant("x ".repeat(200))));
    fc.assert(
      fc.property(texts, (parts) => {
        const sheet = parts.map((part) => part.replaceAll(BOUNDARY, "")).join(BOUNDARY);
        expect(read(sheet).split(BOUNDARY)).toHaveLength(sheet.split(BOUNDARY).length);
      }),
    );
  });

  test("stops where its budget is spent, and keeps the boundaries after that", () => {
    const budget = new Budget(1_000);
    const reading = normalise(`${"\ufdfa".repeat(10_000)}${BOUNDARY}end`, budget);
    expect(budget.exhausted).toBe(true);
    expect(reading?.split(BOUNDARY)).toHaveLength(2);
  });

  test.each(["\u0301\u0323", "\u3099", "ｶﾞ", "\ufdfa", "\u1112\u1161\u11ab", "e\u0301", "\u{1d400}"])(
    "takes no more than linear time for endless %j",
    (unit) => {
      const took = (count: number) => {
        const text = `x${unit.repeat(count)}`;
        return cpuMsOf(() => void normalise(text, new Budget(100 * UNITS)));
      };
      took(1_000);
      expect(took(200_000)).toBeLessThan(1_000);
    },
  );
});
