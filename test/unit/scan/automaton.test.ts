import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Automaton, Hits, MIN_WORD } from "../../../src/scan/automaton.ts";

type Found = { literal: string; end: number };

function run(literals: readonly string[], text: string) {
  const automaton = Automaton.build(literals);
  if (automaton === null) throw new Error("too many literals");
  const hits = new Hits();
  automaton.run(text, hits);
  return hits;
}

function literalsIn(literals: readonly string[], text: string): Found[] {
  const hits = run(literals, text);
  return Array.from({ length: hits.literalCount / 2 }, (_, index) => ({
    literal: literals[hits.literals[2 * index] ?? 0] ?? "",
    end: hits.literals[2 * index + 1] ?? 0,
  }));
}

/** What the automaton is to find, as plainly as it can be said: every literal at every place. */
function naiveLiteralsIn(literals: readonly string[], text: string): Found[] {
  const found: Found[] = [];
  // White space counts where it begins, so what ends with some ends behind its first character.
  for (let end = 1; end <= text.length; end++) {
    const last = text.charAt(end - 1);
    const goesOn = /[\s\x85]/.test(last) && /[\s\x85]/.test(text.charAt(end - 2));
    if (goesOn) continue;
    const before = text
      .slice(0, end)
      .replace(/[\s\x85]+/g, " ")
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    for (const literal of literals) if (before.endsWith(literal)) found.push({ literal, end });
  }
  return found;
}

const sorted = (found: readonly Found[]) =>
  found.toSorted((a, b) => a.end - b.end || (a.literal < b.literal ? -1 : a.literal > b.literal ? 1 : 0));

/** Few characters, so that literals overlap, hold each other and stand in the text often. */
const FEW = fc.constantFrom("a", "b", "c", "1", "é", "密");
const literalOf = fc
  .array(FEW, { minLength: 1, maxLength: 5 })
  .map((units) => units.join(""))
  .chain((word) => fc.oneof(fc.constant(word), fc.constant(`${word} a`), fc.constant(`a b ${word}`)));
const textOf = fc
  .array(fc.oneof(FEW, fc.constantFrom("A", "B", " ", "\n", "\t ", "\u3000", "\u0000", "x")), { maxLength: 60 })
  .map((units) => units.join(""));

describe("the automaton", () => {
  test("finds what a naive search finds, no more and no less", () => {
    fc.assert(
      fc.property(fc.uniqueArray(literalOf, { minLength: 1, maxLength: 12 }), textOf, (literals, text) => {
        expect(sorted(literalsIn(literals, text))).toEqual(sorted(naiveLiteralsIn(literals, text)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("finds digit runs, long words and heads of IBANs as patterns over the whole text do", () => {
    const units = fc.constantFrom("a", "Z", "7", "0", " ", "-", "é", "\u0000", "abcdefghij", "1234567890");
    fc.assert(
      fc.property(fc.array(units, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const hits = run(["x"], text);
        const places = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match.index);
        expect([...hits.digits.subarray(0, hits.digitCount)]).toEqual(places(/(?<!\d)\d/g));
        expect([...hits.ibanHeads.subarray(0, hits.ibanHeadCount)]).toEqual(
          places(/(?<![A-Za-z0-9])[A-Za-z]{2}(?=\d\d)/g),
        );
        const words = [...text.matchAll(/[A-Za-z0-9]+/g)]
          .filter(([word]) => word.length >= MIN_WORD && /\d/.test(word))
          .flatMap((match) => [match.index, match.index + match[0].length]);
        expect([...hits.words.subarray(0, hits.wordCount)]).toEqual(words);
      }),
      { numRuns: 2_000 },
    );
  });

  test("keeps its hits apart from those of the text before", () => {
    const automaton = Automaton.build(["ab"]);
    const hits = new Hits();
    automaton?.run("ab ab 1 a2", hits);
    automaton?.run("nothing", hits);
    expect([hits.literalCount, hits.digitCount, hits.wordCount, hits.ibanHeadCount]).toEqual([0, 0, 0, 0]);
  });

  test("has room for any number of hits", () => {
    const text = "a1".repeat(50_000);
    const hits = run(["a"], text);
    expect(hits.literalCount).toBe(100_000);
    expect(hits.digitCount).toBe(50_000);
  });

  test("is not built for more literals than a table can hold", () => {
    const literals = Array.from({ length: 4_000 }, (_, index) => String.fromCharCode(0x4e00 + index).repeat(3));
    expect(Automaton.build(literals)).toBeNull();
  });
});
