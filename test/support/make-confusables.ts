/**
 * Makes `src/scan/views/confusables.ts` of Unicode's table of letters that look alike:
 * `bun test/support/make-confusables.ts <confusables.txt> src/scan/views/confusables.ts`
 */

import { Budget } from "../../src/scan/sheet.ts";
import { normaliseWith } from "../../src/scan/views/normalise.ts";

const SOURCE = "https://www.unicode.org/Public/security/15.0.0/confusables.txt";
const BASE = 36;
/** Letters of running text: what of it looks like a sign is no disguise of one. */
const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Nko}\p{Script=Syriac}\p{Script=Adlam}]/u;
/** Its letters for tones are the signs that they look like. */
const LISU = /\p{Script=Lisu}/u;
const MARKS = /\p{M}/gu;
const ASCII = /^[!-~]+$/;
const WORD = /^[0-9A-Za-z]+$/;

/** Small capitals, which the table takes as letters of their own, or misses. */
const SMALL_CAPITALS: Readonly<Record<string, string>> = {
  a: "\u1d00",
  b: "\u0299",
  c: "\u1d04",
  d: "\u1d05",
  e: "\u1d07",
  f: "\ua730",
  g: "\u0262",
  h: "\u029c",
  i: "\u026a",
  j: "\u1d0a",
  k: "\u1d0b\u0138",
  l: "\u029f",
  m: "\u1d0d",
  n: "\u0274",
  o: "\u1d0f",
  p: "\u1d18",
  q: "\ua7af",
  r: "\u0280",
  s: "\ua731",
  t: "\u1d1b",
  u: "\u1d1c",
  v: "\u1d20",
  w: "\u1d21",
  y: "\u028f",
  z: "\u1d22",
};

/** Letters and digits in a row that are framed or reversed: where it begins, and what the row spells. */
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const CAPITALS = LETTERS.toUpperCase();
const DIGITS = "123456789";
const ROWS: readonly (readonly [number, string])[] = [
  [0x249c, LETTERS],
  [0x1f110, CAPITALS],
  [0x1f150, CAPITALS],
  [0x1f170, CAPITALS],
  [0x1f1e6, CAPITALS],
  [0x2474, DIGITS],
  [0x24f5, DIGITS],
  [0x2776, DIGITS],
  [0x2780, DIGITS],
  [0x278a, DIGITS],
  [0x24ff, "0"],
  [0x1f10b, "00"],
  // A zero in old texts, and in numbers that are written as words.
  [0x3007, "0"],
];

/** Signs that the table has not, or has by another look: fraction slash, division slash and the like are in it. */
const SIGNS: readonly (readonly [number, string])[] = [
  [0x2044, "/"],
  [0x2215, "/"],
  [0x29f8, "/"],
  [0x2236, ":"],
  [0xa789, ":"],
  [0x2024, "."],
  [0x02d7, "-"],
  [0x2796, "-"],
];

/** What is ASCII once it is normalised needs no table. */
const normalised = (letter: string): string => normaliseWith(letter, new Budget(100), 1) ?? letter;

const text = await Bun.file(process.argv[2] ?? "").text();
const version = /# Version: ([\d.]+)/.exec(text)?.[1] ?? "";
const table = new Map<number, string>();
/** What Unicode's own table has; the rest follows from it by rule. */
const rows = [...text.matchAll(/^([0-9A-F]+) ;\t([0-9A-F ]+?) ;\tMA/gm)].map(
  ([, source = "", target = ""]) => [parseInt(source, 16), decoded(target)] as const,
);

function decoded(codePoints: string): string {
  return String.fromCodePoint(...codePoints.split(" ").map((hex) => parseInt(hex, 16)));
}

function rules(): (readonly [number, string])[] {
  const capitals = Object.entries(SMALL_CAPITALS).flatMap(([letter, sources]) =>
    Array.from(sources, (source) => [source.codePointAt(0) ?? 0, letter] as const),
  );
  const framed = ROWS.flatMap(([first, targets]) =>
    Array.from(targets, (target, index) => [first + index, target] as const),
  );
  return [...capitals, ...framed, ...SIGNS];
}

/** The first target that is taken for a source stays; a framed letter is meant as what is in the frame. */
function add(source: number, skeleton: string, isFramed = false): void {
  const letter = String.fromCodePoint(source);
  if (source < 0x80 || table.has(source) || (!isFramed && ASCII.test(normalised(letter)))) return;
  if (isFramed) {
    table.set(source, skeleton);
    return;
  }
  const bare = skeleton.normalize("NFKD").replace(MARKS, "");
  if (!ASCII.test(bare) || (!WORD.test(bare) && bare !== skeleton && !/\p{L}/u.test(letter))) return;
  const target = chosen(letter, bare);
  if (target !== null) table.set(source, target);
}

/** The table takes `I`, `1`, `|` and `l` as one, and `0` and `O`: which of them is meant is what the source itself is. */
function chosen(letter: string, skeleton: string): string | null {
  const isLetter = /\p{L}/u.test(letter);
  const target = skeleton === "rn" ? "m" : isLetter ? skeleton.replaceAll("'", "") || skeleton : skeleton;
  if (/[\p{M}\p{Nd}\p{Z}\p{C}\p{Sc}]/u.test(letter) || (isLetter && IDEOGRAPH.test(letter))) return null;
  if (target.length > 1) return /\p{Script=Latin}/u.test(letter) && /^[A-Za-z]{2,3}$/.test(target) ? target : null;
  if (!WORD.test(target)) return !/\p{Lo}/u.test(letter) || LISU.test(letter) ? target : null;
  if (/\d/.test(target) && /\p{Ll}/u.test(letter)) return null;
  if (target !== "l" && target !== "O") return /\p{Sm}/u.test(letter) ? null : target;
  if (/\p{N}/u.test(letter)) return target === "O" ? "0" : "1";
  if (target === "O") return /\p{Ll}/u.test(letter) ? "o" : "O";
  if (/[\p{S}\p{P}]/u.test(letter)) return "|";
  return /\p{Ll}/u.test(letter) || RIGHT_TO_LEFT.test(letter) ? "l" : "I";
}

/** A letter that looks like a small capital looks like the letter. */
function targetOfCapital(target: string): string {
  let resolved = "";
  for (const part of target.normalize("NFD").replace(MARKS, "")) {
    const small = Object.entries(SMALL_CAPITALS).find(([, sources]) => sources.includes(part));
    resolved += small?.[0] ?? part;
  }
  return resolved;
}

/** A text may be read after its case is folded: a small letter is what the capital is, unless it looks like another. */
function addSmall(source: number, target: string): void {
  const letter = String.fromCodePoint(source);
  const small = letter.toLowerCase();
  if (/^[A-Z]$/.test(target) && /\p{Lu}/u.test(letter) && small.length === letter.length) {
    add(small.codePointAt(0) ?? 0, target.toLowerCase());
  }
}

/** An accent makes no other letter of it. */
function addAccented(): void {
  for (let source = 0x80; source < 0x20000; source++) {
    if (source >= 0xd800 && source < 0xe000) continue;
    const letter = String.fromCodePoint(source);
    const base = letter.normalize("NFKD").replace(MARKS, "");
    const target = base === letter || base === "" ? undefined : table.get(base.codePointAt(0) ?? 0);
    if (target !== undefined && Array.from(base).length === 1 && !table.has(source)) table.set(source, target);
  }
}

function written(): string {
  const byTarget = Map.groupBy(
    [...table].toSorted(([a], [b]) => a - b),
    ([, target]) => target,
  );
  const lines = [...byTarget]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([target, entries]) => {
      let last = 0;
      const steps = entries.map(([source]) => {
        const step = (source - last).toString(BASE);
        last = source;
        return step;
      });
      return `  ${JSON.stringify(`${target} ${steps.join(" ")}`)},`;
    });
  return `/*
 * Made by test/support/make-confusables.ts; do not edit.
 * Of Unicode ${version}, UTS #39, ${SOURCE},
 * changed: ASCII targets only, and more of them by rule.
 * Copyright 1991-2022 Unicode, Inc. SPDX-License-Identifier: Unicode-DFS-2016
 */

/** An ASCII text, and then what looks like it: steps from code point to code point, in base ${BASE}. */
export const CONFUSABLES: readonly string[] = [
${lines.join("\n")}
];
`;
}

for (const [source, target] of rules()) add(source, target, true);
for (const [source, target] of rows) add(source, target);
for (const [source, target] of rows) add(source, targetOfCapital(target));
for (const [source, target] of [...table]) addSmall(source, target);
addAccented();
await Bun.write(process.argv[3] ?? "", written());
