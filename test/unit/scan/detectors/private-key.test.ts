import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { privateKeyDetectors } from "../../../../src/scan/detectors/private-key.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { bytesOf } from "../../../support/seeded-secret.ts";
import { privateKey } from "../../../support/sensitive-values/private-key.ts";

const DETECTORS = privateKeyDetectors;
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.private_key", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        privateKey,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.private_key");
        },
      ),
    );
  });

  const material = bytesOf(1, 1_200).toString("base64");
  const begin = (kind: string): string => `-----BEGIN ${kind}-----\n`;

  test.each([
    ["cut short", begin("PRIVATE KEY") + material.slice(0, 64)],
    ["in pieces of code", `${begin("RSA PRIVATE KEY")}" +\n"${material.slice(0, 64)}\\n" +\n"`],
    [
      "encrypted",
      `${begin("RSA PRIVATE KEY")}Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${material.slice(0, 64)}`,
    ],
    ["of SSH2", `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n${material.slice(0, 70)}`],
    ["as DER of PKCS#8 without lines", `MIIEvQ${"IBADANBgkqhkiG9w0BAQEF"}AASC${material.slice(0, 64)}`],
    ["as DER of PKCS#1 without lines", `MIIEpA${"IBAAKCAQ"}${material.slice(0, 64)}`],
    ["as members of a parsed JWK", `kty\u0002\u0000EC\u0000d\u0002\u0000${bytesOf(2, 32).toString("base64url")}\u0000`],
  ])("finds a key %s", (_, text) => {
    expect(codes(text)).toEqual(["secret.private_key"]);
  });

  test.each([
    ["no body", "-----BEGIN OPENSSH PRIVATE KEY----------END OPENSSH PRIVATE KEY-----"],
    ["a word for a body", `${begin("PRIVATE KEY")}anything\n-----END PRIVATE KEY-----`],
    ["an omission for a body", `${begin("PRIVATE KEY")}MIIEvQIBADANBgkqhkiG...\n-----END PRIVATE KEY-----`],
    ["filler for a body", `${begin("PRIVATE KEY")}${"x".repeat(64)}\n-----END PRIVATE KEY-----`],
    [
      "another block's body",
      `${begin("PRIVATE KEY")}-----END PRIVATE KEY-----\n${begin("CERTIFICATE")}${material.slice(0, 64)}`,
    ],
    ["a public key", begin("PGP PUBLIC KEY BLOCK") + material.slice(0, 64)],
    ["a public JWK", `{"kty":"OKP","crv":"Ed25519","x":"${bytesOf(2, 32).toString("base64url")}"}`],
    ["a member d of something else", `{"d":"${bytesOf(2, 32).toString("base64url")}"}`],
    ["the head of DER within other base64", `${material.slice(0, 40)}MIIEpA${"IBAAKCAQ"}${material.slice(0, 64)}`],
  ])("does not take %s for a key", (_, text) => {
    expect(codes(text)).toEqual([]);
  });
});
