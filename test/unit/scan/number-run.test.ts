import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_GROUPS, NumberRun } from "../../../src/scan/number-run.ts";

const run = new NumberRun();
function groupsOf(text: string, at = 0): readonly string[] {
  run.read(text, at);
  return Array.from({ length: run.count }, (_, group) => text.slice(run.start(group), run.end(group)));
}

describe("a run of digit groups", () => {
  test.each([
    ["4111 1111-1111.1111 x", ["4111", "1111", "1111", "1111"]],
    ["41 (0)71 526-99.04", ["41", "0", "71", "526", "99", "04"]],
    ["1, 2\r\n3 /4_5'6", ["1", "2", "3", "4", "5", "6"]],
    ["12    34", ["12"]],
    ["12 - 34", ["12", "34"]],
    ["12a34", ["12"]],
    ["12 ", ["12"]],
    ["12\u000034", ["12"]],
    ["7", ["7"]],
  ])("is what stands close together: %j", (text, expected) => {
    expect(groupsOf(text)).toEqual(expected);
  });

  test("knows sizes, gaps and digits", () => {
    groupsOf("x 12 345-6", 2);
    expect([run.size(0), run.size(1), run.size(2), run.gap(0), run.gap(1)]).toEqual([2, 3, 1, " ", "-"]);
    expect([run.digits(0, 2), run.digits(1, 1), run.digits(1, 2)]).toEqual(["123456", "345", "3456"]);
  });

  test("has no more groups than it has room for", () => {
    expect(groupsOf("12 ".repeat(100))).toEqual(Array.from({ length: MAX_GROUPS }, () => "12"));
  });

  test("forgets what it read before", () => {
    groupsOf("1 2 3 4");
    expect(groupsOf("56")).toEqual(["56"]);
  });

  test("is what a pattern over the text finds", () => {
    const text = fc
      .array(fc.constantFrom("1", "23", " ", "-", ".", "(", "a", "\u0000"), { minLength: 1, maxLength: 40 })
      .map((pieces) => `9${pieces.join("")}`);
    fc.assert(
      fc.property(text, (one) => {
        const whole = /^\d+(?:[ \t\n\r.\-/(),_']{1,3}\d+)*/.exec(one)?.[0] ?? "";
        expect(groupsOf(one)).toEqual((whole.match(/\d+/g) ?? []).slice(0, MAX_GROUPS));
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });
});
