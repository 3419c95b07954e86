import { expect, test } from "bun:test";
import fc from "fast-check";
import { entropyOf } from "../../../src/scan/entropy.ts";

test.each([
  ["", 0],
  ["a", 0],
  ["aaaa", 0],
  ["ab", 1],
  ["aabb", 1],
  ["abcd", 2],
  ["aaab", 0.811_278],
  ["0123456789abcdef", 4],
  ["密a", 1],
])("the entropy of %j is %d bits a unit", (text, bits) => {
  expect(entropyOf(text)).toBeCloseTo(bits, 5);
});

test("entropy is that of the distribution alone, and does not depend on what was measured before", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      const counts = new Map<number, number>();
      for (let at = 0; at < text.length; at++)
        counts.set(text.charCodeAt(at), (counts.get(text.charCodeAt(at)) ?? 0) + 1);
      let expected = 0;
      for (const count of counts.values()) expected -= (count / text.length) * Math.log2(count / text.length);
      expect(entropyOf(text)).toBeCloseTo(expected, 9);
      expect(entropyOf(text)).toBeCloseTo(expected, 9);
    }),
    { seed: 20_261_122 },
  );
});
