import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { email } from "../../../../src/scan/detectors/email.ts";
import { cpuMsOf } from "../../../support/cpu-time.ts";
import { email as mailboxes } from "../../../support/sensitive-values/email.ts";

const look = (text: string, isNear = false, at = text.indexOf("@")) => email.look(text, at, () => isNear);
const found = (text: string) => {
  const match = look(text);
  return match?.strength === "strong" ? text.slice(match.start, match.end) : null;
};
const strengthOf = (text: string, isNear = false) => look(text, isNear)?.strength ?? null;

describe("pii.email", () => {
  test.each([
    ["write to anna.muster@firma.ch.", "anna.muster@firma.ch"],
    ["<Anna+news@Mail.Firma.CO.UK>", "Anna+news@Mail.Firma.CO.UK"],
    ["mailto:a_b-c@x-y.museum?subject=x", "a_b-c@x-y.museum"],
    ["user@example.com", "user@example.com"],
    ["x@163.com", "x@163.com"],
    ["x@vip.163.com", "x@vip.163.com"],
    ["login anna@corp.local", "anna@corp.local"],
    ["jörg@bücher.de", "jörg@bücher.de"],
    ["почта@пример.рф", "почта@пример.рф"],
    ["a@xn--bcher-kva.xn--p1ai", "a@xn--bcher-kva.xn--p1ai"],
    ["我的邮箱是zhang@example.com请联系", "我的邮箱是zhang@example.com"],
    ["https://host/subscribe?to=anna@firma.ch&x=1", "anna@firma.ch"],
    ["anna@firma.ch:hunter2", "anna@firma.ch"],
    ["anna@firma.ch: hello/you", "anna@firma.ch"],
    [`${"x".repeat(64)}@firma.ch`, `${"x".repeat(64)}@firma.ch`],
    [`${"-".repeat(80)}anna@firma.ch`, "anna@firma.ch"],
    [`${"这".repeat(80)}anna@firma.ch`, "anna@firma.ch"],
    ["anna@firma.ch.5", "anna@firma.ch"],
    ["anna@firma.ch\u0000com", "anna@firma.ch"],
  ])("finds the mailbox in %j", (text, mailbox) => {
    expect(found(text)).toBe(mailbox);
  });

  test("finds the second of two mailboxes that touch", () => {
    const text = "a@b@firma.ch";
    expect(look(text, false, 3)).toEqual({ code: "pii.email", start: 2, end: 12, strength: "strong" });
  });

  test("finds every mailbox that people have", () => {
    fc.assert(
      fc.property(mailboxes, (mailbox) => {
        expect(found(`(${mailbox})`)).toBe(mailbox);
      }),
    );
  });

  test.each([
    ["a scoped package", '"@scope/package.json"'],
    ["a version", "lodash@4.17.21"],
    ["a decorator", "  @Component.foo()"],
    ["a template", "{user}@firma.ch"],
    ["a domain without a name", " @firma.ch"],
    ["a name without a domain", "anna@ firma.ch"],
    ["a top-level domain of one letter", "a@b.c"],
    ["a top-level domain of 25 letters", `a@b.${"c".repeat(25)}`],
    ["a local part of 65 characters", `${"x".repeat(65)}@firma.ch`],
    ["a label of 64 characters", `a@${"x".repeat(64)}.ch`],
    ["a tag and a digest", "image@sha256:abc"],
  ])("does not take %s for one", (_, text) => {
    expect(strengthOf(text)).toBeNull();
  });

  test.each([
    ["a remote", "git clone git@host.tld:group/project.git"],
    ["a remote copy", "scp x anna@host.tld:/srv/file"],
    ["an account of version control", "git@github.com"],
    ["userinfo in a URL", "ssh://anna@host.tld/path"],
    ["a password in a URL", "postgres://anna:secret@host.tld/db"],
    ["a file name", "logo@2x.png"],
    ["a unit of systemd", "wg-quick@wg0.service"],
    ["a version with letters", "next@15.0.0-rc.canary"],
    ["a tag of a version", "checkout@v4.1-beta.next"],
    ["a member of a program", "forEach@view.layoutInflater"],
    ["an outer object", "this@Activity.view"],
    ["a call", "a@weights.transpose()"],
    ["a shortened name", "anna...@firma.ch"],
  ])("is not sure of %s", (_, text) => {
    expect(strengthOf(text)).toBe("weak");
  });

  test("takes a host without a dot for one only beside a word that says so", () => {
    expect(strengthOf("mail root@localhost now", true)).toBe("medium");
    expect(strengthOf("root@localhost", false)).toBe("weak");
    expect(strengthOf("mail root@localhost/x", true)).toBeNull();
  });

  test("reads a bounded part of the text for each sign", () => {
    const text = `${"a".repeat(500_000)}@${"a.".repeat(500_000)}`;
    const tookMs = cpuMsOf(() => {
      for (let round = 0; round < 1_000; round++) look(text, false, 500_000);
    });
    expect(tookMs).toBeLessThan(500);
  });
});

test("finds a mailbox that a line break parts before its at sign, and takes no decorator for one", () => {
  expect(strengthOf("write to ada\n@example.com, please")).toBe("medium");
  expect(strengthOf("import app\n@app.get")).toBeNull();
  expect(strengthOf("import app\n@app.com(1)")).toBeNull();
});

test.each([
  "git clone https://oauth2:$TOKEN@gitlab.com/x",
  ["https://user:$", "{PASSWORD}@host.example.org/"].join(""),
  "Co-Authored-By: Bot <noreply@example.com>",
  "no-reply@example.com",
])("is not a variable in an address, nor a mailbox that nobody reads: %s", (text) => {
  expect(strengthOf(text) ?? "weak").toBe("weak");
});
