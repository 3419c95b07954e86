import fc from "fast-check";
import { chosenPassword, hex, token } from "../seeded-secret.ts";

const FORMS = [
  (secret: string) => `curl -u deploy:${secret} https://x.internal`,
  (secret: string) => `curl --user 'deploy:${secret}' https://x.internal`,
  (secret: string) => `mysql -uroot -p${secret} main`,
  (secret: string) => `sshpass -p '${secret}' ssh x`,
  (secret: string) => `docker login -u deploy -p ${secret} registry.internal`,
  (secret: string) => `backup --db-password ${secret}`,
  (secret: string) => `backup --password=${secret}`,
];

const passwords = fc.tuple(fc.constantFrom(...FORMS), chosenPassword).map(([form, secret]) => form(secret));
const tokens = fc
  .tuple(fc.constantFrom("gh auth --token ", "x --api-key=", "x -ClientSecret "), fc.oneof(token, hex))
  .map(([before, secret]) => before + secret);

/** Commands with a secret among their arguments. */
export const commandLine: fc.Arbitrary<string> = fc.oneof(passwords, tokens);
