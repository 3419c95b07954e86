import fc from "fast-check";
import { bytesOf, chosenPassword, seed, token } from "../seeded-secret.ts";

const password = fc.oneof(token, chosenPassword);
const SCHEMES = [
  "postgres",
  "mysql",
  "mongodb+srv",
  "rediss",
  "amqps",
  "sqlserver",
  "ldap",
  "sftp",
  "smtp",
  "kafka",
  "nats",
];

const url = fc
  .tuple(fc.constantFrom(...SCHEMES), password)
  .map(([scheme, secret]) => `${scheme}://svc:${encodeURIComponent(secret)}@db.internal:1234/main`);

const keyed = fc
  .tuple(
    fc.constantFrom("Server=db1;User Id=sa;Password=", "Data Source=db1; Pwd=", "host=db1 user=sa password="),
    password,
  )
  .map(([before, secret]) => before + secret);

const azure = seed.map(
  (from) => `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${bytesOf(from, 64).toString("base64")}`,
);

const oracle = password.map((secret) => `jdbc:oracle:thin:scott/${secret}@db1:1521:main`);

/** Connection strings with a password or a key in them. */
export const connectionString: fc.Arbitrary<string> = fc.oneof(url, keyed, azure, oracle);
