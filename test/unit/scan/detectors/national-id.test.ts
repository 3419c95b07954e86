import { expect, test } from "bun:test";
import fc from "fast-check";
import * as austrian from "stdnum/lib/esm/at/vnr.js";
import * as bosnian from "stdnum/lib/esm/ba/jmbg.js";
import * as belgian from "stdnum/lib/esm/be/nn.js";
import * as chinese from "stdnum/lib/esm/cn/ric.js";
import * as estonian from "stdnum/lib/esm/ee/ik.js";
import * as finnish from "stdnum/lib/esm/fi/hetu.js";
import * as korean from "stdnum/lib/esm/kr/rrn.js";
import * as norwegian from "stdnum/lib/esm/no/fodselsnummer.js";
import * as polish from "stdnum/lib/esm/pl/pesel.js";
import * as romanian from "stdnum/lib/esm/ro/cnp.js";
import * as southAfrican from "stdnum/lib/esm/za/idnr.js";
import { nationalIdDetector } from "../../../../src/scan/detectors/national-id.ts";
import * as own from "../../../../src/scan/detectors/national-ids/checks.ts";
import { NUMBER_ROWS } from "../../../../src/scan/detectors/national-ids/rows.ts";
import { numberMatches, strengthIn } from "../../../support/number-matches.ts";
import { nationalId } from "../../../support/sensitive-values/national-id.ts";

const strength = (text: string): string | null => strengthIn(nationalIdDetector, text);
const codes = (text: string): readonly string[] => numberMatches(nationalIdDetector, text).map(({ code }) => code);

test("finds what stdnum holds valid, with its word where it needs one", () => {
  fc.assert(fc.property(nationalId, (value) => ["strong", "medium"].includes(strength(`so ${value} it is`) ?? "")));
});

/** Dates of long ago, so that no clock has a say. */
test.each([
  ["at", austrian, own.austrian, "####150285"],
  ["ba", bosnian, own.yugoslav, "1502985######"],
  ["be", belgian, own.belgian, "850215#####"],
  ["cn", chinese, own.chinese, "11010119850215####"],
  ["ee", estonian, own.baltic, "3850215####"],
  ["fi", finnish, own.finnish, "150285-####"],
  ["kr", korean, own.korean, "8502151######"],
  ["no", norwegian, own.norwegian, "150285#####"],
  ["pl", polish, own.polish, "850215#####"],
  ["ro", romanian, own.romanian, "185021512####"],
  ["za", southAfrican, own.luhn, "850215#####8#"],
] as const)("agrees with stdnum on the check digits of %s", (_, { validate }, check, form) => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(digits, (values) => {
      let used = 0;
      const value = form.replaceAll("#", () => String(values[used++]));
      return !validate(value).isValid || check(value);
    }),
    { numRuns: 3000 },
  );
});

test("needs the word of the same country where a number is digits only", () => {
  const bsn = ["111", "222", "333"].join("");
  expect(codes(`BSN ${bsn}`)).toEqual(["pii.national_id.nl"]);
  expect(codes(`the number ${bsn}`)).toEqual([]);
  expect(codes(`PESEL ${bsn}`)).toEqual([]);
});

test.each([
  ["Singapore", `NRIC S${"0000001"}I`, "sg"],
  ["Great Britain, by number of insurance", `insurance AB ${"12 34 56"} C`, "gb"],
  ["Great Britain, by number of patients", `NHS 943 ${"476 5919"}`, "gb"],
  ["Spain, of foreigners", `NIE X-${"1234567"}-L`, "es"],
  ["India, by tax", `PAN ABCPE${"1234"}F`, "in"],
  ["Finland", `it is 131052-${"308"}T`, "fi"],
  ["Italy", `it is RSSMRA85T10${"A562S"}`, "it"],
  ["Belgium", `it is 85.07.30-033.${"28"}`, "be"],
  ["Chile", `RUT 12.531.909-${"2"}`, "cl"],
])("finds the form of %s", (_, text, country) => {
  expect(codes(text)).toEqual([`pii.national_id.${country}`]);
});

test("is silent where a check digit is wrong, a number is one digit over and over, or a piece of a word", () => {
  expect(codes("BSN 111222334")).toEqual([]);
  expect(codes("SIN 000000000")).toEqual([]);
  expect(codes(`BSN a${"111222333"}`)).toEqual([]);
  expect(codes(`BSN 0.${"111222333"}`)).toEqual([]);
});

test("names every country in its codes once", () => {
  const { codes: all } = nationalIdDetector;
  expect(new Set(all).size).toBe(all.length);
  expect(NUMBER_ROWS.every(({ country }) => all.includes(`pii.national_id.${country}`))).toBe(true);
});
