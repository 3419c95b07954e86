import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { checkShape } from "../../../src/policy/check-shape.ts";
import { PolicyDocument } from "../../../src/policy/document.ts";
import { parseSource } from "../../../src/policy/source.ts";
import { jsonOf } from "../../../src/policy/source-node.ts";
import { altered, FULL_POLICY, faultsOf, toldOf } from "../../support/policy-file.ts";

const shapeFaults = (text: string) => {
  const { root, faults } = parseSource(text);
  if (root !== null) checkShape(root, faults);
  return faults.all();
};
const messageOf = (from: string, to: string) => faultsOf(altered(from, to)).map(({ message }) => message);

test("a sound policy has no fault of shape, nor anything that looks wrong", () => {
  expect(toldOf(FULL_POLICY)).toEqual([]);
});

describe("a fault of shape is told with its place and a remedy", () => {
  test.each([
    ["a misspelt key, once", "signals:\n", "singals:\n", '44:1+7 error unknown_key /singals (did you mean "signals"?)'],
    [
      "a misspelt key that must be there, once",
      "zone: europe",
      "zon: europe",
      '24:5+3 error unknown_key /providers/eu/zon (did you mean "zone"?)',
    ],
    [
      "a key in another case",
      "default_model: mistral-large",
      "Default-Model: mistral-large",
      '27:5+13 error unknown_key /providers/eu/Default-Model (did you mean "default_model"?)',
    ],
    [
      "a key one level too high",
      "when: { task: embedding }",
      "task: embedding",
      '65:5+4 error unknown_key /rules/0/task (it belongs under "when")',
    ],
    ["a key that nobody knows", "deny: true", "deny: true\n    zzzzzz: 1", "78:5+6 error unknown_key /rules/2/zzzzzz"],
    ["a missing key", "    zone: europe\n", "", "22:3+2 error missing_key /providers/eu"],
    ["a missing key of an item", "    reason: sales_only\n", "", "58:5+19 error missing_key /constraints/1"],
    ["a missing key of the whole", "name: full\n", "", "2:1+26 error missing_key "],
    [
      "a number in quotes",
      "version: 3",
      'version: "3"',
      "4:10+3 error wrong_type /version (write only its digits, without quotes)",
    ],
    ["a number with a fraction", "version: 3", "version: 3.5", "4:10+3 error wrong_type /version"],
    [
      "a text that is a number",
      "description: Something of everything.",
      "description: 12",
      "5:14+2 error wrong_type /description (write it in quotes)",
    ],
    [
      "yes for true",
      "stream: true",
      "stream: yes",
      "59:65+3 error wrong_type /constraints/1/when/all/1/not/stream (write it as true, without quotes)",
    ],
    [
      "yes for the only value",
      "deny: true",
      "deny: yes",
      "77:11+3 error wrong_type /rules/2/deny (write it as true, without quotes)",
    ],
    ["no for the only value", "deny: true", "deny: false", "77:11+5 error wrong_value /rules/2/deny"],
    [
      "a text for a list",
      "route: [eu]",
      "route: eu",
      "88:12+2 error wrong_type /shadow/0/route (write it as a list, in [ ] or with a dash before each item)",
    ],
    ["a text for a mapping", "deny: true", "deny: true\n    limits: low", "78:13+3 error wrong_type /rules/2/limits"],
    [
      "nothing for a value",
      "deny: true",
      "deny: true\n    limits:",
      "78:5+6 error wrong_type /rules/2/limits (give it a value, or remove the key)",
    ],
    [
      "a list for a mapping",
      "limits: { max_output_tokens: 4000 }",
      "limits: [4000]",
      "84:1+6 error wrong_type /limits",
    ],
    ["a mapping for a text", "zone: europe", "zone: { europe: 1 }", "24:5+4 error wrong_type /providers/eu/zone"],
    [
      "a number out of bounds",
      "timeout_seconds: 30",
      "timeout_seconds: 3601",
      "74:34+4 error out_of_bounds /rules/1/attempts/timeout_seconds",
    ],
    ["a number that is huge", "version: 3", `version: 1${"0".repeat(400)}`, "4:10+401 error wrong_type /version"],
    [
      "a word of another list",
      "threshold: medium",
      "threshold: mediun",
      '9:14+6 error wrong_value /scan/threshold (did you mean "medium"?)',
    ],
    [
      "another version of the file",
      "policy-mesh/v1",
      "policy-mesh/v2",
      '2:13+14 error wrong_value /apiVersion (write "policy-mesh/v1")',
    ],
    [
      "an id as a title",
      "id: embedding",
      "id: My First Rule",
      '64:9+13 error wrong_form /rules/0/id (did you mean "my-first-rule"?)',
    ],
    [
      "a reason as a title",
      "reason: not_here",
      "reason: Not here!",
      '78:13+9 error wrong_form /rules/2/reason (did you mean "not_here"?)',
    ],
    [
      "a signal with hyphens",
      "  personal:\n",
      "  per-sonal:\n",
      '47:3+9 error wrong_form /signals/per-sonal (did you mean "per_sonal"?)',
    ],
    [
      "a key itself for its name",
      `api_key: \${EU_API_KEY}`,
      "api_key: sk-geheim",
      "26:14+9 error wrong_form /providers/eu/api_key",
    ],
    ["an item twice", "[openai, eu, local]", "[openai, eu, openai]", "70:25+6 error duplicate_item /rules/1/route/2"],
    ["an empty list", "[openai, eu, local]", "[]", "70:5+5 error too_few /rules/1/route"],
    [
      "an empty mapping",
      "scan:\n  detectors: true\n  threshold: medium\n  opaque_content: sensitive",
      "scan: {}",
      "7:1+4 error too_few /scan",
    ],
    [
      "a text that is empty",
      "description: Something of everything.",
      'description: ""',
      "5:14+2 error wrong_length /description",
    ],
    ["a text that is long", "Something of everything.", "x".repeat(1_001), "5:14+1001 error wrong_length /description"],
    [
      "a name that every object has",
      "  team: [research, sales]",
      "  constructor: [a]\n  team: [research, sales]",
      "13:3+11 error reserved_name /labels/constructor",
    ],
    [
      "a name of more than one line",
      "- name: a project word stays",
      '- name: "a\\e[31m"',
      "92:11+9 error wrong_form /tests/0/name",
    ],
  ])("such as %s", (_what, from, to, told) => {
    expect(toldOf(altered(from, to))).toContain(told);
  });

  test("in words", () => {
    expect(messageOf("timeout_seconds: 30", "timeout_seconds: thirty")).toEqual([
      "Expected a whole number from 1 to 3600; found a text.",
    ]);
    expect(messageOf("timeout_seconds: 30", "timeout_seconds: 0")).toEqual(["Expected a whole number from 1 to 3600."]);
    expect(messageOf("task: embedding", "task: { a: 1 }")).toEqual([
      "Expected chat, completion or embedding, or a list of such; found a mapping.",
    ]);
    expect(messageOf("stream: true", "stream: []")).toEqual(["Expected true or false; found a list."]);
    expect(messageOf("{ max_output_tokens: 4000 }", "4000")).toEqual(["Expected a mapping; found a whole number."]);
    expect(messageOf("prompt_tokens: { at_least: 4000 }", "prompt_tokens: 4000")).toEqual([
      "Expected a mapping: at_least, at_most, or both; found a whole number.",
    ]);
    expect(messageOf("kind: ollama", "knd: ollama")).toEqual(['Nothing here is called "knd".']);
    expect(messageOf("  eu:\n", "  EU!:\n")[0]).toBe(
      'Expected the name of a provider: at most 32 lower-case letters, digits, _ and -, a letter first; found "EU!".',
    );
  });

  test("all at once, in the order of the file", () => {
    const wrong = FULL_POLICY.replace("version: 3", "version: x")
      .replace("zone: europe", "zoned: europe")
      .replace("deny: true", "deny: 1")
      .replace("detectors: true", "detectors: 1");
    expect(shapeFaults(wrong).map(({ path }) => path)).toEqual([
      "/version",
      "/scan/detectors",
      "/providers/eu/zoned",
      "/rules/2/deny",
    ]);
  });

  test("for a file that is no mapping, and for an empty one", () => {
    expect(toldOf("- a")).toEqual(["1:1+3 error wrong_type "]);
    expect(toldOf("")).toEqual(["1:1+1 error wrong_type  (give it a value, or remove the key)"]);
    expect(toldOf("# only\n\n")[0]).toContain("error wrong_type");
  });

  test("and never quotes a value: it may be a keyword, a pattern or a key", () => {
    const secrets = [
      ["keywords: [falcon", "keywords: [geheim, geheim"],
      ["keywords: [falcon, ", "keywords: [{ geheim: geheim }, "],
      ['keywords: [falcon, "two words"]', "keywords: geheim"],
      ["pattern: 'C-\\d{6}'", "pattern: [geheim]"],
      ["pattern: 'C-\\d{6}'", `pattern: ${"geheim".repeat(200)}`],
      ["base_url: https://llm.example.eu/v1", "base_url: https://user:geheim@example.eu/?q=geheim"],
      [`api_key: \${EU_API_KEY}`, "api_key: geheim"],
      [`api_key: \${EU_API_KEY}`, `api_key: \${geheim}`],
      ["name: a project word stays", 'name: "geheim\\n"'],
      ["threshold: medium", "threshold: geheim"],
    ];
    for (const [from = "", to = ""] of secrets) {
      const faults = faultsOf(altered(from, to));
      expect(faults.length).toBeGreaterThan(0);
      const said = faults.map(({ message, suggestion }) => message + suggestion).join();
      expect(said.replaceAll('Nothing here is called "geheim"', "")).not.toContain("geheim");
    }
  });

  test("and shows no more of a name than fits, and nothing of it that moves a cursor", () => {
    const [fault] = shapeFaults(`"${"a".repeat(200)}": 1`);
    expect(fault?.message).toBe(`Nothing here is called "${"a".repeat(59)}…".`);
    expect(shapeFaults('"\\e[31m\\u202e": 1')[0]?.message).toBe('Nothing here is called "\\u{1b}[31m\\u{202e}".');
  });
});

describe("names that objects have of their own", () => {
  const names = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"];

  test.each(names)("such as %s are refused as names of anything", (name) => {
    const places: readonly (readonly [from: string, to: string, path: string])[] = [
      ["providers:\n", `providers:\n  ${name}: { kind: ollama }\n`, `/providers/${name}`],
      ["signals:\n", `signals:\n  ${name}: { keywords: [a] }\n`, `/signals/${name}`],
      ["      gpt-5.4: {}\n", `      gpt-5.4: {}\n      ${name}: {}\n`, `/providers/openai/models/${name}`],
      ["prices:\n", `prices:\n  ${name}: { a: { input: 1, output: 1 } }\n`, `/prices/${name}`],
      ["labels:\n", `labels:\n  ${name}: [a]\n`, `/labels/${name}`],
      [
        "      gpt-4o: gpt-5.4\n",
        `      gpt-4o: gpt-5.4\n      ${name}: gpt-5.4\n`,
        `/providers/openai/wishes/${name}`,
      ],
      ["scan:\n", `scan:\n  ${name}: true\n`, `/scan/${name}`],
    ];
    for (const [from, to, path] of places) {
      const errors = faultsOf(altered(from, to)).filter(({ severity }) => severity === "error");
      expect(errors.map((fault) => fault.path)).toContain(path);
    }
  });
});

describe("the schema and TypeBox agree", () => {
  /** Anything that may stand in a policy, some of it in the wrong place. */
  const anything = fc.oneof(
    fc.constantFrom("local", "pii.email", "a b", "", `\${X}`, "medium", "embedding", "gpt-5.4", "yes", "x".repeat(300)),
    fc.constantFrom(-1, 0, 1, 1.5, 4000, 2 ** 40, 2 ** 53),
    fc.constantFrom(true, false, null),
    fc.constantFrom([], ["local"], ["local", "local"], {}, { at_least: 1 }, { local: {} }, [{ id: "a" }], {
      stream: true,
    }),
  );

  test("on policies with random changes", () => {
    const document = JSON.stringify(jsonOf(parseSource(FULL_POLICY).root ?? expect.unreachable()));
    const change = fc.record({ at: fc.nat(), how: fc.constantFrom("replace", "remove", "add"), value: anything });
    fc.assert(
      fc.property(fc.array(change, { minLength: 0, maxLength: 3 }), (changes) => {
        const changed: unknown = changes.reduce(applied, JSON.parse(document));
        const faults = shapeFaults(JSON.stringify(changed));
        expect(faults.length === 0).toBe(Value.Check(PolicyDocument, changed));
      }),
      { numRuns: 100 },
    );
  });
});

type Change = { readonly at: number; readonly how: string; readonly value: unknown };

/** One of all places of a value, by number, is replaced, removed, or given one thing more. */
function applied(whole: unknown, { at, how, value }: Change): unknown {
  const copy = structuredClone({ whole });
  const places: [Record<string, unknown>, string][] = [];
  const visit = (parent: Record<string, unknown>) => {
    for (const [key, child] of Object.entries(parent)) {
      places.push([parent, key]);
      if (typeof child === "object" && child !== null) visit(child as Record<string, unknown>);
    }
  };
  visit(copy);
  const [parent, key] = places[at % places.length] ?? expect.unreachable();
  const child = parent[key];
  if (how === "remove" && Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (how === "remove" && parent !== copy) delete parent[key];
  else if (how === "add" && Array.isArray(child)) child.push(value);
  else if (how === "add" && typeof child === "object" && child !== null) Object.assign(child, { added: value });
  else parent[key] = value;
  return copy.whole;
}
