import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { connectionStringDetectors } from "../../../../src/scan/detectors/connection-string.ts";
import { urlCredentialsDetector } from "../../../../src/scan/detectors/url-credentials.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { connectionString } from "../../../support/sensitive-values/connection-string.ts";

const DETECTORS = [...connectionStringDetectors, urlCredentialsDetector];
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.connection_string", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        connectionString,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.connection_string");
        },
      ),
    );
  });

  test.each([
    "Server=db1;User Id=sa;Password=password;",
    "Server=db1;User Id=sa;Password={0};",
    "Server=db1;User Id=sa;Password=\u0024{DB_PASSWORD};",
    "host=db1 user=sa password=",
    "AccountName=a;AccountKey=<your-account-key>;",
    `AccountName=a;AccountKey=${"x".repeat(86)}==;`,
    "jdbc:oracle:thin:user/password@db1:1521:main",
    "postgres://postgres:postgres@localhost/main",
    "a word, then password=hunter22",
  ])("finds none in %s", (text) => {
    expect(codes(text)).toEqual([]);
  });
});
