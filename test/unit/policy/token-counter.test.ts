import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { loadVocabulary, MAX_PIECE_BYTES } from "../../../src/policy/byte-pairs.ts";
import { TokenCounter } from "../../../src/policy/token-counter.ts";

/**
 * What the package's own tokenizer counts, special tokens taken for text. It loses byte order marks on the way and counts
 * two tokens for what is one in the vocabulary, so that texts compared with it have none.
 */
const exactly = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });
const counted = (text: string): number => new TokenCounter().count(text);

beforeAll(loadVocabulary);

/** Texts that are put together of what the tokenizer's pattern tells apart. */
const PIECES = [
  ...["the ", "The", " quick", "HELLO", "camelCase", "don't", "IT'S", "we'LL", "x'", "'s", "ß", "ﬁ", "ǅ", "ʰ"],
  ...[
    "1",
    "12",
    "1234",
    "٣",
    "½",
    "漢字",
    "ひらがな",
    "カタカナ",
    "한국어",
    "ภาษาไทย",
    "हिन्दी",
    "العربية",
    "é",
    "e\u0301",
    "\u0301",
  ],
  ...["😀", "👍🏽", "👨‍👩‍👧", "🇵🇱", "\ud800", "\udc00", "\ufffd", "\u200b", "\u00a0", "\u3000", "\u{10ffff}"],
  ...[" ", "  ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u2028"],
  ...[
    ".",
    "...",
    "//",
    "/",
    "!?",
    "();",
    "{\n",
    "-----",
    "\\",
    '"',
    "<|endoftext|>",
    "<|im_start|>",
    "<|endofprompt|>",
  ],
];
const ordinary = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 40 })
  .map((pieces) => pieces.join("").replaceAll("\ufeff", ""));
/** Runs around the length from which a piece is not merged. */
const withRuns = fc
  .array(fc.tuple(fc.constantFrom(...PIECES, "a", "A", "=", "漢", "é"), fc.integer({ min: 1, max: 700 })), {
    maxLength: 4,
  })
  .map((runs) => runs.map(([piece, times]) => piece.repeat(times)).join(" "));

describe("TokenCounter", () => {
  test("counts what the package's own tokenizer counts", () => {
    fc.assert(
      fc.property(ordinary, (text) => {
        expect(counted(text)).toBe(exactly(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test("counts real text as it does", async () => {
    for (const file of ["../../../README.md", "../../../src/policy/document.ts", "../../../bun.lock"]) {
      const text = await Bun.file(new URL(file, import.meta.url)).text();
      expect([file, counted(text)]).toEqual([file, exactly(text)]);
    }
  });

  test("never counts fewer than there are, whatever runs are in it", () => {
    fc.assert(
      fc.property(withRuns, (text) => {
        const exact = exactly(text);
        expect(counted(text)).toBeGreaterThanOrEqual(exact);
        expect(counted(text)).toBeLessThanOrEqual(Buffer.byteLength(text));
      }),
      { numRuns: 40 },
    );
  });

  test.each(["<|endoftext|>", "<|im_start|>system<|im_sep|>", "<|endofprompt|>"])("takes %s for text", (text) => {
    expect(counted(text)).toBe(exactly(text));
    expect(counted(text)).toBeGreaterThan(1);
  });

  test("counts a byte order mark as the one token that it is", () => {
    expect(counted("\ufeff")).toBe(1);
    expect(counted("\ufeffhello")).toBe(2);
    expect(counted("\ufeff\ufeff\ufeff")).toBeLessThanOrEqual(3);
  });

  test("counts nothing in an empty text", () => {
    expect(counted("")).toBe(0);
  });

  test("merges a run as long as a piece may be, and counts the bytes of a longer one", () => {
    const longest = "a".repeat(MAX_PIECE_BYTES);
    expect(counted(longest)).toBe(exactly(longest));
    expect(counted(`${longest}a`)).toBe(MAX_PIECE_BYTES + 1);
    expect(counted(`${"漢".repeat(200)}\n`)).toBe(601);
  });

  test("is exact in what stands around such a run", () => {
    const run = "x".repeat(2_000);
    expect(counted(`Hello there. ${run}; and goodbye`)).toBe(
      exactly("Hello there.") + 1 + run.length + exactly("; and goodbye"),
    );
  });

  test("counts the bytes of what it has no more work for, after a count of the beginning", () => {
    const paragraph = "Nobody reads all of this, and it goes on. ";
    const text = paragraph.repeat(50_000);
    const tokens = counted(text);
    expect(tokens).toBeGreaterThan(exactly(text));
    expect(tokens).toBeLessThan(text.length);
    expect(tokens).toBe(counted(text));
  });

  test("cuts a text that is too long where no piece is cut", () => {
    const sentence = "international conversation 12th — ";
    for (let shift = 0; shift < sentence.length; shift += 7) {
      const text = "é".repeat(shift) + sentence.repeat(40_000);
      const cut = text.lastIndexOf(" ", (1 << 20) - 1);
      const place = text.charAt(cut - 1) === "—" ? cut - 2 : cut;
      expect(counted(text)).toBe(exactly(text.slice(0, place)) + Buffer.byteLength(text.slice(place)));
    }
  });

  test("could cut at any letter or digit before a blank", () => {
    fc.assert(
      fc.property(ordinary, ordinary, fc.constantFrom("a", "Z", "7", "漢", "ʰ"), (before, after, last) => {
        const [head, tail] = [before + last, ` ${after}`];
        expect(exactly(head) + exactly(tail)).toBe(exactly(head + tail));
      }),
      { numRuns: 1_000 },
    );
  });

  test("spends one budget on several texts", () => {
    const text = "one two three ".repeat(40_000);
    const counter = new TokenCounter();
    const [first = 0, ...others] = Array.from({ length: 6 }, () => counter.count(text));
    expect(first).toBe(exactly(text));
    expect(others.at(-1)).toBe(text.length);
    expect(others).toEqual(others.toSorted((a, b) => a - b));
  });

  test.each([
    ["letters", "a"],
    ["capitals", "A"],
    ["blanks", " "],
    ["line breaks", "\n"],
    ["signs", "="],
    ["Chinese", "漢"],
    ["emoji", "😀"],
    ["numbers", "7 "],
    ["words nobody has", "qzxv jkqw "],
    ["long words nobody has", `${"qzxvjkqw".repeat(60)} `],
    ["Thai", "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน "],
  ])("has an answer for ten megabytes of %s", (_, unit) => {
    const text = unit.repeat(10_000_000 / Buffer.byteLength(unit));
    const tokens = counted(text);
    expect(tokens).toBeGreaterThan(text.length / 1_000);
    expect(tokens).toBeLessThanOrEqual(Buffer.byteLength(text));
  });
});
