import { describe, expect, test } from "bun:test";
import { evasion } from "../../../../src/scan/detectors/evasion.ts";
import { BOUNDARY } from "../../../../src/scan/sheet.ts";
import { cpuMsOf } from "../../../support/cpu-time.ts";

const found = (text: string) => evasion.flatMap(({ look }) => look(text).map(({ code, strength }) => [code, strength]));
const tags = (text: string) => Array.from(text, (at) => String.fromCodePoint(0xe0000 + at.charCodeAt(0))).join("");
const long = "word ".repeat(100);

describe("signs of an evasion", () => {
  test.each([
    ["pass\u200bword", "evasion.invisible", "medium"],
    ["4111\u20601111", "evasion.invisible", "medium"],
    ["a\u200d\u200db", "evasion.invisible", "medium"],
    ["p\ufe0fass", "evasion.invisible", "medium"],
    [`${long}pass\u200bword`, "evasion.invisible", "weak"],
    [`${long}pa\u200bss\u200bword`, "evasion.invisible", "medium"],
    [`hi${tags("secret")}`, "evasion.tag_characters", "strong"],
    [`\u{1f3f4}${tags("a whole sentence")}\u{e007f}`, "evasion.tag_characters", "strong"],
    ["😀\u{e0150}\u{e0151}\u{e0152}", "evasion.variation_selectors", "strong"],
    ["раsswоrd", "evasion.mixed_script", "medium"],
    ["Рassword", "evasion.mixed_script", "medium"],
    ["pаypal.com", "evasion.mixed_script", "medium"],
    ["ΡΑSSWORD", "evasion.mixed_script", "medium"],
    ["ᏢASSWORD", "evasion.mixed_script", "medium"],
    ["pаss\u200bwоrd", "evasion.mixed_script", "medium"],
    ["see \u202edrowssap\u202c", "evasion.bidi_override", "medium"],
    ["\u202dabc", "evasion.bidi_override", "medium"],
  ])("are in %j: %s, %s", (text, code, strength) => {
    expect(found(text)).toContainEqual([code, strength]);
  });

  test.each([
    "plain text",
    "so\u00adft hy\u00adphen",
    "\ufeffThe beginning",
    "میخواهم می\u200cخواهم",
    "क्\u200dष श्री\u200c",
    "👩\u200d👩\u200d👧 ok",
    "1\ufe0f\u20e3 2\ufe0f3 #\ufe0f\u20e3",
    "foo/\u200bbar-\u200bbaz",
    "❤️\ufe0f\ufe0f葛\u{e0100}",
    `\u{1f3f4}${tags("gbeng")}\u{e007f} and \u{1f3f4}${tags("usca")}\u{e007f}`,
    "Δt µm λx σmax αtest πr² µTorrent",
    "IT-компания SMSкод SMSу PDFа HTTPс Wi-Fi-сеть",
    "привет мир рост сор ΟΔΟΣ",
    "\\fIНОВА\\fP \\nСТАТЕ",
    "وWindows הGoogle",
    "مرحبا \u200fabc\u200e \u202babc\u202c \u2066abc\u2069",
    "\u202e\u202c abc",
    "カタカナtestテスト 日本語abc",
    "naïve façade Ångström",
    "сat xо",
    "dἁιᾁἉΙ",
    "xкmмyн",
  ])("are not in %j", (text) => {
    expect(found(text)).toEqual([]);
  });

  test("are counted for each text of a sheet", () => {
    const sheet = ["a\u200bb", "plain", "c\u200bd"].join(BOUNDARY);
    expect(found(sheet)).toHaveLength(2);
    expect(found(["a\u200b", "b", "ра", "ssword"].join(BOUNDARY))).toEqual([]);
  });

  test("say where they are", () => {
    const text = "so pass\u200b\u200bword";
    const [match] = evasion.flatMap(({ look }) => look(text));
    expect(match).toMatchObject({ start: 7, end: 9 });
  });

  test("are looked for in linear time", () => {
    const tookMs = cpuMsOf(() => {
      for (const unit of ["a\u200b", "\u200b", "а", "аb", "\u202e", "\u{e0041}", "\u{e0150}", "\u{1f3f4}\u{e0041}"]) {
        found(unit.repeat(100_000));
        found(`${unit}${BOUNDARY}`.repeat(50_000));
      }
    });
    expect(tookMs).toBeLessThan(3_000);
  });
});
