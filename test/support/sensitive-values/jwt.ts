import fc from "fast-check";
import { bytesOf, seed } from "../seeded-secret.ts";

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const signed = fc
  .tuple(fc.constantFrom("HS256", "RS512", "ES384", "EdDSA"), seed)
  .map(([alg, from]) =>
    [encode({ alg, typ: "JWT" }), encode({ sub: from }), bytesOf(from, 32).toString("base64url")].join("."),
  );

const unsecured = seed.map((from) => `${encode({ alg: "none" })}.${encode({ sub: from })}.`);

const encrypted = seed.map((from) => {
  const part = (length: number): string => bytesOf(from, length).toString("base64url");
  return [encode({ alg: "dir", enc: "A256GCM" }), "", part(12), part(40), part(16)].join(".");
});

/** JSON Web Tokens: signed, unsecured and encrypted. */
export const jwt: fc.Arbitrary<string> = fc.oneof(signed, unsecured, encrypted);
