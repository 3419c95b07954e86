import { describe, expect, test } from "bun:test";
import { Budget } from "../../../../src/scan/sheet.ts";
import { decode } from "../../../../src/scan/views/decode.ts";

const decoded = (text: string) => decode(text, new Budget(1e9));

describe("signs that are spelled out", () => {
  test.each([
    "jane [at] example [dot] net",
    "jane(at)example(dot)net",
    "jane {AT} example {DOT} net",
    "jane<at>example<dot>net",
    "jane[@]example[.]net",
    "jane [ at ] example (.) net",
    "jane at example dot net",
    "jane_at_example_dot_net",
    "jane AT example DOT net",
    "jane.at.example.dot.net",
  ])("are read in %s", (text) => {
    expect(decoded(`write to ${text}, please`)).toBe("write to jane@example.net, please");
  });

  test("are read in a longer host's name", () => {
    expect(decoded("jane at mail dot example dot org")).toBe("jane@mail.example.org");
    expect(decoded("jane at mail.example dot org")).toBe("jane@mail.example.org");
  });

  test("are read in addresses of machines", () => {
    expect(decoded("from 192[.]0[.]2[.]44 to https[:]//example[.]net")).toBe("from 192.0.2.44 to https://example.net");
  });

  test.each([
    "we met at the dot com bubble",
    "- [at]example",
    "look at the dot product of it",
    "look at polka dot dresses",
    "we met at example.net",
    "a [dotted] line (at best) {atomic}",
    "values[at] = [.5, .6]",
    "(at) [.] {dot}",
  ])("are not seen in %s", (text) => {
    expect(decoded(text)).toBeNull();
  });
});
