import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BOUNDARY, Budget } from "../../../../src/scan/sheet.ts";
import { unmask } from "../../../../src/scan/views/unmask.ts";

const read = (text: string) => unmask(text, new Budget(0)) ?? text;

describe("an unmasked reading", () => {
  test.each([
    ["раsswоrd", "password"],
    ["Ρassword", "Password"],
    ["НОМЕ ВОХ", "HOME BOX"],
    ["ꓑꓮꓢꓢ ᏢᎪᏚᏚ", "PASS PASS"],
    ["ᴘᴀꜱꜱᴡᴏʀᴅ", "password"],
    ["🅿🅰🆂🆂 🅟🅐🅢🅢 ⒫⒜⒮⒮ 🇵🇦🇸🇸", "PASS PASS pass PASS"],
    ["❶❷❸ ⓿ ⑴", "123 0 1"],
    ["pаss\u200bwоrd", "pass\u200bword"],
    ["请用passwоrd登录", "请用password登录"],
    ["pøsswörd łódź", "posswörd lódź"],
    ["іІӀ", "iII"],
    ["http∶⁄⁄a․b", "http://a.b"],
    ["user@example。com ａ。ｂ", "user@example.com ａ.ｂ"],
    ["090ー1234", "090-1234"],
  ])("reads %j as %j", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ["ОО7 911 lІІ", "007 911 lII"],
    ["4ІІІ", "4111"],
    ["4ІІІ ІІІ4", "4111 1114"],
    ["２О", "２0"],
    ["ОК О", "OK O"],
  ])("takes a round or straight letter for a digit beside one: %j", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    "plain text",
    "привет, мир",
    "人工智能。ノート 丶",
    "ニュース。テスト",
    "naïve café",
    "한국어",
    "الرياض",
    "“quoted” – dashed…",
    "",
  ])("is none of what is no disguise: %j", (text) => {
    expect(unmask(text, new Budget(0))).toBeNull();
  });

  test("leaves words that have letters which look like none of ASCII, unless they are mixed", () => {
    expect(read("секретный")).toBe("секретный");
    expect(read("сeкретный")).toBe("cekpethый");
    expect(read("wordсы")).toBe("wordcы");
  });

  test("keeps the boundaries of a sheet, and no text of two reaches over them", () => {
    expect(read(`аbc${BOUNDARY}секретный`)).toBe(`abc${BOUNDARY}секретный`);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("а", "О", "1", "x", BOUNDARY, "。", "𝐀", " ") }), (sheet) => {
        expect(read(sheet).split(BOUNDARY)).toHaveLength(sheet.split(BOUNDARY).length);
      }),
    );
  });
});
