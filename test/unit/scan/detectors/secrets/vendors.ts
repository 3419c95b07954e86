import type { Near } from "../../../../../src/scan/detector.ts";
import { type SecretRule, secretRule } from "../../../../../src/scan/secret-rule.ts";

const NEAR: Near = () => true;

export const LOWER = "abcdefghijklmnopqrstuvwxyz";
export const UPPER = LOWER.toUpperCase();
export const DIGIT = "0123456789";
export const HEX = `${DIGIT}abcdef`;
export const ALNUM = LOWER + UPPER + DIGIT;
export const BASE32 = `${LOWER}234567`;

/** Always the same text for the same arguments, spread evenly over the alphabet: no secret stands in the repository. */
export function draw(alphabet: string, length: number): string {
  let state = length * 31 + alphabet.length;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return alphabet.charAt(Math.floor((state / 2_147_483_648) * alphabet.length));
  }).join("");
}

export const hex = (length: number): string => draw(HEX, length);
export const alnum = (length: number): string => draw(ALNUM, length);
export const digits = (length: number): string => `1${draw(DIGIT, length - 1)}`;
export const uuid = (): string => [8, 4, 4, 4, 12].map(hex).join("-");

/** The codes of the rules that find something, each rule looking where its literals stand as the matcher has it do. */
export function codesIn(rules: readonly SecretRule[], text: string): string[] {
  const lower = text.toLowerCase();
  return rules.filter((rule) => looks(rule, text, lower)).map(({ code }) => code.slice("secret.".length));
}

function looks(rule: SecretRule, text: string, lower: string): boolean {
  const { look } = secretRule(rule);
  return rule.literals.some((literal) => {
    for (let at = lower.indexOf(literal); at >= 0; at = lower.indexOf(literal, at + 1)) {
      if (look(text, at, NEAR) !== null) return true;
    }
    return false;
  });
}
