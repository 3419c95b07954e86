import { createHash } from "node:crypto";
import fc from "fast-check";
import { surpriseOf } from "../../src/scan/detectors/surprise.ts";

/** Bits a character, with a margin over what the scanner asks for. */
const MIN_SURPRISE = 2.3;
const tellsEnough = (text: string): boolean => surpriseOf(text) >= MIN_SURPRISE * text.length;

/** Bytes as random as a key's, and the same for the same seed: fast-check's own strings tend to filler such as `aaa`. */
export const bytesOf = (seed: number, length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, part) =>
      createHash("sha256").update(`${seed}.${part}`).digest(),
    ),
  ).subarray(0, length);

export const seed: fc.Arbitrary<number> = fc.nat();
/**
 * 30 characters of letters and digits, as machines make them, without those that read like words: one in sixty thousand
 * has letters that follow one another as in words, and the scanner takes it for such.
 */
export const token: fc.Arbitrary<string> = seed
  .map((from) => bytesOf(from, 60).toString("base64").replace(/\W/g, "").slice(0, 30))
  .filter((text) => text.replace(/\D/g, "").length >= 3 && tellsEnough(text));
export const hex: fc.Arbitrary<string> = seed.map((from) => bytesOf(from, 20).toString("hex")).filter(tellsEnough);
/** What people choose: a word, a sign and a number that does not count up. */
export const chosenPassword: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("Sommer", "hunter", "Kraken", "birch"),
    fc.constantFrom("#", "-", "", "!"),
    fc.integer({ min: 1, max: 7 }),
  )
  .map(([word, sign, digit]) => `${word}${sign}${digit}${digit + 2}0${digit}`);
