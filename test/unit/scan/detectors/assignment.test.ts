import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { assignmentDetector } from "../../../../src/scan/detectors/assignment.ts";
import { codesIn, matchesOf } from "../../../support/literal-looks.ts";
import { bytesOf } from "../../../support/seeded-secret.ts";
import { assignment } from "../../../support/sensitive-values/assignment.ts";

const DETECTORS = [assignmentDetector];
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.assignment", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        assignment,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.assignment");
        },
      ),
    );
  });

  const random = bytesOf(3, 21).toString("base64url").replace(/^-/, "x");
  const chosen = "Kraken#390";

  test.each([
    ["a parsed body", `password\u0002\u0000${chosen}\u0000`],
    ["JSON within a string", `{\\"password\\":\\"${chosen}\\"}`],
    ["XML", `<DbPassword>${chosen}</DbPassword>`],
    ["XML attributes", `<add key="ApiPassword" value="${chosen}" />`],
    ["a manifest", `- name: DB_PASSWORD\n  value: ${chosen}`],
    ["a parsed manifest", `name\u0002\u0000DB_PASSWORD\u0000value\u0002\u0000${chosen}\u0000`],
    ["a typed declaration", `const secret: string = "${random}"`],
    ["a call", `setenv("API_TOKEN", "${random}")`],
    ["prose", `The password for the staging server is ${chosen}.`],
    ["German prose", `Das Passwort lautet ${chosen}`],
    ["Markdown", `**Password:** \`${chosen}\``],
    ["a table", `| API key | ${random} |`],
    [".netrc", `login deploy password ${chosen}`],
    ["a header", `X-Api-Key: ${random}`],
    ["npm's configuration", `//registry.internal/:_authToken=${random}`],
    ["Rails's configuration", `SECRET_KEY_BASE=${random}${random}`],
    ["a numbered name", `token2 = ${random}`],
    ["YAML with a tag", `token: !!str ${random}`],
    ["a block of YAML", `password: |\n  ${chosen}\n`],
    ["a Dockerfile", `ENV DB_PASSWORD ${chosen}`],
    ["an XML element of several lines", `<apiToken>\n    ${random}\n</apiToken>`],
    ["a property list", `<key>DbPassword</key>\n<string>${chosen}</string>`],
    ["a declaration of Go", `var apiToken string = "${random}"`],
    ["a declaration of Rust", `let api_token: &'static str = "${random}";`],
    ["a property of C#", `public string ApiToken { get; set; } = "${random}";`],
    ["an array of C", `static const char api_token[] = "${random}";`],
    ["a setter", `client.setApiToken("${random}")`],
    ["a definition of PHP", `define('DB_PASSWORD', '${chosen}');`],
    ["JSON whose value is on the next line", `"password":\n  "${chosen}"`],
    ["the next word", `// API token ${random}`],
    ["a value that begins with a dash", `api_token=-${random}`],
  ])("finds a secret in %s", (_, text) => {
    expect(codes(text)).toEqual(["secret.assignment"]);
  });

  test.each([
    "password: string",
    "password: kraken",
    "password = fetchK3y9x2(x)",
    "token: https://k3x9q7w2/z8v4p5t1",
    "password: k3x9q7w2.pem",
    "password: ./k3x9q7w2",
    "password: /run/keys/db4956",
    "password = getPassword1()",
    'password = os.environ["X1"]',
    "token = process.env.TOKEN_V2",
    "secret = config.secret2",
    "secret_length = X25519.secret_length",
    "secretKeyRef: abc123def",
    'password: "password123"',
    'password: "changeme"',
    "password=\u0024{PASSWORD1}",
    "password: {{ .Values.p4ss }}",
    "password: <your-p4ssword>",
    "password=********",
    'token: "xxxxxxxxxxxxxxxx"',
    'apiKey: "YOUR_API_KEY"',
    'token: "sha256"',
    'password: "Forgot your passw0rd?"',
    'password: "Mot-de-passe"',
    "keys: a8Fk29dLq0Zx7Vb3",
    'cacheKey = "a8Fk29dLq0Zx7Vb3"',
    'csrf_token = "a8Fk29dLq0Zx7Vb3"',
    'nextToken: "a8Fk29dLq0Zx7Vb3"',
    'publicKey: "a8Fk29dLq0Zx7Vb3"',
    'keyId: "a8Fk29dLq0Zx7Vb3"',
    "passwordHash: a8Fk29dLq0Zx7Vb3",
    "TOKEN_URL=https://a8Fk29dLq0Zx7Vb3",
    "secret: /run/secrets/db-1",
    "private_key: id_rsa_2048.pem",
    "password=\nurl=jdbc:x1y2z3",
    "PuttyPassword=0",
    "token = -0x3f879678",
    "oauth: a8Fk29dLq0Zx7Vb3",
    "bypass: a8Fk29dLq0Zx7Vb3",
    "a password hunter22 of old",
    'password: "^[a-z]{8,}\\d$"',
    "token: TokenKind.Ident2",
    "author: a8Fk29dLq0Zx7Vb3",
    "csrfmiddlewaretoken=a8Fk29dLq0Zx7Vb3",
    "token: 2024-05-01T10:31:07Z",
    "secret: 10.4.37.192:8431",
    "token: aes-256-gcm",
    "db_password: !vault",
    "PASS: binutils-all/i386/empty2",
    "b2Zpw== a8Fk29dLq0Zx7Vb3",
    "Pass v4l2_pix_fmts2 to it",
    "the token a8Fk29dL ends here",
    "<key>Password</key>\n<string>Kennwort 2 angeben</string>",
  ])("finds none in %s", (text) => {
    expect(codes(text)).toEqual([]);
  });

  test.each([201, 400, 1_500])("finds one of %d characters by its beginning", (length) => {
    const long = bytesOf(5, length).toString("base64url").slice(0, length);
    for (const text of [
      `refresh_token=${long}`,
      `{\\"refresh_token\\":\\"${long}\\"}`,
      `password: '${long}'`,
      `refresh_token\u0002\u0000${long}\u0000next`,
    ]) {
      expect(codes(text)).toEqual(["secret.assignment"]);
    }
  });

  test("finds none in a long value that is not random", () => {
    for (const long of ["a".repeat(300), "some-long-name-of-a-thing.".repeat(12), "/srv/data/files".repeat(20)]) {
      for (const text of [`token=${long}`, `token: "${long}"`, `token\u0002\u0000${long}`])
        expect(codes(text)).toEqual([]);
    }
  });

  test("is sure of what a machine made, less of what somebody chose", () => {
    const strengths = [`secret=${random}`, `password=${chosen}`].map((text) => matchesOf(DETECTORS, text)[0]?.strength);
    expect(strengths).toEqual(["strong", "medium"]);
  });
});
