import { describe, expect, test } from "bun:test";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { redactCredentials } from "../../src/store/migrations/redact.ts";

describe("client options of a database URL", () => {
  test("host, port, user, password and database", () => {
    expect(clientOptions("postgresql://us%20er:p%40ss@db.example:6432/audit?sslmode=require")).toEqual({
      host: "db.example",
      port: 6432,
      username: "us er",
      password: "p@ss",
      database: "audit",
      ssl: "require",
    });
  });

  test("a Unix socket named by ?host= or ?socket=, with and without a host before it", () => {
    for (const url of [
      "postgres://u@/d?host=%2Frun%2Fpg",
      "postgres://u@localhost/d?socket=/run/pg",
      "postgres://u@:5432/d?host=/run/pg",
    ]) {
      expect(clientOptions(url)).toMatchObject({ path: "/run/pg/.s.PGSQL.5432", username: "u", database: "d" });
    }
  });

  test("an IPv6 address", () => {
    expect(clientOptions("postgres://u@[::1]:5433/d")).toMatchObject({ host: "::1", port: 5433 });
  });

  test.each([
    ["disable", false],
    ["require", "require"],
    ["verify-ca", "verify-full"],
    ["verify-full", "verify-full"],
    ["prefer", "prefer"],
  ] as const)("sslmode=%s", (mode, ssl) => {
    expect(clientOptions(`postgres://u@h/d?sslmode=${mode}`)?.ssl).toBe(ssl);
  });

  test("TLS where the server has it, when the URL says nothing", () => {
    expect(clientOptions("postgres://u@h/d")?.ssl).toBe("prefer");
  });

  test.each(["", "mysql://h/d", "postgres:/h/d", "postgres://u:p%zz@h/d", "postgres://u@h:99999/d"])(
    "null for %p",
    (url) => {
      expect(clientOptions(url)).toBeNull();
    },
  );
});

describe("redaction of credentials", () => {
  const url = "postgres://user:p%40ss%2Fw%22rd@host:5432/db?sslmode=disable";

  test.each([
    ["the URL", `cannot open ${url}`],
    ["the password as it stands in the URL", "bad p%40ss%2Fw%22rd here"],
    ["the password decoded", 'bad p@ss/w"rd here'],
    ["the password quoted", `bad ${JSON.stringify('p@ss/w"rd')} here`],
  ])("masks %s", (_, text) => {
    const redacted = redactCredentials(text, url);
    expect(redacted).not.toMatch(/p(%40|@)ss|w(%22|\\?")rd/);
    expect(redacted).toContain("********");
  });

  test("keeps the rest readable", () => {
    expect(redactCredentials(`dial ${url}: refused`, url)).toBe(
      "dial postgres://user:********@host:5432/db?sslmode=disable: refused",
    );
  });

  test("masks a URL that does not parse, and one that is not ours", () => {
    const broken = "postgres://user:p@ss%zz/w@host/db";
    expect(redactCredentials(`parse "${broken}"`, broken)).not.toMatch(/ss%zz|p@ss/);
    expect(redactCredentials("postgres://a:other@b/c", url)).toBe("postgres://a:********@b/c");
  });

  test("masks a password given as a parameter", () => {
    const given = "postgres://host/db?password=s3cret&sslmode=disable";
    expect(redactCredentials(given, given)).not.toContain("s3cret");
  });

  test("leaves text alone where the URL holds no secret", () => {
    expect(redactCredentials("nothing here", "postgres://user@/db?host=/run")).toBe("nothing here");
  });
});
