import { describe, expect, test } from "bun:test";
import { encodedForms, standsAlone } from "../../../src/scan/encoded-keyword.ts";
import { scan } from "../../../src/scan/scan.ts";
import { scanFor } from "../../support/compiled-scan.ts";

const find = (keywords: readonly string[], text: string) => scan({ body: { text }, task: null }, scanFor(keywords));
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const hex = (text: string): string => Buffer.from(text).toString("hex");

describe("a short keyword in an encoding", () => {
  test.each(["acme", "Acme", "ACME"])("is found by itself, in the cases that people write: %s", (written) => {
    for (const text of [
      base64(written),
      hex(written),
      hex(written).toUpperCase(),
      base64(written).replace(/=+$/, ""),
    ]) {
      for (const around of [text, `see ${text}, ok`, `(${text})`, `"${text}"`]) {
        expect(find(["acme"], around)).toEqual([{ code: "keyword", path: "/text", view: "decoded", count: 1 }]);
      }
    }
  });

  test("is found in base64url and where it is not ASCII", () => {
    const keyword = "ü>?é";
    expect(Buffer.from(keyword).toString("base64url")).not.toBe(base64(keyword));
    expect(find([keyword], Buffer.from(keyword).toString("base64url"))).toHaveLength(1);
    expect(find([keyword], base64(keyword))).toHaveLength(1);
  });

  test("is not found in other cases of the encoding, nor as a part of something else", () => {
    const text = base64("acme");
    expect(find(["acme"], text.toLowerCase())).toEqual([]);
    for (const other of [
      `x${text.slice(0, 6)}`,
      `${text.slice(0, 6)}x`,
      `/${text}`,
      `a-${hex("acme")}`,
      `${hex("acme")}0`,
    ]) {
      expect(find(["acme"], other), other).toEqual([]);
    }
  });

  test("is counted once where the keyword is given in two cases", () => {
    expect(find(["acme", "ACME", "acme"], base64("acme"))).toMatchObject([{ count: 1 }]);
    expect(find(["acme", "ACME", "acme"], "acme")).toMatchObject([{ count: 1 }]);
  });

  test("has forms only from 3 bytes to 11", () => {
    expect(encodedForms("ab")).toEqual([]);
    expect(encodedForms("a".repeat(12))).toEqual([]);
    expect(encodedForms("abc").toSorted()).toEqual(["414243", "416263", "616263", "QUJD", "QWJj", "YWJj"]);
    expect(new Set(encodedForms("a".repeat(11))).size).toBe(encodedForms("a".repeat(11)).length);
    expect(encodedForms("a".repeat(11))).not.toEqual([]);
  });

  test("stands alone where no digit of an encoding is beside it", () => {
    expect(standsAlone("YWJj", 0, 4)).toBe(true);
    expect(standsAlone(" YWJj=", 1, 5)).toBe(true);
    for (const unit of ["a", "Z", "0", "+", "/", "_", "-"]) {
      expect(standsAlone(`${unit}YWJj`, 1, 5)).toBe(false);
      expect(standsAlone(`YWJj${unit}`, 0, 4)).toBe(false);
    }
  });
});

describe("a short keyword that is spelled out", () => {
  test.each(["M & A", "m.&.a", "M-&-A", "about M_&_A now"])("is found: %s", (text) => {
    expect(find(["M&A"], text).map(({ code }) => code)).toEqual(["keyword"]);
  });

  test("is not what only has the same letters", () => {
    expect(find(["M&A"], "M and A, m a")).toEqual([]);
  });
});
