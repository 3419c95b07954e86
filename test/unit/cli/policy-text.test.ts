import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { counted, rows, WIDTH, wrap } from "../../../src/cli/command/text.ts";

describe("text for a terminal", () => {
  test("counts", () => {
    expect([counted(0, "rule"), counted(1, "rule"), counted(2, "rule")]).toEqual(["0 rules", "1 rule", "2 rules"]);
  });

  test("is broken at spaces, and keeps long words whole", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("a verylongwordindeed b", 6)).toEqual(["a", "verylongwordindeed", "b"]);
    expect(wrap("", 6)).toEqual([""]);
  });

  test("loses nothing when it is broken, and is too wide only for one word", () => {
    const words = fc.array(
      fc.string({ minLength: 1 }).filter((word) => !word.includes(" ")),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 40 }), (parts, width) => {
        const lines = wrap(parts.join(" "), width);
        expect(lines.join(" ")).toBe(parts.join(" "));
        for (const line of lines) expect(line.length <= width || !line.includes(" ")).toBe(true);
      }),
      { seed: 20_261_122 },
    );
  });

  test("has names in a column and what they stand for beside them, within the width", () => {
    const long = "word ".repeat(40).trim();
    const lines = rows([
      ["a", "first"],
      ["longer", long],
    ]);
    expect(lines.slice(0, 2)).toEqual(["  a       first", `  longer  ${"word ".repeat(14).trim()}`]);
    expect(lines[2]?.startsWith(`${" ".repeat(10)}word`)).toBe(true);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(WIDTH);
    expect(rows([])).toEqual([]);
  });
});
