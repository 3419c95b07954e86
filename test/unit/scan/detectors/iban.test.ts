import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { iban } from "../../../../src/scan/detectors/iban.ts";
import { iban as numbers } from "../../../support/sensitive-values/iban.ts";

const GB = ["GB29", "NWBK", "6016", "1331", "9268", "19"];
const look = (text: string, at = 0) => iban.look(text, at, () => false);

describe("pii.iban", () => {
  test.each(["", " ", "-", ".", "\n", " - ".slice(0, 2)])("finds one with %j between its groups", (gap) => {
    const text = GB.join(gap);
    expect(look(`${text} to`)).toEqual({ code: "pii.iban", start: 0, end: text.length, strength: "strong" });
  });

  test("finds one in lower case, and one inside of a sentence", () => {
    expect(look(GB.join("").toLowerCase())).not.toBeNull();
    expect(look(`pay to ${GB.join("")}, please`, 7)).toMatchObject({ start: 7, end: 29 });
  });

  test("finds every right number", () => {
    fc.assert(
      fc.property(numbers, (number) => {
        expect(look(`${number}.`)).toMatchObject({ end: number.length });
      }),
    );
  });

  test("finds none with any one digit changed", () => {
    const text = GB.join("");
    for (let at = 2; at < text.length; at++) {
      const digit = text.charAt(at);
      if (!/\d/.test(digit)) continue;
      expect(look(text.slice(0, at) + ((Number(digit) + 1) % 10) + text.slice(at + 1))).toBeNull();
    }
  });

  test.each([
    ["BY", "A0DK5770Z2D0PH5EENWA8SAU"],
    ["DO", "577V74857554912335343253"],
    ["PK", "NQSQI5CYFWDB5TDGCDJ9"],
    ["PS", "JMKOQQ5DLRS4H30J8L3TLTBLV"],
  ])("takes the letters that the registry allows in accounts of %s", (country, account) => {
    const rest = Array.from(`${account}${country}00`).reduce(
      (sum, character) => Number(`${sum}${Number.parseInt(character, 36)}`) % 97,
      0,
    );
    expect(look(`${country}${String(98 - rest).padStart(2, "0")}${account}`)).not.toBeNull();
  });

  test("asks for the form of the country, though the check digits are right", () => {
    // Twenty-two characters and the remainder 1, but digits where the bank's letters should be.
    const account = "123460161331926819";
    const rest = Number(BigInt(`${account}161100`) % 97n);
    expect(look(`GB${String(98 - rest).padStart(2, "0")}${account}`)).toBeNull();
  });

  test.each([
    ["a country without such numbers", "US29NWBK60161331926819"],
    ["a longer word", `${GB.join("")}0`],
    ["a number that ends too soon", GB.slice(0, 5).join(" ")],
    ["a wide gap", GB.join("   ")],
    ["another text in between", GB.join("\u0000")],
  ])("does not take %s for one", (_, text) => {
    expect(look(text)).toBeNull();
  });
});
