import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { assignmentDetector } from "../../../../src/scan/detectors/assignment.ts";
import { commandLineDetectors } from "../../../../src/scan/detectors/command-line.ts";
import { codesIn } from "../../../support/literal-looks.ts";
import { commandLine } from "../../../support/sensitive-values/command-line.ts";

const DETECTORS = [...commandLineDetectors, assignmentDetector];
const codes = (text: string): string[] => codesIn(DETECTORS, text);

describe("secret.command_line", () => {
  test("finds every value, whatever text is around it", () => {
    fc.assert(
      fc.property(
        commandLine,
        fc.constantFrom("", "see: ", "x\n", "\u0000"),
        fc.constantFrom("", "\n", " and", "\u0000"),
        (value, before, after) => {
          expect(codes(before + value + after)).toContain("secret.command_line");
        },
      ),
    );
  });

  test.each([
    "curl -u ':hunter22Xy' x",
    'curl -u "d2Lk8zLxT9q:" x',
    "curl -u \"deploy\":'hunter22Xy' x",
    "curl\t--proxy-user\tdeploy:hunter22Xy x",
  ])("finds the secret of %s", (text) => {
    expect(codes(text)).toEqual(["secret.command_line"]);
  });

  test.each([
    "curl -u test:test x",
    "curl -u user:pass x",
    "curl -u username:token x",
    "curl -u <user:password> x",
    'curl -u "$USER:$PASS" x',
    "curl -u \u0024{USER}:\u0024{PASS} x",
    "curl -u neo4j:[PASSWORD] x",
    'curl -u "$(cat x):$(cat y)" x',
    'curl -u "{{ a.user }}:{{ a.password }}" x',
    "curl -u xxx:yyy x",
    "curl -u : x",
    "curl -u deploy x",
    "docker run -u 1000:1001 x",
    "sort -u a1b2:c3",
    "x -u http://a1b2c3d4:80",
    "mysql -uroot -p k3x9q7w2",
    "mysql -uroot -p$PASSWORD",
    "mysql is well known\nls -pa1b2c3d4",
    "docker login -u x --password-stdin",
    "x --password <password>",
    "x --token $TOKEN",
    "x --token-file /run/a1b2c3d4/e5f6",
    "x --password --verbose1",
  ])("finds none in %s", (text) => {
    expect(codes(text)).toEqual([]);
  });
});
