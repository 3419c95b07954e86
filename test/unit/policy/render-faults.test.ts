import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/policy/fault.ts";
import { renderFaults } from "../../../src/policy/render-faults.ts";
import { altered, FULL_POLICY, faultsOf } from "../../support/policy-file.ts";

const rendered = (text: string) => renderFaults("policy.yaml", text, faultsOf(text));
const faultAt = (line: number, column: number, length: number): Fault => ({
  severity: "error",
  code: "syntax",
  message: "Wrong.",
  path: "",
  position: { line, column, length },
  suggestion: null,
});
/** The line and what is below it. */
const excerpt = (text: string, ...at: [line: number, column: number, length: number]) =>
  renderFaults("f", text, [faultAt(...at)])
    .split("\n")
    .slice(1, 3);

describe("a fault is rendered", () => {
  test("with its place, its line, a caret and what was meant", () => {
    expect(rendered(altered("threshold: medium", "threshold: mediun"))).toBe(
      `policy.yaml:9:14: error: Expected weak, medium or strong.
   9 |   threshold: mediun
     |              ^^^^^^ did you mean "medium"?
`,
    );
  });

  test("apart from the next one by an empty line, and warnings as such", () => {
    const text = FULL_POLICY.replace("zones_except: [local]", "zones: [cloud]").replace("zone: europe", "zon: europe");
    expect(rendered(text)).toBe(`policy.yaml:24:5: error: Nothing here is called "zon".
  24 |     zon:…
     |     ^^^ did you mean "zone"?
`);
    const two = rendered(altered("signals:\n", "singals:\n"));
    expect(two.split("\n\n")).toHaveLength(faultsOf(altered("signals:\n", "singals:\n")).length);
    expect(rendered(altered("zones_except: [local]", "zones: [cloud]"))).toContain("policy.yaml:56:23: warning: ");
  });

  test("and nothing at all for none", () => {
    expect(renderFaults("f", "a: 1", [])).toBe("");
  });

  test("with the caret below what is meant, whatever stands before it", () => {
    expect(excerpt("\t\tname: x", 1, 9, 1)).toEqual(["   1 |   name:…", "     |        ^"]);
    expect(excerpt("name: 日本 x", 1, 10, 1)).toEqual(["   1 | name: 日本 x", "     |            ^"]);
    expect(excerpt("name: e\u0301 x", 1, 10, 1)).toEqual(["   1 | name: e\u0301 x", "     |         ^"]);
    expect(excerpt("name: 😀 x", 1, 7, 2)).toEqual(["   1 | name: 😀 x", "     |       ^^"]);
    expect(excerpt("\u{feff}name: x\r\nversion: y\r\n", 2, 10, 1)).toEqual(["   2 | version: y", "     |          ^"]);
  });

  test("past the end of a line, where something is missing", () => {
    expect(excerpt("name:", 1, 6, 1)).toEqual(["   1 | name:", "     |      ^"]);
    expect(excerpt("", 1, 1, 1)).toEqual(["   1 |", "     | ^"]);
  });

  test("with no more of a long line than is near the caret", () => {
    const [line = "", caret = ""] = excerpt(`name: ${"x".repeat(5_000)}`, 1, 3_000, 4);
    expect(line.length).toBeLessThan(120);
    expect(line).toMatch(/^ {3}1 \| …x+…$/);
    expect(caret).toMatch(/^ {5}\| {52}\^{4}$/);
  });

  test("without anything that a terminal would obey", () => {
    const shown = renderFaults("a\u001b[2Jb", "name: \u001b[31m\u202e", [faultAt(1, 7, 1)]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
    expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });
});

describe("of a line is hidden", () => {
  test.each([
    ["keywords", "    keywords: [geheim]", 15, "    keywords:…"],
    ["keywords in brackets", "  vip: { keywords: [geheim] }", 3, "  vip:…"],
    ["an API key", "    api_key: geheim", 14, "    api_key:…"],
    ["a URL, which may have credentials", "    base_url: https://me:geheim@x", 15, "    base_url:…"],
    ["what stands under a key that nobody knows", "  kewords: [geheim]", 3, "  kewords:…"],
    ["what stands under a key in quotes", '  "keywords": [geheim]', 3, '  "keywords":…'],
    ["an item of a list", "      - geheim", 9, "      - …"],
    ["what goes on from the line before", "      geheim, geheim ]", 7, "      …"],
    ["what goes on from the line before, with a key behind it", "      geheim], groups: [pii] }", 16, "      …"],
    ["what stands under a signal", "  geheim", 3, "  …"],
  ])("%s", (_what, line, column, shown) => {
    expect(excerpt(line, 1, column, 3)[0]).toBe(`   1 | ${shown}`);
  });

  test("in time linear in the line", () => {
    for (const line of [
      "a".repeat(200_000),
      "a ".repeat(100_000),
      '"'.repeat(200_000),
      `a${" ".repeat(200_000)}`,
      "a: ".repeat(60_000),
    ]) {
      expect(excerpt(line, 1, 100_000, 50_000).join("").length).toBeLessThan(400);
    }
  });

  test.each([
    [
      "keywords of a pattern",
      "      - { id: customer_number, pattern: 'C-\\d{6}', keywords: [C-], strength: medium }",
      "      - { id: customer_number, pattern:…",
    ],
    ["a comment", '    keywords: [falcon, "two words"] # words of ours', "    keywords:…"],
    ["nothing where it says where things go", "    when: { signal: [project, personal] }", null],
  ])("%s", (_what, line, shown) => {
    const at = FULL_POLICY.split("\n").indexOf(line) + 1;
    expect(excerpt(FULL_POLICY, at, 5, 3)[0]).toBe(`  ${at} | ${shown ?? line}`);
  });

  test("the text of a test", () => {
    const text = altered("given: { signals: [project],", "given: { stream: true, text: geheim, signals: [project],");
    const at = text.split("\n").findIndex((line) => line.includes("geheim")) + 1;
    expect(excerpt(text, at, 5, 5)[0]).toBe(`  ${at} |     given: { stream: true, text:…`);
  });

  test("all but words of the schema where the text is no YAML", () => {
    const broken = (line: string) => {
      const text = `${altered('    keywords: [falcon, "two words"] # words of ours', line)}"`;
      return excerpt(text, text.split("\n").indexOf(line) + 1, 1, 1)[0]?.slice(7);
    };
    expect(broken("      - northwind: mutual")).toBe("      - …");
    expect(broken("northwind: mutual")).toBe("…");
    expect(broken("      - model: geheim")).toBe("      - model:…");
    expect(broken("    keywords: [geheim]")).toBe("    keywords:…");
  });
});
