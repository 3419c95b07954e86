import { describe, expect, test } from "bun:test";
import type { ChatRole } from "../../../src/core/chat.ts";
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
      { code: "keyword", path: "/messages/1/content", count: 1 },
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

  test("says where and how many, never what", () => {
    const findings = scan(chatRequest("alpha and beta"), compileScan(["alpha", "beta", "ALPHA"]));
    expect(findings).toEqual([{ code: "keyword", path: "/messages/0/content", count: 2 }]);
  });
});
