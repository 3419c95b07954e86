import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BOUNDARY, Budget, CUT, MARGIN, NAME_END } from "../../../../src/scan/sheet.ts";
import { decode, holdsEncodedText, readEscapes } from "../../../../src/scan/views/decode.ts";

const budget = () => new Budget(1e9);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const ADDRESS = "jane.roe@example.net";
const MARKS = new Set([BOUNDARY, NAME_END]);
const boundaries = (text: string) => text.split(BOUNDARY).length;

const fragment = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    BOUNDARY,
    BOUNDARY,
    NAME_END + BOUNDARY,
    "\\",
    "%",
    "&#",
    "=",
    "[",
    "0x4",
    "41 ",
    "\\u00",
    "%u",
    "&amp",
    "\ud800",
  ),
  fc.string({ maxLength: 30 }).map(base64),
  fc.string({ maxLength: 30 }).map((text) => Buffer.from(text).toString("hex")),
  fc.constantFrom("jane [at] example", " at a dot com", "//4A", "word ".repeat(60)),
);
const sheets = fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(""));

describe("decoding a sheet", () => {
  test("keeps its boundaries, never grows it, and says null where nothing changes", () => {
    fc.assert(
      fc.property(sheets, (sheet) => {
        for (const rewrite of [decode, readEscapes]) {
          const rewritten = rewrite(sheet, budget());
          if (rewritten === null) continue;
          expect(rewritten).not.toBe(sheet);
          expect(boundaries(rewritten)).toBe(boundaries(sheet));
          expect(rewritten.length).toBeLessThanOrEqual(sheet.length);
        }
        expect(holdsEncodedText(sheet, budget())).toBeBoolean();
      }),
      { numRuns: 2000 },
    );
  });

  test("leaves each text in its place", () => {
    const texts = ["plain", base64(ADDRESS), `key${NAME_END}`, "jane%40example.net", ""];
    const rewritten = decode(texts.join(BOUNDARY), budget())?.split(BOUNDARY);
    expect(rewritten).toEqual(["plain", ADDRESS, `key${NAME_END}`, "jane@example.net", ""]);
  });

  test("keeps a margin of what is around a change, and cuts the rest", () => {
    const far = ". ".repeat(4 * MARGIN);
    const rewritten = decode(`${far}${BOUNDARY}${far}${base64(ADDRESS)}${far}${BOUNDARY}${far}`, budget());
    const near = ". ".repeat(MARGIN / 2);
    expect(rewritten).toBe(`${CUT}${BOUNDARY}${CUT}${near}${ADDRESS}${near}${CUT}${BOUNDARY}${CUT}`);
  });

  test("cuts no word in two", () => {
    const number = "4111111111111111";
    const rewritten = decode(`${". ".repeat(200)}${number}${" ,".repeat(MARGIN / 2 - 2)}${base64(ADDRESS)}`, budget());
    expect(rewritten).toStartWith(`${CUT}${number}`);
  });

  test("keeps what each of its steps changed", () => {
    const far = "- ".repeat(4 * MARGIN);
    const rewritten = decode(`a%40b ${far} jane at example dot net ${far} ${base64(ADDRESS)} ${far} c\\@d`, budget());
    for (const change of ["a@b", "jane@example.net", ADDRESS, "c@d"]) expect(rewritten).toContain(change);
  });

  test("undoes one encoding in another, a level at a time", () => {
    const once = decode(base64(`to ${base64(ADDRESS)}`), budget()) ?? "";
    expect(once).toBe(`to ${base64(ADDRESS)}`);
    expect(decode(once, budget())).toBe(`to ${ADDRESS}`);
  });

  test("stops when the budget is spent, and returns what it has", () => {
    const spent = new Budget(200);
    const rewritten = decode(`${base64(ADDRESS)} `.repeat(50), spent) ?? "";
    expect(spent.exhausted).toBeTrue();
    expect(rewritten).toContain(base64(ADDRESS));
  });

  test("takes work in proportion to the text", () => {
    const patterns = [
      "\\",
      "%41",
      "%41+a",
      "&#1",
      "QUJDREVGR0hJ_",
      "ZZZZ/QUJDREVGR0hJSktMTU5P",
      "Q-",
      "/",
      "41 ",
      "0x41,",
      "[at",
      `${base64(ADDRESS)}\n`,
    ];
    for (const pattern of patterns) {
      const most = new Budget(20 * 65_536);
      decode(pattern.repeat(65_536 / pattern.length), most);
      holdsEncodedText(pattern.repeat(65_536 / pattern.length), most);
      expect(most.exhausted).toBeFalse();
    }
  });
});

test("no mark of a sheet comes out of what is decoded", () => {
  const text = `${[...MARKS].join("")}${CUT}`;
  const rewritten = decode(`x ${base64(`jane.roe@example.net and ${text}`)} %00%01%02 \\u0000\\x00`, budget()) ?? "";
  for (const mark of [...MARKS, CUT]) expect(rewritten).not.toContain(mark);
});
