import { countrySpecs } from "ibantools";
import type { IbanHeadDetector, Match } from "../detector.ts";

const MAX_LENGTH = 34;
/** Characters between two groups; people write `GB29 NWBK` and `GB29-NWBK`. */
const MAX_GAP = 2;
const GAPS: ReadonlySet<number> = new Set(Array.from(" \t\r\n-.", (character) => character.charCodeAt(0)));

/** Numbers of one country: how many characters, and what those after the first four look like. */
type Country = { readonly length: number; readonly form: RegExp };

/** Where the registry allows letters that the library does not. */
const FORMS: Readonly<Record<string, string>> = {
  BY: "^[A-Z0-9]{4}[0-9]{4}[A-Z0-9]{16}$",
  DO: "^[A-Z0-9]{4}[0-9]{20}$",
  PK: "^[A-Z]{4}[A-Z0-9]{16}$",
  PS: "^[A-Z]{4}[A-Z0-9]{21}$",
};

/** By the two letters of the country as one number. */
const COUNTRIES: ReadonlyMap<number, Country> = new Map(
  Object.entries(countrySpecs).flatMap(([code, { chars, bban_regexp: form }]) =>
    chars && form
      ? [[code.charCodeAt(0) * 256 + code.charCodeAt(1), { length: chars, form: new RegExp(FORMS[code] ?? form) }]]
      : [],
  ),
);

/** The number being read, upper case. Valid during one look only. */
const units = new Uint8Array(MAX_LENGTH);

/** An ASCII letter or digit as upper case, or 0. */
function upperAlphanumeric(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit;
  const upper = unit & ~0x20;
  return unit < 0x80 && upper >= 0x41 && upper <= 0x5a ? upper : 0;
}

/** Reads `length` letters and digits into `units`, in one or many groups. Where they end, or 0 if they do not. */
function readGroups(text: string, at: number, length: number): number {
  let index = at;
  let gap = 0;
  for (let count = 0; count < length; index++) {
    const unit = text.charCodeAt(index);
    const upper = upperAlphanumeric(unit);
    if (upper > 0) {
      units[count] = upper;
      count++;
      gap = 0;
    } else if (!GAPS.has(unit) || ++gap > MAX_GAP) return 0;
  }
  return upperAlphanumeric(text.charCodeAt(index)) > 0 ? 0 : index;
}

/** ISO 7064 MOD 97-10 over the number with its first four characters moved to its end: 1 where the number is right. */
function remainder(length: number): number {
  let rest = 0;
  for (let index = 0; index < length; index++) {
    const unit = units[(index + 4) % length] ?? 0;
    rest = (unit <= 0x39 ? rest * 10 + unit - 0x30 : rest * 100 + unit - 0x41 + 10) % 97;
  }
  return rest;
}

function look(text: string, at: number): Match | null {
  const code = upperAlphanumeric(text.charCodeAt(at)) * 256 + upperAlphanumeric(text.charCodeAt(at + 1));
  const country = COUNTRIES.get(code);
  if (country === undefined) return null;
  const { length, form } = country;
  const end = readGroups(text, at, length);
  if (end === 0 || remainder(length) !== 1) return null;
  // A country's own check digits inside are left alone: they say no more than the two that are right already.
  const account = String.fromCharCode(...units.subarray(4, length));
  return form.test(account) ? { code: "pii.iban", start: at, end, strength: "strong" } : null;
}

export const iban: IbanHeadDetector = {
  kind: "iban_head",
  codes: ["pii.iban"],
  title: "An international bank account number whose country, length, form and check digits are right.",
  sources: [
    "https://www.swift.com/standards/data-standards/iban-international-bank-account-number",
    "https://www.iso.org/standard/81090.html",
  ],
  reach: MAX_LENGTH * (1 + MAX_GAP),
  look,
};
