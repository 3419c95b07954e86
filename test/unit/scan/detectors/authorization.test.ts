import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { authorizationDetectors } from "../../../../src/scan/detectors/authorization.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { authorization } from "../../../support/sensitive-values/authorization.ts";

const DETECTORS = authorizationDetectors;
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.authorization", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        authorization,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.authorization");
        },
      ),
    );
  });

  const basic = (pair: string): string => `Authorization: Basic ${Buffer.from(pair).toString("base64")}`;
  const secret = Buffer.from("8c1f0a5e7b3d9642").toString("base64url");

  test.each([
    ["of a parsed body", `Authorization\u0002\u0000Token ${secret}`],
    ["of code", `headers["Authorization"] = "token ${secret}"`],
    ["with no user", basic(":hunter22Xy")],
    ["with a token for a user", basic("d2Lk8zLxT9qW:")],
  ])("finds a header %s", (_, text) => {
    expect(codes(text)).toEqual(["secret.authorization"]);
  });

  test.each([
    "Authorization: Bearer XXXXXXXXXXXX",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer YOUR_API_TOKEN",
    "local authorization (CVE-2022-26691)",
    "Authorization: Basic ...",
    "Authorization: Token **********",
    "Authorization: basic {base64(email:password)}",
    "the basic functionality",
    "Authorization: AWS4-HMAC-SHA256",
    "authorization: getAuthorizationHeader(x)",
    "session=session",
    "session=requests.Session()",
    basic("d3pl0y:d3pl0y"),
    "Authorization: k3x9q7w2z8v4(x)",
    basic("user:password"),
    basic("admin:admin"),
    basic("no colon in this"),
    basic('{"alg":"HS256"}'),
  ])("finds none in %s", (text) => {
    expect(codes(text)).toEqual([]);
  });
});
