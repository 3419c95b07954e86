import { describe, expect, test } from "bun:test";
import { foldKeyword } from "../../../../src/scan/views/fold.ts";

describe("the forms of a keyword", () => {
  test.each([
    ["Secret", ["secret"]],
    ["ＳＥＣＲＥＴ", ["secret"]],
    ["se\u200bcret\u0007", ["secret"]],
    ["Straße", ["strasse"]],
    ["café", ["cafe"]],
    ["  Project \n  Falcon ", ["project falcon", "projectfalcon"]],
    ["a b", ["a b"]],
    ["機密", ["機密"]],
    ["***", ["***"]],
    ["C++", ["c++"]],
    ["секрет", ["секрет", "cekpet"]],
    ["СЕКРЕТ", ["секрет", "cekpet"]],
    ["раssword", ["раssword", "password"]],
    ["секретный", ["секретныи", "cekpethыи"]],
  ])("of %j are %j", (keyword, forms) => {
    expect(foldKeyword(keyword)).toEqual(forms);
  });

  test.each(["", "  ", "\u200b", "\u0301", "\u0000\u0001\u0002"])("are none of nothing: %j", (keyword) => {
    expect(foldKeyword(keyword)).toEqual([]);
  });

  test.each(["ор", "סוס", "ο"])("have no look-alike too short to tell anything: %j", (keyword) => {
    expect(foldKeyword(keyword)).toEqual([keyword]);
  });

  test("have what the capitals look like, which may be other letters", () => {
    expect(foldKeyword("ηλιος")).toContain("hλioσ");
  });

  test("keep all of a long keyword", () => {
    const long = "x ".repeat(300);
    expect(foldKeyword(`é ${long}é`)[0]).toBe(`e ${long}e`);
  });
});
