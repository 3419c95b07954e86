import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkPolicy } from "../../../src/policy/check-policy.ts";
import type { Fault } from "../../../src/policy/fault.ts";
import { renderFaults } from "../../../src/policy/render-faults.ts";
import { ANYWHERE, altered, faultsOf, toldOf } from "../../support/policy-file.ts";

const KEYWORDS = '    keywords: [falcon, "two words"] # words of ours';
const PATTERN = "      - { id: customer_number, pattern: 'C-\\d{6}', keywords: [C-], strength: medium }";
const COLON = "(a text with a colon and a space in it needs quotes)";

const everythingSaid = (text: string, faults: readonly Fault[]): string =>
  [renderFaults("f", text, faults), JSON.stringify(faults)].join("\n");

describe("a keyword without its quotes is told as a fault, and in no words of its own", () => {
  test.each([
    [
      "in its list",
      KEYWORDS,
      "    keywords:\n      - northwind: mutual",
      [`47:9+17 error wrong_type /signals/project/keywords/0 ${COLON}`],
    ],
    [
      "as a mapping for the list",
      KEYWORDS,
      "    keywords:\n      northwind: mutual",
      ["46:5+8 error wrong_type /signals/project/keywords"],
    ],
    [
      "as a mapping for the list, twice",
      KEYWORDS,
      "    keywords:\n      northwind: mutual\n      northwind: mutual",
      ["46:5+8 error wrong_type /signals/project/keywords", "48:7+9 error duplicate_key /signals/project/keywords"],
    ],
    [
      "one level too high",
      KEYWORDS,
      "    keywords: [x]\n    northwind: mutual",
      [`47:5+9 error unknown_key /signals/project ${COLON}`],
    ],
    [
      "two levels too high",
      KEYWORDS,
      "    keywords: [x]\n  northwind: mutual",
      ["47:3+9 warning unused_signal /signals", "47:14+6 error wrong_type /signals"],
    ],
    [
      "beside others on its line",
      '  project:\n    keywords: [falcon, "two words"] # words of ours',
      "  project: { groups: [pii], northwind, keyword: [x] }",
      [
        `45:29+9 error unknown_key /signals/project ${COLON}`,
        '45:40+7 error unknown_key /signals/project/keyword (did you mean "keywords"?)',
      ],
    ],
    [
      "for a pattern",
      PATTERN,
      "      - northwind: mutual",
      [
        `51:9+9 error unknown_key /signals/personal/patterns/0 ${COLON}`,
        ...["id", "pattern", "keywords"].map(() => "51:9+17 error missing_key /signals/personal/patterns/0"),
      ],
    ],
    [
      "for the list of patterns",
      PATTERN,
      "      northwind: mutual",
      ["50:5+8 error wrong_type /signals/personal/patterns"],
    ],
    [
      "among the keywords of a pattern",
      PATTERN,
      PATTERN.replace("[C-]", "[northwind: mutual]"),
      [`51:63+17 error wrong_type /signals/personal/patterns/0/keywords/0 ${COLON}`],
    ],
    [
      "as the text of a test",
      "given: { signals: [project],",
      "given: { text: { northwind: mutual }, signals: [project],",
      ["93:14+4 error wrong_type /tests/0/given/text"],
    ],
    [
      "beside the text of a test",
      "given: { signals: [project],",
      "given: { northwind: mutual, signals: [project],",
      [`93:14+9 error unknown_key /tests/0/given ${COLON}`],
    ],
    [
      "below a heading that was indented",
      `signals:\n  project:\n${KEYWORDS}`,
      "  signals:\n  project:\n    keywords:\n      northwind: mutual",
      [],
    ],
  ])("%s", (_where, from, to, told) => {
    const text = altered(from, to);
    const section = told[0] === undefined ? /./ : /\/(signals|tests)/;
    if (told.length > 0) expect(toldOf(text).filter((line) => section.test(line))).toEqual(told);
    const said = everythingSaid(text, faultsOf(text));
    expect(said).toContain("error");
    expect(said).not.toMatch(/northwind|mutual/);
  });

  test("with general words, and nothing on its line", () => {
    const text = altered(KEYWORDS, "    keywords: [x]\n    northwind: mutual");
    expect(renderFaults("f", text, faultsOf(text))).toBe(`f:47:5: error: A key that nothing here has.
  47 |     …
     |     ^ a text with a colon and a space in it needs quotes
`);
  });

  test("and a phrase is not one of the keys that it has a word of", () => {
    const said = (key: string) => faultsOf(altered(KEYWORDS, `${KEYWORDS}\n    ${key}: [x]`))[0]?.message;
    expect(said("customer patterns")).toBe("A key that nothing here has.");
    expect(said("Group")).toBe('Nothing here is called "Group".');
    expect(said("detec-tors")).toBe('Nothing here is called "detec-tors".');
  });
});

test("a keyword that became a key of the signals with nothing to it is not named either", () => {
  const text = POLICY.replace("      - zyqwort", "  ? zyqwort");
  const checked = checkPolicy(text, { ...ANYWHERE, scanFaults: () => [] });
  const faults = checked.ok ? checked.value.warnings : checked.error;
  expect(faults.length).toBeGreaterThan(1);
  expect(everythingSaid(text, faults)).not.toMatch(SECRETS);
});

test("other unknown keys are named, in the expectations of a test too", () => {
  for (const [from, to] of [
    ["deny: true", "deny: true\n    zzzzzz: 1"],
    ["version: 3", "version: 3\nzzzzzz: 1"],
    ["expect: {", "expect: { zzzzzz: 1,"],
    ["zone: europe", "zone: europe\n    zzzzzz: 1"],
  ]) {
    const text = altered(from ?? "", to ?? "");
    expect(renderFaults("f", text, faultsOf(text))).toContain('Nothing here is called "zzzzzz".');
  }
});

/** With words that are found nowhere else. */
const SECRETS = /zyqwort|quixelbarg|vexmuth|jvk|gruntavik|obnarsk/i;
const POLICY = `apiVersion: policy-mesh/v1
name: secrets
version: 1
providers:
  local:
    kind: ollama
    zone: local
    base_url: http://127.0.0.1:11434
    default_model: gemma3:1b
prices:
  local:
    gemma3:1b: { input: 1, output: 1 }
signals:
  one:
    description: Our projects.
    keywords:
      - zyqwort
  two:
    groups:
      - pii
    keywords:
      - "Quixelbarg: plan"
      - 'vexmuth # 7'
  numbers:
    patterns:
      - id: customer
        strength: medium
        pattern: 'JVK-\\d{6}: x'
        keywords:
          - "gruntavik: 1"
rules:
  - id: local
    when:
      signal: [one, two, numbers]
    route: [local]
    reason: project
tests:
  - name: text
    given:
      stream: true
      text: "obnarsk: speaks"
    expect:
      route: [local]
default:
  route: [local]
  reason: default
`;

const quotesDropped = (line: string) => line.replace(/["']/g, "");
/** No keyword gets to the margin: what is unknown there is named. */
const indentedBy = (by: number) => (line: string) => {
  const least = SECRETS.test(line) ? 2 : 0;
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  return `${" ".repeat(Math.max(Math.min(least, indent), indent + by))}${line.trimStart()}`;
};
const toMapping = (line: string) => line.replace(/^( *)- (.*)$/, "$1$2: mutual");
const withoutKey = (line: string) => line.replace(/^( *)[a-z]+: (["'].*)$/, "$1$2");
const MUTATIONS: readonly ((line: string) => string)[] = [
  (line) => line.replace(/^( *)- (.*)$/, "$1- $2: mutual"),
  toMapping,
  (line) => indentedBy(-2)(toMapping(line)),
  (line) => indentedBy(-4)(toMapping(line)),
  (line) => indentedBy(-2)(quotesDropped(toMapping(line))),
  (line) => quotesDropped(withoutKey(line)),
  (line) => indentedBy(-2)(quotesDropped(withoutKey(line))),
  (line) => line.replace(/^( *)- (.*)$/, "$1  $2"),
  (line) => line.replace(/^( *)- (.*)$/, "$1- { $2 }"),
  (line) => quotesDropped(line).replace(/^( *)- (.*)$/, "$1? $2"),
  withoutKey,
  (line) => line.replace(/^( *)([a-z]+): (["'].*)$/, "$1$2:\n$1  $3"),
  (line) => `${line}\n${line}`,
  (line) => `${line}"`,
  quotesDropped,
  ...[-4, -2, -1, 1, 2].map(indentedBy),
];

test("no keyword, pattern or text of a test is in what is said of a file with random slips", () => {
  const slip = fc.record({
    from: fc.nat(POLICY.split("\n").length - 2),
    count: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 6 })),
    mutation: fc.constantFrom(...MUTATIONS),
  });
  const secret = POLICY.split("\n").flatMap((line, at) => (SECRETS.test(line) ? [at] : []));
  const ofSecret = fc.record({
    from: fc.constantFrom(...secret),
    count: fc.constant(1),
    mutation: fc.constantFrom(...MUTATIONS),
  });
  let told = 0;
  const scanFaults = () => ["project", "customer"].map((id) => ({ message: "Wrong.", id }));
  fc.assert(
    fc.property(fc.array(fc.oneof(slip, ofSecret), { minLength: 1, maxLength: 3 }), (slips) => {
      const text = slips.reduce(
        (whole, { from, count, mutation }) =>
          whole
            .split("\n")
            .map((line, at) => (at >= from && at < from + count ? mutation(line) : line))
            .join("\n"),
        POLICY,
      );
      const checked = checkPolicy(text, { ...ANYWHERE, scanFaults });
      const faults = checked.ok ? checked.value.warnings : checked.error;
      told += faults.length;
      const everyLine = text.split("\n").map((_, at): Fault => {
        const position = { line: at + 1, column: 1, length: 1 };
        return { severity: "error", code: "syntax", message: "Wrong.", path: "", position, suggestion: null };
      });
      expect(everythingSaid(text, faults)).not.toMatch(SECRETS);
      expect(renderFaults("f", text, everyLine)).not.toMatch(SECRETS);
    }),
    { numRuns: 300 },
  );
  expect(told).toBeGreaterThan(300);
});
