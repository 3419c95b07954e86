import { describe, expect, test } from "bun:test";
import { compileScan } from "../../../src/scan/compile.ts";
import { STRENGTHS, type Strength } from "../../../src/scan/detector.ts";
import { scan } from "../../../src/scan/scan.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import { luhnDigit } from "../../support/sensitive-values/credit-card.ts";

const MAIL = ["jane.roe", "mail.example.org"].join("@");
const codesOf = (text: string, compiled: ReturnType<typeof scanFor>) =>
  scan({ body: { text }, task: null }, compiled).map(({ code }) => code);

describe("a compiled scan", () => {
  test("looks for what it is told to, and for nothing else", () => {
    const text = `geheim ${MAIL}`;
    expect(codesOf(text, scanFor([]))).toEqual([]);
    expect(codesOf(text, scanFor(["geheim"]))).toEqual(["keyword"]);
    expect(codesOf(text, scanFor([], { detectSensitiveData: true }))).toEqual(["pii.email"]);
    expect(codesOf(text, scanFor(["geheim"], { detectSensitiveData: true })).toSorted()).toEqual([
      "keyword",
      "pii.email",
    ]);
  });

  test("is active where there is anything to look for", () => {
    const pattern = { id: "a", pattern: "a", keywords: ["abc"] };
    expect([scanFor([]).active, scanFor(["", " "]).active]).toEqual([false, false]);
    expect([scanFor(["a"]).active, scanFor([], { detectSensitiveData: true }).active]).toEqual([true, true]);
    expect(scanFor([], { patterns: [pattern] }).active).toBe(true);
  });

  test("reports what is as sure as its threshold, which is medium", () => {
    const card = (body: string) => body + luhnDigit(body);
    const digits = card("413021302130213");
    const texts = { weak: `a number ${card("350213021302130")}.`, medium: `cc${digits}`, strong: `it is ${digits}` };
    const foundFrom = (threshold: Strength) => {
      const compiled = scanFor([], { detectSensitiveData: true, threshold });
      return STRENGTHS.filter((strength) => codesOf(texts[strength], compiled).includes("pii.credit_card"));
    };
    expect(foundFrom("weak")).toEqual(["weak", "medium", "strong"]);
    expect(foundFrom("medium")).toEqual(["medium", "strong"]);
    expect(foundFrom("strong")).toEqual(["strong"]);
    expect(scanFor([]).threshold).toBe("medium");
  });

  test("is refused where the keywords are too many for the automaton, and none of them is quoted", () => {
    const keywords = Array.from(
      { length: 6_000 },
      (_, index) => `secret${String.fromCharCode(0x4e00 + index).repeat(3)}`,
    );
    const compiled = compileScan({ keywords, detectSensitiveData: false });
    expect(compiled).toMatchObject({ ok: false });
    expect(JSON.stringify(compiled)).not.toContain("secret");
    expect(JSON.stringify(compiled)).toContain("use fewer");
  });

  test("has room for some thousand keywords beside the detectors", () => {
    const keywords = Array.from({ length: 2_000 }, (_, index) => `customer ${index * 7_919} of acme`);
    expect(codesOf(`the ${keywords[1_999]}.`, scanFor(keywords, { detectSensitiveData: true }))).toContain("keyword");
  });

  test("takes a keyword for one, however often and in whichever case it is given", () => {
    const findings = scan({ body: { text: "Acme" }, task: null }, scanFor(["acme", "ACME", "Acme"]));
    expect(findings).toMatchObject([{ code: "keyword", count: 1 }]);
  });

  test("takes keywords that overlap as two, and one that ends another as that one", () => {
    const findings = scan(
      { body: { text: "blue heron seven" }, task: null },
      scanFor(["blue heron", "heron seven", "heron"]),
    );
    expect(findings).toMatchObject([{ code: "keyword", count: 2 }]);
  });

  test("finds a keyword that is also what a detector or a word of context is", () => {
    const compiled = scanFor(["password", "akia", "@", "card"], { detectSensitiveData: true });
    for (const text of ["the password is lost", "AKIA what", "a @ b", "a card"])
      expect(codesOf(text, compiled)).toContain("keyword");
  });
});
