import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Match } from "../../../../src/scan/detector.ts";
import { usSsn } from "../../../../src/scan/detectors/us-ssn.ts";
import { NumberRun } from "../../../../src/scan/number-run.ts";
import { usSsn as numbers } from "../../../support/sensitive-values/us-ssn.ts";

const run = new NumberRun();
/** What is found in any run of digits, each read from where the one before has ended. */
function look(text: string, isNear = false) {
  const matches: Match[] = [];
  let done = 0;
  for (const { index } of text.matchAll(/(?<!\d)\d/g)) {
    if (index < done) continue;
    run.read(text, index);
    done = run.end(run.count - 1);
    matches.push(...usSsn.look(run, () => isNear));
  }
  return matches;
}
const strengthOf = (text: string, isNear = false) => look(text, isNear)[0]?.strength ?? null;

describe("pii.us_ssn", () => {
  test("is fairly sure of the form with dashes, and sure where it is named", () => {
    expect(look("on file 219-09-9999.")).toEqual([{ code: "pii.us_ssn", start: 8, end: 19, strength: "medium" }]);
    expect(strengthOf("SSN: 219-09-9999", true)).toBe("strong");
    expect(strengthOf("ssn\u0002\u0000219-09-9999", true)).toBe("strong");
    expect(strengthOf("219-09-9999 is my social security number", true)).toBe("strong");
  });

  test.each([["219.09.9999"], ["219 09 9999"]])("is sure of %j only where it is named", (digits) => {
    expect(strengthOf(digits)).toBe("weak");
    expect(strengthOf(`Social Security No. ${digits}`, true)).toBe("strong");
  });

  test("takes nine digits for one only where they are named", () => {
    expect(strengthOf("219099999")).toBeNull();
    expect(strengthOf("social media 219099999", true)).toBeNull();
    expect(strengthOf("my ssn is 219099999", true)).toBe("medium");
    expect(strengthOf("ssn=219099999", true)).toBe("medium");
  });

  test("finds one behind other numbers", () => {
    expect(look("1, 2, 219-09-9999")).toHaveLength(1);
    expect(look("219-09-9999, 219-09-9998")).toHaveLength(2);
  });

  test("finds every number that can have been issued", () => {
    fc.assert(
      fc.property(numbers, (text) => {
        expect(["medium", "strong"]).toContain(strengthOf(text, true) ?? "");
      }),
    );
  });

  test.each([
    ["the area 000", "000-12-3456"],
    ["the area 666", "666-12-3456"],
    ["the group 00", "219-00-3456"],
    ["the serial 0000", "219-09-0000"],
    ["two different marks", "219-09.9999"],
    ["a mark of two characters", "219--09--9999"],
    ["other lengths", "2190-9-9999"],
    ["the end of a longer number", "44-219-09-9999"],
    ["the beginning of a longer number", "219-09-9999-1"],
    ["a word before", "A219-09-9999"],
    ["a word after", "219-09-9999a"],
    ["a part number", "219-09-9999-AB"],
    ["a price", "$219-09-9999"],
    ["a time before", "10:219-09-9999"],
  ])("does not take %s for one", (_, text) => {
    expect(look(text, true)).toEqual([]);
  });

  test.each([
    ["912-70-1234", "pii.us_itin"],
    ["912-94-1234", "pii.us_itin"],
    ["912-49-1234", null],
    ["912-66-1234", null],
    ["912-89-1234", null],
    ["912-93-1234", null],
  ])("tells by the group of %j whether it is a taxpayer number", (text, code) => {
    expect(look(text)[0]?.code ?? null).toBe(code);
  });
});
