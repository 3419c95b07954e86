import fc from "fast-check";

const COUNTRIES = [
  ["GB", /^[A-Z]{4}\d{14}$/],
  ["DE", /^\d{18}$/],
  ["CH", /^\d{5}[A-Z0-9]{12}$/],
  ["NL", /^[A-Z]{4}\d{10}$/],
  ["MT", /^[A-Z]{4}\d{5}[A-Z0-9]{18}$/],
  ["AT", /^\d{16}$/],
  ["LU", /^\d{3}[A-Z0-9]{13}$/],
] as const;

/** The check digits of ISO 7064 MOD 97-10, by the definition's own long number. */
function withCheckDigits(country: string, account: string): string {
  const digits = Array.from(`${account}${country}00`, (character) => parseInt(character, 36)).join("");
  return country + String(98n - (BigInt(digits) % 97n)).padStart(2, "0") + account;
}

const compact = fc
  .constantFrom(...COUNTRIES)
  .chain(([country, form]) => fc.stringMatching(form).map((account) => withCheckDigits(country, account)));

/** Right numbers of some countries, in one piece or in groups, upper or lower case. */
export const iban: fc.Arbitrary<string> = fc
  .tuple(compact, fc.constantFrom("", " ", "-"), fc.boolean())
  .map(([value, gap, isLower]) => {
    const written = (value.match(/.{1,4}/g) ?? []).join(gap);
    return isLower ? written.toLowerCase() : written;
  });
