import fc from "fast-check";
import { chosenPassword, hex, token } from "../seeded-secret.ts";

const random = fc
  .tuple(
    fc.constantFrom(
      "API_KEY=",
      'apiKey: "',
      "client-secret: ",
      '"access_token": "',
      "jwtSecret = '",
      'env["AUTH_TOKEN"] = "',
    ),
    fc.oneof(token, hex),
  )
  .map(([before, secret]) => before + secret + closing(before));

const chosen = fc
  .tuple(
    fc.constantFrom(
      "DB_PASSWORD=",
      'password: "',
      "'dbPass' => '",
      "the password is ",
      'passphrase := "',
      "Passwort: ",
      "pwd=",
    ),
    chosenPassword,
  )
  .map(([before, secret]) => before + secret + closing(before));

function closing(before: string): string {
  const last = before.slice(-1);
  return last === '"' || last === "'" ? last : "";
}

/** Secrets beside names that say so. */
export const assignment: fc.Arbitrary<string> = fc.oneof(random, chosen);
