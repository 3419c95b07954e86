import { BOUNDARY, Budget, CUT, NAME_END } from "../sheet.ts";
import { normaliseWith } from "./normalise.ts";
import { unmaskWith } from "./unmask.ts";

/** More than a keyword of a policy can stand for. */
const UNITS = 1_000_000;
/** Fewer characters than this are in the middle of many words. */
const MIN_LENGTH = 4;
const BEYOND_ASCII = /\P{ASCII}/u;

/**
 * Every form in which a keyword may stand in one of the readings of a text: normalised, with what looks like ASCII as
 * that, and, of a phrase, without its spaces. In lower case, white space as one space; empty for a keyword of nothing.
 */
export function foldKeyword(keyword: string): readonly string[] {
  const normalised = normalisedForm(keyword);
  if (normalised === "") return [];
  const forms = new Set([normalised]);
  for (const written of [keyword, keyword.toUpperCase(), normalised]) {
    for (const all of [false, true]) {
      const unmasked = normalisedForm(unmaskWith(written, Number.POSITIVE_INFINITY, all) ?? written);
      if (isTelling(unmasked, normalised)) forms.add(unmasked);
    }
  }
  for (const form of [...forms]) {
    const joined = form.replaceAll(" ", "");
    if (Array.from(joined).length >= MIN_LENGTH) forms.add(joined);
  }
  return [...forms];
}

/** A word of another script can look like a few letters that are in half of all English words. */
const isTelling = (unmasked: string, normalised: string): boolean =>
  unmasked.length >= MIN_LENGTH || BEYOND_ASCII.test(unmasked) || !BEYOND_ASCII.test(normalised);

function normalisedForm(text: string): string {
  const clean = text.replaceAll(BOUNDARY, "").replaceAll(CUT, "").replaceAll(NAME_END, "");
  const normalised = normaliseWith(clean, new Budget(UNITS), Number.POSITIVE_INFINITY) ?? clean;
  const words = normalised.split(/\s/).filter((word) => word !== "");
  return words.join(" ").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
