import type { LiteralDetector, Match, Near, Strength } from "./detector.ts";
import { isWithinWord } from "./detectors/characters.ts";
import { surpriseOf } from "./detectors/surprise.ts";
import { entropyOf } from "./entropy.ts";

/** A kind of secret that its form gives away. */
export type SecretRule = {
  readonly code: `secret.${string}`;
  readonly title: string;
  /** The vendor's own documentation of the format, or of where the secret is used. */
  readonly source: string;
  /** What the pattern begins with (`behind` characters after its beginning): lower-case ASCII, no white space. */
  readonly literals: readonly string[];
  /**
   * A regular expression with bounded quantifiers only, case-sensitive. Its first group, where it has one, is the random
   * part. Negated classes must leave out \x00-\x02, which part the texts of a sheet.
   */
  readonly pattern: string;
  /** How many characters of the match stand before the literal. */
  readonly behind?: number;
  /** Shannon entropy that the random part must have, bits a character. What is written by hand as filler has less. */
  readonly minEntropy: number;
  /** Bits of surprise that its characters must have on average: entropy alone takes `0123456789abcdef` for random. */
  readonly minSurprise?: number;
  /** Whether a letter or digit may stand right before the match. */
  readonly inWord?: boolean;
  /** Words one of which must stand near, where the form alone is not enough. */
  readonly context?: readonly string[];
  /** Most characters that the pattern reads. */
  readonly reach: number;
  readonly strength?: Strength;
};

function isRandom(value: string, { minEntropy, minSurprise = 0 }: SecretRule): boolean {
  if (entropyOf(value) < minEntropy) return false;
  return minSurprise === 0 || surpriseOf(value) >= minSurprise * value.length;
}

export function secretRule(rule: SecretRule): LiteralDetector {
  const pattern = new RegExp(rule.pattern, "y");
  const { code, strength = "strong", behind = 0, inWord = false, context } = rule;
  const look = (text: string, at: number, near: Near): Match | null => {
    const start = at - behind;
    if (start < 0 || (!inWord && isWithinWord(text, start))) return null;
    pattern.lastIndex = start;
    const found = pattern.exec(text);
    if (found === null || !isRandom(found[1] ?? found[0], rule)) return null;
    const end = start + found[0].length;
    return context === undefined || near(start, end) ? { code, start, end, strength } : null;
  };
  return {
    kind: "literal",
    codes: [code],
    title: rule.title,
    sources: [rule.source],
    literals: rule.literals,
    ...(context === undefined ? {} : { context }),
    atWordStart: !inWord && behind === 0,
    reach: rule.reach,
    look,
  };
}
