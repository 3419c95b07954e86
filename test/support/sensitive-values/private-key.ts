import fc from "fast-check";
import { bytesOf, seed } from "../seeded-secret.ts";

const KINDS = ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "];
const LINE_ENDS = ["\n", "\r\n", "\\n", " "];

const pem = fc
  .tuple(fc.constantFrom(...KINDS), fc.constantFrom(...LINE_ENDS), seed, fc.integer({ min: 64, max: 1_200 }))
  .map(([kind, lineEnd, from, size]) => {
    const lines =
      bytesOf(from, size)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return [`-----BEGIN ${kind}PRIVATE KEY-----`, ...lines, `-----END ${kind}PRIVATE KEY-----`].join(lineEnd);
  });

const pgp = seed.map((from) =>
  ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "Version: GnuPG v2", "", bytesOf(from, 48).toString("base64")].join("\n"),
);

const jwk = seed.map((from) =>
  JSON.stringify({ kty: "OKP", crv: "Ed25519", d: bytesOf(from, 32).toString("base64url"), x: "AQAB" }),
);

const putty = seed.map(
  (from) => `PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 8\n${bytesOf(from, 48).toString("base64")}`,
);

const xml = seed.map((from) => `<RSAKeyValue><D>${bytesOf(from, 128).toString("base64")}</D></RSAKeyValue>`);

/** Private keys in the forms that programs write. */
export const privateKey: fc.Arbitrary<string> = fc.oneof(pem, pgp, jwk, putty, xml);
