import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { didYouMean, nearest } from "../../../src/policy/suggest.ts";

describe("the nearest name", () => {
  test.each([
    ["singals", ["rules", "signals"], "signals"],
    ["sgnals", ["signals"], "signals"],
    ["signalss", ["signals"], "signals"],
    ["Base-URL", ["base_url"], "base_url"],
    ["max_tokens", ["max_output_tokens", "message_count"], "max_output_tokens"],
    ["model", ["models", "mode"], "models"],
    ["eu", ["us", "de"], null],
    ["cat", ["dog"], null],
    ["long", ["short-prompt", "embedding"], null],
    ["same", ["same"], null],
    ["", ["a"], null],
    ["anything", [], null],
  ])("to %p among %p is %p", (name, known, near) => {
    expect(nearest(name, known)).toBe(near);
  });

  test("is the one with the fewest errors, of equal ones the first", () => {
    expect(nearest("provider-a", ["provider-bcd", "provider-b", "provider-c"])).toBe("provider-b");
  });

  test("is found for any name of some length with one error in it", () => {
    const name = fc.stringMatching(/^[a-z]{6,20}$/);
    const error = fc.record({ at: fc.nat(19), char: fc.constantFrom("0", "1"), how: fc.nat(2) });
    fc.assert(
      fc.property(name, error, (right, { at, char, how }) => {
        const place = at % right.length;
        const rest = right.slice(place + (how === 0 ? 0 : 1));
        expect(nearest(right.slice(0, place) + (how === 2 ? "" : char) + rest, [right])).toBe(right);
      }),
    );
  });

  test("is not looked for where a name is longer than any", () => {
    expect(nearest("a".repeat(1_000_000), ["a"])).toBeNull();
    expect(nearest("a", ["a".repeat(1_000_000)])).toBeNull();
  });
});

test("a suggestion is a question", () => {
  expect(didYouMean("singals", ["signals"])).toBe('did you mean "signals"?');
  expect(didYouMean("x", ["signals"])).toBeNull();
});
