import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../../src/scan/sheet.ts";
import { decode, readEscapes } from "../../../../src/scan/views/decode.ts";

const unescaped = (text: string) => readEscapes(text, new Budget(1e9)) ?? text;
const decoded = (text: string) => decode(text, new Budget(1e9)) ?? text;
const units = (text: string) => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
const bytes = (text: string) => Array.from(Buffer.from(text));
const digits = (value: number, count: number) => value.toString(16).padStart(count, "0");
/** Any text but for control characters. */
const printable = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) => !/\p{C}/u.test(text));

describe("escapes", () => {
  test.each<[string, (text: string) => string]>([
    [
      "\\u0041",
      (text) =>
        units(text)
          .map((unit) => `\\u${digits(unit, 4)}`)
          .join(""),
    ],
    ["\\u{41}", (text) => Array.from(text, (sign) => `\\u{${digits(sign.codePointAt(0) ?? 0, 1)}}`).join("")],
    ["\\U00000041", (text) => Array.from(text, (sign) => `\\U${digits(sign.codePointAt(0) ?? 0, 8)}`).join("")],
    [
      "\\x41",
      (text) =>
        bytes(text)
          .map((byte) => `\\x${digits(byte, 2)}`)
          .join(""),
    ],
    [
      "\\101",
      (text) =>
        bytes(text)
          .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
          .join(""),
    ],
    [
      "%41",
      (text) =>
        bytes(text)
          .map((byte) => `%${digits(byte, 2)}`)
          .join(""),
    ],
    [
      "%u0041",
      (text) =>
        units(text)
          .map((unit) => `%u${digits(unit, 4)}`)
          .join(""),
    ],
    ["&#65;", (text) => Array.from(text, (sign) => `&#${sign.codePointAt(0)};`).join("")],
    ["&#x41;", (text) => Array.from(text, (sign) => `&#x${digits(sign.codePointAt(0) ?? 0, 1)};`).join("")],
  ])("like %s are read, whatever text they stand for", (_, encode) => {
    fc.assert(fc.property(printable, (text) => expect(unescaped(`so: ${encode(text)} .`)).toBe(`so: ${text} .`)));
  });

  test("of JSON are read as JSON has it", () => {
    fc.assert(
      fc.property(printable, (text) => {
        const once = JSON.stringify(text);
        expect(unescaped(once)).toBe(`"${text}"`);
        expect(unescaped(unescaped(JSON.stringify(once)))).toBe(`""${text}""`.replace(/^"|"$/g, '"'));
      }),
    );
  });

  test("for white space are white space, and a backspace is nothing", () => {
    expect(unescaped("a\\nb\\tc\\rd\\fe\\bf")).toBe("a\nb\tc\rd ef");
  });

  test("before a sign stand for the sign, and before a line's end for nothing", () => {
    expect(unescaped("jane\\@example\\.net \\/ \\\\n \\'a\\' jane\\\nroe")).toBe("jane@example.net / \\n 'a' janeroe");
  });

  test("that mean nothing are left alone", () => {
    for (const text of [
      "\\u{41",
      "\\d+ \\w \\1 \\9",
      "100% of %d",
      "\\u12 \\x4 \\u{} \\u{110000}",
      "a & b &nosuch; &#; &#x;",
      "\\",
    ]) {
      expect(readEscapes(text, new Budget(1e9))).toBeNull();
    }
  });

  test("of single bytes above ASCII are characters where they are no UTF-8", () => {
    expect(unescaped("caf\\xe9 caf\\xc3\\xa9")).toBe("café café");
  });

  test("never bring the marks of a sheet into a text", () => {
    expect(unescaped("a\\u0000b\\u0001c\\u{2}d&#0;e&#1;f")).toBe("abcdef");
  });

  test("for a form's spaces are read where the word has percent signs", () => {
    expect(decoded("q=4111+1111&e=jane%40example.net+b")).toBe("q=4111 1111&e=jane@example.net b");
    expect(decoded("tel=+41 1+1")).toBe("tel=+41 1+1");
    expect(decoded('{"a":"x+y","u":"/?q=%41+b","c":"x+y"}')).toBe('{"a":"x+y","u":"/?q=A b","c":"x+y"}');
  });

  test("of quoted-printable are read where it is plainly that", () => {
    expect(decoded("J=C3=BCrgen")).toBe("Jürgen");
    expect(decoded("Content-Transfer-Encoding: quoted-printable\n\njane=40exam=\r\nple.net")).toEndWith(
      "\njane@example.net",
    );
    expect(decoded("width=20 height=40")).toBe("width=20 height=40");
  });
});
