import { describe, expect, test } from "bun:test";
import { preparePolicy } from "../../../src/gateway/prepare-policy.ts";
import type { ScannedPart } from "../../../src/policy/scan-options.ts";
import { ANYWHERE, altered, FULL_POLICY, faultsOf, toldOf } from "../../support/policy-file.ts";

const PATTERN = "      - { id: customer_number, pattern: 'C-\\d{6}', keywords: [C-], strength: medium }";
const SOUND = FULL_POLICY.replace("[C-]", "[customer]");

function told(text: string): readonly string[] {
  const prepared = preparePolicy(text, { environment: null });
  const faults = prepared.ok ? [] : prepared.error;
  return faults.map(
    ({ position, code, path }) => `${position.line}:${position.column}+${position.length} ${code} ${path}`,
  );
}
const patterns = (...lines: readonly string[]) =>
  SOUND.replace(PATTERN.replace("[C-]", "[customer]"), lines.join("\n"));

test("a sound file has no fault, and its scanner finds what it has", () => {
  const prepared = preparePolicy(SOUND, { environment: null });
  if (!prepared.ok) throw new Error("the policy is sound");
  expect(prepared.value.scan.keywordCodes).toEqual(["keyword", "keyword.project"]);
  expect(prepared.value.scan.detectors.flatMap(({ codes }) => codes)).toContain("pattern.customer_number");
});

describe("what the scanner does not take is told where it stands", () => {
  test.each([
    [
      "a pattern that is no RE2",
      patterns("      - { id: a, pattern: x, keywords: [abc] }", "      - { id: b, pattern: '(', keywords: [abc] }"),
      ["52:27+3 bad_signal /signals/personal/patterns/1/pattern"],
    ],
    [
      "a pattern that is too large",
      patterns("      - { id: a, pattern: '(x{100}){100}', keywords: [abc] }"),
      ["51:27+15 bad_signal /signals/personal/patterns/0/pattern"],
    ],
    [
      "a pattern that is no RE2 with a keyword that is too short",
      patterns("      - { id: a, keywords: [ab], pattern: '(' }"),
      [
        "51:18+8 bad_signal /signals/personal/patterns/0/keywords",
        "51:43+3 bad_signal /signals/personal/patterns/0/pattern",
      ],
    ],
    [
      "each keyword that is nothing",
      SOUND.replace("[falcon,", '[" ", "\\u200b",'),
      ["46:5+8 bad_signal /signals/project/keywords", "46:5+8 bad_signal /signals/project/keywords"],
    ],
    [
      "a pattern that is called as a signal with keywords",
      patterns("      - { id: project, pattern: '(', keywords: [abc] }"),
      ["51:33+3 bad_signal /signals/personal/patterns/0/pattern"],
    ],
    [
      "two patterns with one id, once",
      patterns("      - { id: a, pattern: x, keywords: [abc] }", "      - { id: a, pattern: y, keywords: [abc] }"),
      ["52:15+1 duplicate_id /signals/personal/patterns/1/id"],
    ],
  ])("%s", (_what, text, expected) => {
    expect(told(text)).toEqual(expected);
  });
});

describe("all faults at once, in the order of the file", () => {
  const bad = patterns("      - { id: a, pattern: '(', keywords: [abc] }");
  const PLACE = "51:27+3 bad_signal /signals/personal/patterns/0/pattern";

  test("with those of what one part says of another", () => {
    expect(told(bad.replace("zones_except: [local]", "zones: [nowhere]"))).toEqual([
      PLACE,
      "56:23+7 undefined_zone /constraints/0/forbid/zones/0",
    ]);
  });

  test("with those of shape, before and behind, and in another signal", () => {
    const text = bad.replace("version: 3", "version: 0").replace("deny: true", "deny: yes");
    expect(told(text.replace("[falcon,", "[falcon, falcon,"))).toEqual([
      "4:10+1 out_of_bounds /version",
      "46:24+6 duplicate_item /signals/project/keywords/1",
      PLACE,
      "77:11+3 wrong_type /rules/2/deny",
    ]);
  });

  test("but a signal that is of a wrong shape itself is not tried", () => {
    expect(told(bad.replace("groups: [secret]", "groups: secret"))).toEqual([
      "49:13+6 wrong_type /signals/personal/groups",
    ]);
    expect(told(bad.replace("[abc]", "[0x1F]"))).toEqual(["51:43+4 number_form "]);
  });
});

describe("the scanner is asked once", () => {
  const asked = (text: string) => {
    const parts: ScannedPart[] = [];
    faultsOf(text, {
      ...ANYWHERE,
      scanFaults: (part) => {
        parts.push(part);
        return [];
      },
    });
    return parts;
  };

  test("with all signals of a sound file, and of one whose references alone are wrong", () => {
    for (const text of [FULL_POLICY, altered("zones_except: [local]", "zones: [nowhere]")]) {
      const [part, ...others] = asked(text);
      expect(others).toEqual([]);
      expect(part?.scan).toEqual({ detectors: true, threshold: "medium", opaque_content: "sensitive" });
      expect(Object.keys(part?.signals ?? {})).toEqual(["project", "personal"]);
    }
  });

  test("with those that are sound of another, and never of what is no YAML", () => {
    const [part] = asked(altered("threshold: medium", "threshold: high").replace("[pii.email]", "[1]"));
    expect(part).toEqual({ signals: { project: { keywords: ["falcon", "two words"] } } });
    expect(asked(`${FULL_POLICY}"`)).toEqual([]);
  });

  test("and not of a file with more errors than are listed, whose other signals may be anything", () => {
    const signals = Array.from({ length: 600 }, (_, at) => `  s${at}: { keywords: 1 }`).join("\n");
    expect(asked(altered("signals:\n", `signals:\n${signals}\n`))).toEqual([]);
  });

  test("and of what it says without a part or a place, something is told", () => {
    const scanFaults = () => ["project", "customer_number", null].map((id) => ({ message: "Wrong.", id }));
    expect(toldOf(FULL_POLICY, { ...ANYWHERE, scanFaults })).toEqual([
      "44:1+7 error bad_signal /signals",
      "46:5+8 error bad_signal /signals/project/keywords",
      "51:15+15 error bad_signal /signals/personal/patterns/0/id",
    ]);
  });
});
