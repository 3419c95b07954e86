import { describe, expect, test } from "bun:test";
import type { ChatRole } from "../../../src/core/chat.ts";
import { fold } from "../../../src/scan/fold.ts";
import { compileScan, scan } from "../../../src/scan/scan.ts";
import { chatRequest } from "../../support/deps.ts";

const finds = (keyword: string, text: string) => scan(chatRequest(text), compileScan([keyword])).length === 1;

describe("scan", () => {
  test.each(["system", "user", "assistant"] satisfies ChatRole[])("looks into messages of the %s", (role) => {
    const messages = [
      { role: "user" as const, content: "nothing here" },
      { role, content: "the Secret is out" },
      { role: "user" as const, content: "nothing here either" },
    ];
    expect(scan(chatRequest("", { messages }), compileScan(["secret"]))).toEqual([
      { code: "keyword", path: "/messages/1/content" },
    ]);
  });

  test.each([
    ["secret", "SECRET"],
    ["Secret", "sEcReT"],
    ["secret", "ｓｅｃｒｅｔ"],
    ["secret", "𝐬𝐞𝐜𝐫𝐞𝐭"],
    ["ﬁle", "FILE"],
    ["straße", "STRASSE"],
    ["STRASSE", "straße"],
    ["ΟΔΟΣ", "οδοσ"],
    ["οδος", "ΟΔΟΣΑ"],
    ["café", "CAFE\u0301"],
    ["straße", "STRAẞE"],
    ["project falcon", "Project\n  FALCON"],
    ["project\tfalcon", "project\u3000falcon"],
    ["ΐota", "\u03aa\u0301OTA"],
    ["ﷺ", "صلى الله عليه وسلم"],
  ])("takes %j and %j as the same", (keyword, text) => {
    expect(finds(keyword, `before ${text} after`)).toBe(true);
  });

  test("finds a phrase inside a word, since a compound can be as telling", () => {
    expect(finds("konto", "Bankkontonummer")).toBe(true);
  });

  test("does not find what is not there", () => {
    expect(finds("secret", "secre t")).toBe(false);
  });

  test("finds nothing without keywords, and blank keywords match nothing", () => {
    expect(scan(chatRequest("anything"), compileScan([]))).toEqual([]);
    expect(scan(chatRequest("anything"), compileScan(["", "  "]))).toEqual([]);
  });

  test("takes every letter and all its forms as the same", () => {
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const letter = String.fromCodePoint(codePoint);
      const folded = fold(letter);
      for (const form of [letter.toLowerCase(), letter.toUpperCase(), letter.normalize("NFKD"), folded ?? ""]) {
        if (fold(form) !== folded) throw new Error(`U+${codePoint.toString(16)} is not as its form ${form}`);
      }
    }
  });

  test.each(["a\u0301\u0323", "\u3099", "ｶ\uff9e\uff9f"])(
    "gives up on endless marks %j instead of taking for ever",
    (unit) => {
      const endless = `x${unit.slice(1).repeat(500_000) || unit.repeat(500_000)}`;
      expect(scan(chatRequest(endless), compileScan(["secret"]))).toEqual([
        { code: "unscannable", path: "/messages/0/content" },
      ]);
    },
  );

  test("gives up on a long text of letters that stand for many, and reads a short one", () => {
    expect(scan(chatRequest("\ufdfa".repeat(100_000)), compileScan(["secret"]))).toMatchObject([
      { code: "unscannable" },
    ]);
    expect(finds("secret", `${"\ufdfa".repeat(100)} secret`)).toBe(true);
  });

  test("reads text with as many marks as writing has", () => {
    expect(finds("secret", `${"e\u0301\u0323\u0308".repeat(10_000)} secret`)).toBe(true);
  });

  test("says where, never what", () => {
    const findings = scan(chatRequest("alpha and beta"), compileScan(["alpha", "beta", "ALPHA"]));
    expect(findings).toEqual([{ code: "keyword", path: "/messages/0/content" }]);
  });
});
