import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { urlCredentialsDetector } from "../../../../src/scan/detectors/url-credentials.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { urlCredentials } from "../../../support/sensitive-values/url-credentials.ts";

const DETECTORS = [urlCredentialsDetector];
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.url_credentials", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        urlCredentials,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.url_credentials");
        },
      ),
    );
  });

  test.each(["deadbeef", "hunter2", "s3cret", "p%40ss%20w0rdX", "un@escaped1"])("finds the password %s", (password) => {
    expect(codes(`https://deploy:${password}@git.internal/`)).toEqual(["secret.url_credentials"]);
  });

  test("knows a database by its scheme, also behind an escaped line end or tab", () => {
    for (const before of ["", "\\n", "\\t", '"\\r\\n']) {
      expect(codes(`${before}postgres://svc:Sommer%231301@db.internal/main`)).toEqual(["secret.connection_string"]);
    }
  });

  test.each([
    "user:pass@",
    "username:password@",
    "\u0024{USER}:\u0024{PASS}@",
    "$USER:$PASS@",
    "<user>:<password>@",
    "{user}:{password}@",
    "%s:%s@",
    "user:xxxx@",
    "user:****@",
    "user:...@",
    "admin:admin@",
    "postgres:postgres@",
    "user:your-secret-token@",
    "a:b@",
    "user@",
    "user:@",
    ":@",
  ])("does not take %s for a password", (userinfo) => {
    expect(codes(`https://${userinfo}git.internal/`)).toEqual([]);
  });

  test.each([
    "https://x.internal:8080/a:b1c2d3@e",
    "https://x.internal/?a:b1c2d3e4@f",
    "see https://x 12:b1c2d3e4@y",
    "://a:hunter2@b",
  ])("reads no user or password in %s", (text) => {
    expect(codes(text)).toEqual([]);
  });
});
