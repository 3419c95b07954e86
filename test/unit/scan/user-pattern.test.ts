import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import { RE2JS } from "re2js";
import type { View } from "../../../src/core/finding.ts";
import { compileScan } from "../../../src/scan/compile.ts";
import { scan } from "../../../src/scan/scan.ts";
import type { UserPattern } from "../../../src/scan/user-pattern.ts";
import { scanFor } from "../../support/compiled-scan.ts";

const STAFF: UserPattern = { id: "staff_number", pattern: "\\bE-[0-9]{5}\\b", keywords: ["employee"] };
const CODE = "pattern.staff_number";
/** What an audit row lets in as a code. */
const AUDITABLE = /^[a-z][a-z0-9_.-]{0,99}$/;

const findingsOf = (body: Parameters<typeof scan>[0]["body"], ...patterns: readonly UserPattern[]) =>
  scan({ body, task: null }, scanFor([], { patterns }));
const codesIn = (text: string, pattern: UserPattern = STAFF) => findingsOf({ text }, pattern).map(({ code }) => code);
const viewOf = (text: string, pattern: UserPattern = STAFF) => findingsOf({ text }, pattern)[0]?.view ?? null;

function faultsOf(...patterns: readonly UserPattern[]): readonly string[] {
  const compiled = compileScan({ keywords: [], detectSensitiveData: false, patterns });
  return compiled.ok ? [] : compiled.error.map(({ message }) => message);
}

afterEach(() => {
  mock.restore();
});

describe("a pattern of the policy", () => {
  test("is found beside its keyword and told by its id", () => {
    expect(findingsOf({ text: "The employee is E-12345." }, STAFF)).toEqual([
      { code: CODE, path: "/text", view: "raw", count: 1 },
    ]);
    expect(codesIn("The person is E-12345.")).toEqual([]);
    expect(codesIn("The employee is E-1234.")).toEqual([]);
  });

  test("has a keyword in any case, of which any one is enough", () => {
    const either = { ...STAFF, keywords: ["Staff Member", "EMPLOYEE"] };
    expect(codesIn("staff\n member E-12345", either)).toEqual([CODE]);
    expect(codesIn("Employee E-12345", either)).toEqual([CODE]);
  });

  test("is in the syntax of RE2, with its classes and flags", () => {
    expect(codesIn("EMPLOYEE e-12345", { ...STAFF, pattern: "(?i)e-\\d{5}" })).toEqual([CODE]);
    expect(codesIn("employee Ünal", { ...STAFF, pattern: "\\p{Lu}nal" })).toEqual([CODE]);
    expect(codesIn("employee x", { ...STAFF, pattern: "(?P<name>employee) x$" })).toEqual([CODE]);
  });

  test.each(["(?=a)b", "(?<=a)b", "(a)\\1", "[", "a{1001}", "(?:a{1,1000}){1,1000}"])(
    "is refused where it is not: %s",
    (pattern) => {
      const [fault = "", ...more] = faultsOf({ ...STAFF, pattern });
      expect(more).toEqual([]);
      expect(fault).toContain("staff_number");
      expect(fault).toContain("RE2");
      expect(fault).not.toContain(pattern);
    },
  );

  test.each(["(a+)+$", "(a|a)*b$", "(a*)*[0-9]", "(.*)(.*)(.*)(.*)[0-9]$"])(
    "takes linear time, even where another engine would not end: %s",
    (pattern) => {
      const text = `employee ${"a".repeat(60_000)}!`;
      expect(codesIn(text, { ...STAFF, pattern })).not.toContain("keyword");
    },
  );

  test("is charged by its size, so that many runs of a large one are given up", () => {
    const large = { ...STAFF, pattern: "(?:[a-z ]{1,20}){1,22}[0-9]" };
    const text = "an employee again ".repeat(6);
    expect([codesIn("an employee again", large), codesIn(text, large)]).toEqual([[], ["scan.budget_exceeded"]]);
    expect(codesIn(text)).toEqual([]);
    const [fault = ""] = faultsOf({ ...STAFF, pattern: "(?:[a-z ]{1,30}){1,30}[0-9]" });
    expect(fault).toBe("Pattern staff_number is too large: make its counted repetitions shorter.");
  });

  test.each([
    [[]],
    [["ab"]],
    [["employee", "ab"]],
    [[""]],
    [["employee", "  "]],
    [["a\u0301b"]],
    [["\u200b\u200b\u200b"]],
  ])("needs keywords of three characters and more, as they are read: %j", (keywords) => {
    expect(faultsOf({ ...STAFF, keywords })).toEqual([
      "Pattern staff_number needs a keyword, and each of at least 3 characters.",
    ]);
  });

  test.each(["密密密", "a\u0301bc", "abc"])("has enough in %j", (keyword) => {
    expect(faultsOf({ ...STAFF, keywords: [keyword] })).toEqual([]);
  });

  test.each(["", "A", "1a", "a-b", "a.b", "a b", "_a", "ä", "a\n", "a".repeat(65)])("may not be called %j", (id) => {
    const [fault = ""] = faultsOf({ ...STAFF, id });
    expect(fault).toStartWith("Pattern 1 of the list needs an id");
  });

  test.each(["a", "a1_", "a".repeat(64)])("may be called %j, which an audit row lets in", (id) => {
    const [finding] = findingsOf({ text: "employee E-12345" }, { ...STAFF, id });
    expect(finding?.code).toBe(`pattern.${id}`);
    expect(finding?.code).toMatch(AUDITABLE);
  });

  test("is refused with all its faults and those of the others, none of which quotes what is looked for", () => {
    const wrong = { id: "No Good", pattern: "(secret-form", keywords: ["xy"] };
    const faults = faultsOf(STAFF, wrong, { ...STAFF, id: "other", keywords: [] });
    expect(faults).toHaveLength(4);
    expect(faults.slice(0, 3).every((fault) => fault.startsWith("Pattern 2 of the list "))).toBe(true);
    expect(faults[3]).toStartWith("Pattern other ");
    for (const word of ["secret-form", "xy", "No Good"]) expect(faults.join()).not.toContain(word);
  });

  test("has an id of its own", () => {
    expect(faultsOf(STAFF, { ...STAFF, id: "b" }, { ...STAFF, keywords: ["badge"] })).toEqual([
      "Patterns 1 and 3 of the list have the same id.",
    ]);
  });

  test("is told apart from others", () => {
    const other = { ...STAFF, id: "badge", pattern: "B-[0-9]", keywords: ["badge", "employee"] };
    const codes = findingsOf({ text: "employee E-12345 has B-7" }, STAFF, other).map(({ code }) => code);
    expect(codes.toSorted()).toEqual(["pattern.badge", CODE]);
  });

  test("is looked for within 512 characters around the keyword", () => {
    const before = (distance: number) => `E-12345 ${"x".repeat(distance - 9)} employee`;
    expect(codesIn(`zz ${before(256)}`)).toEqual([CODE]);
    expect(codesIn(`${"z".repeat(300)} ${before(262)}`)).toEqual([]);
    const behind = (distance: number) => `${"z".repeat(300)} employee${"x".repeat(distance - 9)} E-12345`;
    expect(codesIn(behind(249))).toEqual([CODE]);
    expect(codesIn(behind(255))).toEqual([]);
    expect(codesIn(`employee ${"x".repeat(480)} E-12345`)).toEqual([CODE]);
  });

  test("is not looked for in the texts beside", () => {
    const any = { ...STAFF, pattern: "[0-9]{5}" };
    expect(findingsOf({ messages: [{ content: "employee" }], user: "12345" }, any)).toEqual([]);
    expect(findingsOf({ user: "12345", metadata: { note: "employee" }, seed: 12_345 }, any)).toEqual([]);
    const anchored = { ...STAFF, pattern: "^employee$" };
    expect(findingsOf({ x_a: "before", x_b: ["employee"], x_c: "behind" }, anchored)).toMatchObject([
      { path: "/x_b/0" },
    ]);
  });

  test.each<[View, string]>([
    ["normalised", "ｅｍｐｌｏｙｅｅ Ｅ－１２３４５"],
    ["normalised", "emp\u200bloyee E-12\u200b345"],
    ["joined", "e m p l o y e e   E - 1 2 3 4 5 it is"],
    ["decoded", Buffer.from("The employee is E-12345.").toString("base64")],
    ["decoded", Buffer.from("The employee is E-12345.").toString("hex")],
    ["decoded", "The%20employee%20is%20E%2D12345"],
  ])("is found where the text is read otherwise: %s", (view, text) => {
    expect(viewOf(text)).toBe(view);
  });

  test("is found over two texts that stand side by side", () => {
    expect(findingsOf({ input: ["the employee", "E-12345"] }, STAFF)).toMatchObject([{ code: CODE, path: "/input" }]);
  });

  test("counts as found where it fails to run", () => {
    const compiled = scanFor([], { patterns: [STAFF] });
    spyOn(RE2JS.prototype, "matcher").mockImplementation(() => {
      throw new Error("no");
    });
    const codes = (text: string) => scan({ body: { text }, task: null }, compiled).map(({ code }) => code);
    expect(codes("an employee")).toEqual([CODE]);
    expect(codes("nobody")).toEqual([]);
  });

  test("is as sure as it says, by itself beside the detectors", () => {
    const body = { text: "employee E-12345" };
    const codes = (pattern: UserPattern, threshold: "weak" | "medium" | "strong") =>
      scan({ body, task: null }, scanFor([], { detectSensitiveData: true, patterns: [pattern], threshold })).length;
    expect([codes(STAFF, "medium"), codes(STAFF, "strong")]).toEqual([1, 0]);
    expect([codes({ ...STAFF, strength: "weak" }, "medium"), codes({ ...STAFF, strength: "weak" }, "weak")]).toEqual([
      0, 1,
    ]);
    expect(codes({ ...STAFF, strength: "strong" }, "strong")).toBe(1);
  });
});
