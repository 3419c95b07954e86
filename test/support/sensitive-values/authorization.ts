import fc from "fast-check";
import { chosenPassword, hex, token } from "../seeded-secret.ts";

const headers = fc
  .tuple(
    fc.constantFrom(
      "Authorization: Bearer ",
      '"Authorization": "Token ',
      "authorization: ApiKey ",
      "Authorization: ",
      "Cookie: sessionid=",
    ),
    fc.oneof(token, hex),
  )
  .map(([before, secret]) => before + secret);

const basic = chosenPassword.map(
  (secret) => `Authorization: Basic ${Buffer.from(`deploy:${secret}`).toString("base64")}`,
);

/** Headers of requests that say who asks. */
export const authorization: fc.Arbitrary<string> = fc.oneof(headers, basic);
