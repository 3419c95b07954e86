import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget, CUT, MARGIN } from "../../../../src/scan/sheet.ts";
import { joinLetters, joinLines } from "../../../../src/scan/views/join.ts";

const letters = (text: string) => joinLetters(text, new Budget(1_000_000));
const lines = (text: string) => joinLines(text, new Budget(1_000_000));

/** What may be a number with a letter or without is there twice. */
const MOST_GROWTH = 2;
const holdsInOrder = (text: string, characters: string): boolean => {
  let at = -1;
  return [...characters].every((character) => {
    at = text.indexOf(character, at + 1);
    return at >= 0;
  });
};

describe("a joined reading", () => {
  test.each([
    ["s e c r e t", "secret"],
    ["the word s.e.c.r.e.t here", "the word secret here"],
    ["4-1-1-1", "4111"],
    ["a, b, c", "abc"],
    ["x - y - z", "xyz"],
    ["1\n2\n3\n4", "1234"],
    ["j o h n @ e x . o r g", "john@ex.org"],
    ["j.o.h.n.@.e.x...o.r.g", "john@ex.org"],
    ["户 @ e x . o r g", "户@ex.org"],
    ["a 4 1 1 1", `a 4111${CUT}a4111`],
    ["of X 1 2 3 4 L here", `of X 1234${CUT}X1234L L here`],
    ["c.f. M.R.A.8.5.T.0.0.I", `c.f. MRA85T00${CUT}MRA85T00I.I`],
    ["call 0 4 9 0   7 5 now", "call 0490 75 now"],
    ["at ( 6 4 ) 3 5 9 1 today", "at (64)3591 today"],
    ["on 0 1 . 8 4 . 1 7?", "on 01.84.17?"],
    ["7-1---3-3", "71-33"],
    ["a b c\u0000d e f", "abc\u0000def"],
  ])("puts together what is spelled out: %j", (text, expected) => {
    expect(letters(text)).toBe(expected);
  });

  test.each([
    ["GB29NWBK60161\n331926819", "GB29NWBK60161331926819"],
    ["john@exam\r\nple.org", "john@example.org"],
    ["one\n@two", null],
    ["one\n  two", null],
    ["one \ntwo", null],
    ["one\n\ntwo", null],
    ["one\n\u0000two", null],
    ["password=\nnext=1", null],
    ["of Arata\nPhone: 1", null],
    ["of arata\nphone: 1", "of arataphone: 1"],
  ])("puts together what is broken over two lines: %j", (text, expected) => {
    expect(lines(text)).toBe(expected);
  });

  test.each(["a plain sentence", "a b", "I am 7 of 9", "ab cd ef", "a b-c d", "x\u0000y\u0000z", "", "é ü ö!"])(
    "leaves alone what is not: %j",
    (text) => {
      const expected = text === "é ü ö!" ? "éüö!" : null;
      expect(letters(text)).toBe(expected);
      expect(lines(text)).toBeNull();
    },
  );

  test("leaves out what is far from any change, but for the boundaries", () => {
    const far = "word ".repeat(200);
    const reading = letters(`${far}\u0000${far}s e c r e t ${far}\u0000end`) ?? "";
    expect(reading).toContain("word secret word");
    expect(reading.length).toBeLessThan(4 * MARGIN);
    expect(reading.split("\u0000")).toHaveLength(3);
    expect(reading.startsWith(`${CUT}\u0000`)).toBe(true);
  });

  test("keeps every boundary, whatever the text, and never throws", () => {
    const pieces = fc.constantFrom(
      "a",
      "1",
      " ",
      "  ",
      ".",
      "-",
      "\n",
      "\r\n",
      "@",
      "é",
      "word",
      "\u0000",
      "\u0001",
      "\u0002",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const text = parts.join("");
        for (const reading of [letters(text), lines(text)]) {
          if (reading === null) continue;
          expect(reading.split("\u0000").length).toBe(text.split("\u0000").length);
          const isKept = holdsInOrder(reading, text.replace(/[^A-Za-z0-9]/g, ""));
          expect(isKept ? "" : [reading, text]).toBe("");
          expect(reading.length).toBeLessThanOrEqual(MOST_GROWTH * text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
