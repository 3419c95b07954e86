import fc from "fast-check";
import { chosenPassword, token } from "../seeded-secret.ts";

/** URLs of the web with a user and a password in them. */
export const urlCredentials: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom("http", "https", "git+https", "wss"), fc.oneof(token, chosenPassword))
  .map(([scheme, secret]) => `${scheme}://deploy:${encodeURIComponent(secret)}@git.internal:8443/a?b=c`);
