import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jwtDetector } from "../../../../src/scan/detectors/jwt.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { jwt } from "../../../support/sensitive-values/jwt.ts";

const DETECTORS = [jwtDetector];
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.jwt", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        jwt,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.jwt");
        },
      ),
    );
  });

  const encode = (text: string): string => Buffer.from(text).toString("base64url");
  const header = encode('{"alg":"HS256"}');
  const payload = encode('{"sub":"1"}');

  test.each([
    [
      "whose header is no object with an algorithm",
      `${encode('{"typ":"a map"}')}.${payload}.${encode("0123456789abcdefghijklmnopqrstuv")}`,
    ],
    [
      "whose algorithm is no text",
      `${encode('{"alg":123456}')}.${payload}.${encode("0123456789abcdefghijklmnopqrstuv")}`,
    ],
    ["whose header is no JSON", `eyJ${"b".repeat(20)}.${payload}.${encode("0123456789abcdefghijklmnopqrstuv")}`],
    ["without a signature", `${header}.${payload}.`],
    ["with filler for a signature", `${header}.${payload}.${"x".repeat(43)}`],
    ["cut off after its header", `${header}...`],
    ["inside other base64url", `x${header}.${payload}.${encode("0123456789abcdefghijklmnopqrstuv")}`],
  ])("finds no token %s", (_, text) => {
    expect(codes(text)).toEqual([]);
  });
});
