import type { Strength } from "../detector.ts";
import { ALPHANUMERIC, DIGIT, isAt, LETTER, LOWER, UPPER } from "./characters.ts";
import { surpriseOf } from "./surprise.ts";

/** Longer than any value that one writes down beside its name; what is longer has a detector of its own. */
export const MAX_VALUE = 400;

/** What every template has one of: where there is none, the pattern need not run. */
const TEMPLATE_SIGNS: ReadonlySet<number> = new Set(Array.from("$%{}#<.*…•`\\", (sign) => sign.charCodeAt(0)));
const TEMPLATE = /\$\{|\$\(|\{\{|\}\}|#\{|%\{|%\(|<%|\.\.\.|…|\*{3}|•|%[sdvq]|`|\$[A-Z_]{3,40}$|\\\(/;

/** A variable, a template, a command, an omission: something else is to stand here, and the text says so by its form. */
export function isTemplate(value: string): boolean {
  if (!hasTemplateSign(value)) return false;
  const first = value.charAt(0);
  if (first === "$" && isAt(value, 1, LETTER) && isName(value, 1)) return true;
  return (first === "%" && value.endsWith("%")) || TEMPLATE.test(value);
}

function hasTemplateSign(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    if (!isAt(value, index, ALPHANUMERIC) && TEMPLATE_SIGNS.has(value.charCodeAt(index))) return true;
  }
  return false;
}

function isName(value: string, from: number): boolean {
  for (let index = from; index < value.length; index++) {
    if (!isAt(value, index, ALPHANUMERIC) && !".:_-".includes(value.charAt(index))) return false;
  }
  return true;
}

/** `<x>`, `{x}`, `[x]`: by habit the name of what is to stand here, though now and then the thing itself. */
function bare(value: string): string {
  const pair = value.charAt(0) + value.charAt(value.length - 1);
  return pair === "<>" || pair === "{}" || pair === "[]" ? value.slice(1, -1) : value;
}

const MIN_RANDOM_BITS = 26;
const MIN_RANDOM_DENSITY = 2.05;
const MIN_RANDOM_LENGTH = 8;
const STRONG_BITS = 48;
const STRONG_DENSITY = 2.3;
/** Longer ones are no names that people read. */
const MAX_NAME = 64;
const MIN_PASSWORD_BITS = 9.5;
const MIN_PASSWORD_DENSITY = 1.4;
const MIN_PASSWORD_LENGTH = 4;

/** Words and small numbers joined by one sign, as names of classes, ciphers and hosts are: no machine draws such a value. */
const JOINED_WORDS = /^[a-z]{2,16}(?:[-_.](?:[a-z]{2,16}|[a-z]?\d{1,4}[a-z]{0,2}|[a-z]{1,3}\d{1,2})){1,8}$/;
/** A time, or the address of a host. */
const TIME_OR_HOST = /^(?:\d{4}-\d\d-\d\dT?[\d:.+Z-]{0,24}|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)$/;

/**
 * The strength of a value. One that a machine made is surprising throughout, as no word, identifier, path or version is.
 * People choose words for passwords: where nothing else but a password can stand (`chosen`), little surprise is enough,
 * and what is weak is one that says no more than that it is a password.
 */
export function credentialStrength(written: string, chosen: boolean, minDensity = MIN_PASSWORD_DENSITY): Strength {
  if (isTemplate(written)) return "weak";
  const value = bare(written);
  const { length } = value;
  if (length < MIN_PASSWORD_LENGTH) return "weak";
  const bits = surpriseOf(value);
  const strong = bits >= STRONG_BITS && bits >= STRONG_DENSITY * length;
  const random = length >= MIN_RANDOM_LENGTH && bits >= MIN_RANDOM_BITS && bits >= MIN_RANDOM_DENSITY * length;
  const enough = chosen && bits >= MIN_PASSWORD_BITS && bits >= minDensity * length;
  if (!(strong || random || enough)) return "weak";
  if (length <= MAX_NAME && (TIME_OR_HOST.test(value) || (!chosen && JOINED_WORDS.test(value)))) return "weak";
  return strong ? "strong" : "medium";
}

export const randomStrength = (written: string): Strength => credentialStrength(written, false);

export const passwordStrength = (written: string, minDensity = MIN_PASSWORD_DENSITY): Strength =>
  credentialStrength(written, true, minDensity);

/** Whether it has more than letters: a digit, or a sign that is no mere separator or end of a sentence. */
export function isVaried(value: string): boolean {
  let upper = false;
  let lower = false;
  let letters = 0;
  let others = 0;
  for (let index = 0; index < value.length; index++) {
    if (isAt(value, index, DIGIT)) others++;
    else if (isAt(value, index, LETTER)) {
      letters++;
      upper ||= isAt(value, index, UPPER) && index > 0;
      lower ||= isAt(value, index, LOWER);
    } else if (index < value.length - 1 && "!@#$%^&*+=?~".includes(value.charAt(index))) others++;
  }
  return (
    others > 0 && (letters > 0 || others > 5) && letters + others > value.length / 2 && (upper || lower || others > 5)
  );
}
