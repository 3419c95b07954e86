import { expect, test } from "bun:test";
import fc from "fast-check";
import { creditCardDetector } from "../../../../src/scan/detectors/credit-card.ts";
import { numberMatches, strengthIn } from "../../../support/number-matches.ts";
import { creditCard, grouped, luhnDigit } from "../../../support/sensitive-values/credit-card.ts";

const strength = (text: string): string | null => strengthIn(creditCardDetector, text);
const card = (prefix: string, length: number, filler = "1302"): string => {
  const body = prefix + filler.repeat(5).slice(0, length - 1 - prefix.length);
  return body + luhnDigit(body);
};
const VISA = card("4", 16);
const printed = (separator: string): string => grouped(VISA, [4, 4, 4, 4], separator);

test("finds any card of a known scheme as it is typed", () => {
  fc.assert(fc.property(creditCard, (value) => strength(`so ${value} it is`) === "strong"));
});

test.each([" ", "-", ".", ",", "_", "\n"])("finds a card in groups of four with %j between", (separator) => {
  const [match] = numberMatches(creditCardDetector, `take ${printed(separator)} now`);
  expect(match).toEqual({ code: "pii.credit_card", start: 5, end: 24, strength: "strong" });
});

test.each([
  ["Visa of 13 digits", card("4", 13)],
  ["Visa of 19 digits", card("4", 19)],
  ["Maestro of 12 digits", card("5018", 12)],
  ["Maestro of a loose range", card("5641", 12)],
  ["JCB outside of its present range", card("3502", 16)],
])("needs a word of context for %s", (_, value) => {
  expect(strength(`a number ${value}.`)).toBe("weak");
  expect(strength(`My card ${value} is lost`)).toMatch(/medium|strong/);
});

test("knows the older JCB ranges of 15 digits", () => {
  expect(strength(`${card("1800", 15)}`)).toBe("strong");
  expect(strength(`${card("2131", 15)}`)).toBe("strong");
});

test("finds a card behind other groups of digits, and before others", () => {
  expect(strength(`ref 12 ${printed(" ")} 123`)).toBe("strong");
  expect(strength(`1111 2222 ${VISA}, 09`)).toBe("strong");
});

test("finds every card of a list", () => {
  const other = card("51", 16);
  expect(numberMatches(creditCardDetector, `${VISA}, ${other}`)).toHaveLength(2);
});

test("finds a card that a label touches", () => {
  expect(strength(`cc${VISA}`)).toBe("medium");
});

test("finds a card that a line break parts", () => {
  expect(strength(`it is ${VISA.slice(0, 7)}\n${VISA.slice(7)} ok`)).toBe("strong");
});

test("finds a card written as a sum of money beside a word for it", () => {
  const value = grouped(VISA, [1, 3, 3, 3, 3, 3], ",");
  expect(strength(`card ${value}`)).toBe("medium");
  expect(strength(`total ${value}`)).toBeNull();
});

test.each([
  ["a wrong check digit", (VISA.slice(0, 15) + ((Number(VISA[15]) + 1) % 10)).toString()],
  ["no scheme's digits", card("9", 16)],
  ["a length that its scheme does not have", card("4", 15)],
  ["a decimal fraction", `0.${VISA}`],
  ["a hash", `ab1${VISA}c4`],
  ["a path", `/detail/a/${VISA}/x`.replace("/a/", "/")],
  ["a table of four digits", `4100 ${printed(" ")} 4100`],
  ["a table of code points", `51F1 ${printed(" ")} 52DE`],
  ["a chain of dashes before it", `4100-${printed("-")}`],
  ["a chain of dashes behind it", `${printed("-")}-4100`],
])("is silent about %s", (_, text) => {
  expect(strength(text)).toBeNull();
});

test("finds a card whose groups stand on two lines", () => {
  const [one, two, three, four] = printed(" ").split(" ");
  expect(strength(`so ${one} ${two}\n ${three} ${four} it is`)).toBe("strong");
});

test("takes four columns of a table for a card only beside a word for it", () => {
  const row = `1203 ${printed(" ")} 7492 2181 903`;
  expect(strength(row)).toBeNull();
  expect(strength(`card ${row}`)).toBe("medium");
});

test("finds a card behind a word for paying, whatever its length", () => {
  expect(strength(`charge ${card("4", 19)} for it`)).toMatch(/medium|strong/);
});

test("takes no fraction for a card", () => {
  expect(strength(`0.${card("4", 16)}`)).toBeNull();
});
