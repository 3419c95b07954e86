import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../../src/scan/sheet.ts";
import { decode, holdsEncodedText } from "../../../../src/scan/views/decode.ts";

const decoded = (text: string) => decode(text, new Budget(1e9));
const hex = (text: string) => Buffer.from(text).toString("hex");
const pairs = (text: string) => hex(text).match(/../g) ?? [];
const ADDRESS = "jane.roe@example.net";

const word = fc.constantFrom("Jane", "meeting", "4111 1111", "Zürich", "привет", "jane@example.net", "o'clock");
const prose = fc.array(word, { minLength: 4, maxLength: 40 }).map((words) => words.join(" "));

describe("hexadecimal", () => {
  test("is read where it stands, whatever text it is", () => {
    fc.assert(
      fc.property(prose, fc.boolean(), (text, large) => {
        const digits = large ? hex(text).toUpperCase() : hex(text);
        expect(decoded(`my secret: ${digits}, so there`)).toBe(`my secret: ${text}, so there`);
      }),
    );
  });

  test("is read after its prefix", () => {
    expect(decoded(`0x${hex(ADDRESS)}`)).toBe(ADDRESS);
    expect(decoded(`id_${hex(ADDRESS)}`)).toBe(`id_${ADDRESS}`);
  });

  test.each([" ", ":", ",", "-"])("is read in pairs with '%s' between them", (gap) => {
    expect(decoded(`bytes: ${pairs(ADDRESS).join(gap)}; end`)).toBe(`bytes: ${ADDRESS}; end`);
  });

  test.each([", ", ",", " ", ",\n  "])("is read in a list with '%s' between its bytes", (gap) => {
    const list = pairs(ADDRESS).map((pair) => `0x${pair}`);
    expect(decoded(`{${list.join(gap)}}`)).toBe(`{${ADDRESS}}`);
  });

  test("is read as short as a phone number", () => {
    expect(decoded(`call ${hex("450 0840")} now`)).toBe("call 450 0840 now");
  });

  test.each([
    ["an odd number of digits", `${hex(ADDRESS)}4`],
    ["a number that would be letters", "4142434445464748"],
    ["a digest", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["a UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    ["a number", "20240131235959123456"],
    ["an address of hardware", "41:42:43:44:45:46"],
    ["a table of numbers", "20,21,22,23,24,25,26,27,28,29"],
  ])("is not seen in %s", (_, text) => {
    expect(decoded(text)).toBeNull();
  });

  test("is noticed where it is left over", () => {
    expect(holdsEncodedText(hex(ADDRESS), new Budget(1e9))).toBeTrue();
    expect(holdsEncodedText(pairs(ADDRESS).join(" "), new Budget(1e9))).toBeTrue();
    expect(holdsEncodedText("da39a3ee5e6b4b0d3255bfef95601890afd80709", new Budget(1e9))).toBeFalse();
  });
});
