import { describe, expect, test } from "bun:test";
import { learnFirstSeen } from "../../../src/scan/first-seen.ts";
import { FIRST_SEEN, traitsOf } from "../../../src/scan/views/traits.ts";

describe("code points that no text had before", () => {
  test("are learned in steps, and once", () => {
    const text = String.fromCharCode(...Array.from({ length: 4_000 }, (_, index) => 0x4e00 + index));
    expect(traitsOf(text) & FIRST_SEEN).not.toBe(0);
    expect([...learnFirstSeen(text)].length).toBeGreaterThan(5);
    expect(traitsOf(text) & FIRST_SEEN).toBe(0);
    expect([...learnFirstSeen(text)]).toEqual([]);
  });

  test("are not looked for in ASCII", () => {
    expect(traitsOf("plain \n text")).toBe(0);
  });
});
