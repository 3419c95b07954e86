import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatPolicy } from "../../../src/policy/format.ts";
import { parseSource } from "../../../src/policy/source.ts";
import { jsonOf } from "../../../src/policy/source-node.ts";
import { altered, FULL_POLICY } from "../../support/policy-file.ts";

function formatted(text: string): string {
  const result = formatPolicy(text);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}
const readOf = (text: string) => jsonOf(parseSource(text).root ?? expect.unreachable());

describe("a policy is laid out", () => {
  test("as it is, where it is laid out already", () => {
    expect(formatted(FULL_POLICY)).toBe(FULL_POLICY);
  });

  test("with its keys in the order of the schema, comments with what they are about, and records in their own order", () => {
    const text = `# About this file.

default:
    # Nobody is left out.
    reason: default   # as ever
    route: [ local ]
# What we call it.
name:   p
apiVersion: "policy-mesh/v1"
version: 1

providers:

  # Theirs.
  openai: {default_model: a, zone: cloud, base_url: "https://b", kind: openai}
  # Ours.
  local:
        default_model: a # small
        kind: ollama
        base_url: 'http://c'
        zone: local
unknown: { z: 1, a: 2 }
# The end.
`;
    expect(formatted(text)).toBe(`# About this file.

apiVersion: "policy-mesh/v1"
# What we call it.
name: p
version: 1

providers:
  # Theirs.
  openai: { kind: openai, zone: cloud, base_url: "https://b", default_model: a }
  # Ours.
  local:
    kind: ollama
    zone: local
    base_url: 'http://c'
    default_model: a # small
default:
  route: [local]
  # Nobody is left out.
  reason: default # as ever
unknown: { z: 1, a: 2 }

# The end.
`);
  });

  test("in brackets where it stood in brackets and fits into a line", () => {
    const route = `[${Array.from({ length: 16 }, (_, at) => `provider-${at}`).join(", ")}]`;
    const long = formatted(`rules: [{when: {signal: [ a,b ]}, id: x, route: ${route}}]`);
    expect(long).toBe(`rules:
  - id: x
    when: { signal: [a, b] }
    route:
${Array.from({ length: 16 }, (_, at) => `      - provider-${at}\n`).join("")}`);
    expect(formatted("rules: [{ id: x, # why\n when: {stream: true} }]")).toBe(`rules:
  - id: x # why
    when: { stream: true }
`);
  });

  test("with long texts unbroken, block texts as blocks, and quotes as they are", () => {
    const text = `description: ${"a long text ".repeat(30).trim()}
signals:
  a: { keywords: ['x', "y\\n", z] }
tests:
  - name: t
    given:
      text: |
        one
          two

        three
`;
    expect(formatted(text)).toBe(text);
  });

  test("with LF, without a mark of the byte order, and with one line break at its end", () => {
    expect(formatted("\u{feff}name: p\r\nversion: 1\r\n\r\n\r\n")).toBe("name: p\nversion: 1\n");
    expect(formatted("name: p")).toBe("name: p\n");
  });

  test("as JSON where it is JSON", () => {
    expect(formatted('{"version":1, "name":"p",\n"providers":{"b":{"zone":"local","kind":"ollama"},"a":{}}}')).toBe(
      `${JSON.stringify({ name: "p", version: 1, providers: { b: { kind: "ollama", zone: "local" }, a: {} } }, null, 2)}\n`,
    );
  });

  test("whether it is sound or not", () => {
    expect(formatted("version: x\nnam: y\n")).toBe("version: x\nnam: y\n");
  });
});

describe("a file that cannot be read", () => {
  test.each([
    ["for its syntax", "a: [1", "syntax"],
    ["for a key that stands twice", "a: 1\na: 2", "duplicate_key"],
    ["for an alias", "a: &x 1\nb: *x", "anchor"],
    ["since it is no mapping", "- a", "wrong_type"],
    ["since there is nothing in it", "# a\n", "wrong_type"],
  ])("%s is refused", (_why, text, code) => {
    const result = formatPolicy(text);
    expect(result.ok ? [] : result.error.map((fault) => fault.code)).toContain(code);
  });
});

describe("random layouts of a policy", () => {
  const lines = FULL_POLICY.split("\n");
  const change = fc.record({
    at: fc.nat(lines.length - 1),
    how: fc.constantFrom("comment above", "comment behind", "empty line", "indented comment", "comment to the left"),
  });
  const changed = (changes: readonly { readonly at: number; readonly how: string }[]) =>
    lines
      .flatMap((line, index) => {
        const hows = changes.filter(({ at }) => at === index).map(({ how }) => how);
        const indent = /^ */.exec(line)?.[0] ?? "";
        const above = hows.flatMap((how) => {
          if (how === "empty line") return [""];
          if (how === "comment above") return [`${indent}# above ${index}`];
          if (how === "indented comment") return [`${indent}      # far ${index}`];
          return how === "comment to the left" ? [`# left ${index}`] : [];
        });
        return [...above, hows.includes("comment behind") && line !== "" ? `${line} # behind ${index}` : line];
      })
      .join("\n");

  test("are laid out so that laying out again changes nothing, no comment is lost, and the policy is the same", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const text = changed(changes);
        const once = formatted(text);
        expect(formatted(once)).toBe(once);
        expect(readOf(once)).toEqual(readOf(text));
        const comments = (of: string) => (of.match(/# (above|behind|far|left) \d+/g) ?? []).toSorted();
        expect(comments(once)).toEqual(comments(text));
      }),
      { numRuns: 15 },
    );
  });

  test("with their keys in any order come out the same, but for conditions and rules, whose order is theirs", () => {
    const policy = JSON.parse(JSON.stringify(readOf(FULL_POLICY)));
    const shuffle = (value: unknown, order: () => number): unknown => {
      if (Array.isArray(value)) return value.map((item) => shuffle(item, order));
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, shuffle(inner, order)] as const)
          .toSorted(() => order() - 0.5),
      );
    };
    const { providers, signals, labels, prices, tests, ...closed } = policy;
    const expected = formatted(JSON.stringify(closed));
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 50 }), (numbers) => {
        let at = 0;
        const order = () => numbers[at++ % numbers.length] ?? 0;
        expect(formatted(JSON.stringify(shuffle(closed, order)))).toBe(expected);
      }),
      { numRuns: 25 },
    );
  });
});

test("what a keyword says is not changed by where it stands", () => {
  const text = altered('[falcon, "two words"]', "[ \"a: b\", '# c', 'd''e', \"\\t\", f#g, \"true\", '12', \"\" ]");
  expect(readOf(formatted(text))).toEqual(readOf(text));
});

test("lines end alike, also those of a comment", () => {
  expect(formatted("# About\r\n# this.\r\nname: p # p\r\n")).toBe("# About\n# this.\nname: p # p\n");
});
