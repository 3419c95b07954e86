import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXCLUSIONS } from "../../../src/core/decision.ts";
import { ANALYSIS_FAULT_CODES } from "../../../src/policy/analyse/analysis-faults.ts";
import { FAULT_CODES } from "../../../src/policy/fault-codes.ts";
import { fieldsOf, SECTIONS } from "../../support/policy-shapes.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/reference/policy.md"), "utf8");

/** The rows of the first table under a heading, without its head: cells as they stand there. */
function rowsUnder(title: string): string[][] {
  const [, section] = page.split(new RegExp(`^#{2,3} ${title}$`, "m"));
  const own = section?.split(/^#{2,3} /m, 1)[0] ?? "";
  const [, table = ""] = /^\| --- .*\n((?:\|.*\n)*)/m.exec(own) ?? [];
  const lines = table.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.slice(2, -2).split(/(?<!\\) \| /));
}

describe.each(SECTIONS.map(({ title, schema }) => [title, schema] as const))("the table of %s", (title, schema) => {
  const rows = rowsUnder(title);

  test("has every key and its shape as the schema has them, and no others", () => {
    const expected = fieldsOf(schema).map(({ key, shape }) => [`\`${key}\``, shape]);
    expect(rows.map(([key, shape]) => [key, shape])).toEqual(expected);
  });

  test("says which keys must be there", () => {
    const isSaid = rows.some((cells) => cells.length === 4);
    const required = fieldsOf(schema).filter((field) => field.required);
    if (isSaid) expect(rows.filter((cells) => cells[2] === "required")).toHaveLength(required.length);
    else expect(required).toEqual([]);
  });
});

test.each([
  ["What can be wrong", FAULT_CODES],
  ["What the analysis finds", ANALYSIS_FAULT_CODES],
])("%s: every fault stands there, in its words", (title, codes) => {
  const expected = Object.entries(codes).map(([code, meaning]) => [`\`${code}\``, meaning.replaceAll("|", "\\|")]);
  expect(rowsUnder(title)).toEqual(expected);
});

test("every way to be left out of a route stands there, in its order", () => {
  const named = [...page.matchAll(/^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|/gm)].map(([, cell = ""]) => cell);
  const codes = named.flatMap((cell) => cell.split(", ").map((code) => code.replaceAll("`", "")));
  const ways: readonly string[] = EXCLUSIONS.filter((way) => way !== "not_in_route");
  expect(codes.filter((code) => ways.includes(code))).toEqual([...ways]);
});
