import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseSource } from "../../../src/policy/source.ts";
import { jsonOf } from "../../../src/policy/source-node.ts";

const readOf = (text: string) => {
  const { root, faults } = parseSource(text);
  expect(faults.all()).toEqual([]);
  return root === null ? undefined : jsonOf(root);
};
const told = (text: string) =>
  parseSource(text)
    .faults.all()
    .map(({ code, position: { line, column, length } }) => `${line}:${column}+${length} ${code}`);

describe("a file is read", () => {
  test("as YAML 1.2, whose words for truth are true and false", () => {
    const text = "a: yes\nb: no\nc: on\nd: true\ne: ~\nf: 12\ng: 1.5e3\nh: 1_000\ni: 2024-01-01\nj: |\n  x\n  y\n";
    const truth = { a: "yes", b: "no", c: "on", d: true, e: null };
    expect(readOf(text)).toEqual({ ...truth, f: 12, g: 1500, h: "1_000", i: "2024-01-01", j: "x\ny\n" });
  });

  test.each([
    ["with tabs", '{\n\t"a":\t[1,\r\n\t\t{"b" : null}]\n}'],
    ["in one line", '{"a":[1,{"b":null}]}'],
    ["with keys apart from their colons", '{"a"\n:[1,{"b"\n\n: null}]}'],
  ])("as JSON %s", (_how, text) => {
    expect(readOf(text)).toEqual({ a: [1, { b: null }] });
  });

  test("as JSON.parse reads it", () => {
    const text = fc.stringMatching(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, { maxLength: 12 });
    const key = text.filter((name) => name !== "<<");
    const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        scalar,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, "\t"), (json, indent) => {
        const written = JSON.stringify(json, null, indent);
        expect(readOf(written)).toEqual(JSON.parse(written));
      }),
    );
  });

  test("with one zero, and without the mark of the byte order", () => {
    expect(Object.is(readOf("-0"), 0)).toBe(true);
    expect(readOf("\u{feff}a: 1")).toEqual({ a: 1 });
    expect(told("\u{feff}a: *x")).toEqual(["1:4+2 alias"]);
  });

  test("with keys of its own, whatever they are called", () => {
    const value = readOf("__proto__: { polluted: true }\nconstructor: 1\n");
    expect(Object.entries(value ?? {})).toEqual([
      ["__proto__", { polluted: true }],
      ["constructor", 1],
    ]);
    expect("polluted" in {}).toBe(false);
  });
});

describe("a file is refused", () => {
  test.each([
    ["with a key that stands twice", "a: 1\nb: {}\na: 2", ["3:1+1 duplicate_key"]],
    [
      "with a key that stands twice in other quotes",
      '{ "a": 1, \'\\u0061\': 1, "\\u0061": 2 }',
      ["1:24+8 duplicate_key"],
    ],
    ["with an anchor and an alias", "a: &x 1\nb: *x", ["1:4+2 anchor", "2:4+2 alias"]],
    ["with a merge key", "a:\n  <<: { b: 1 }", ["2:3+2 merge_key"]],
    ["with a tag", "a: !!str 1\nb: !x y\nc: !unknown!x y", ["1:4+5 tag", "2:4+2 tag", "3:4+10 tag"]],
    ["with a directive", "%YAML 1.1\n---\na: yes", ["1:1+9 directive"]],
    ["with a second document", "a: 1\n---\nb: 2\n---\nc: 3", ["2:1+3 multiple_documents"]],
    [
      "with a key that is no text",
      "1: a\ntrue: b\n? [x]\n: c",
      ["1:1+1 key_not_text", "2:1+4 key_not_text", "3:3+3 key_not_text"],
    ],
    ["with a key that is long", `${"k".repeat(257)}: 1`, ["1:1+257 key_too_long"]],
    [
      "with numbers that readers differ on",
      "a: 010\nb: 0x1F\nc: 0o17\nd: .inf\ne: .nan\nf: +1",
      [
        "1:4+3 number_form",
        "2:4+4 number_form",
        "3:4+4 number_form",
        "4:4+4 number_form",
        "5:4+4 number_form",
        "6:4+2 number_form",
      ],
    ],
    ["with half a surrogate pair", "a: \ud800", ["1:4+1 invalid_unicode"]],
    [
      "with half an escaped surrogate pair",
      'a: "\\ud800"\n"\\udc00": 1',
      ["1:4+8 invalid_unicode", "2:1+8 invalid_unicode"],
    ],
    [
      "with NUL, and with what the lexer uses for itself",
      "a: \0\nb: \x02\x18\x1f",
      ["1:4+1 hidden_character", "2:4+1 hidden_character", "2:5+1 hidden_character", "2:6+1 hidden_character"],
    ],
    [
      "with text that is shown the other way round",
      "a: x # \u202eb\u2066",
      ["1:8+1 hidden_character", "1:10+1 hidden_character"],
    ],
    [
      "with line breaks that are none",
      "a: 1 # x\u2028b: 2\rc: 3",
      ["1:9+1 hidden_character", "1:14+1 hidden_character"],
    ],
    ["with a mark of the byte order inside", "a: \u{feff}b", ["1:4+1 hidden_character"]],
  ])("%s", (_what, text, faults) => {
    expect(told(text)).toEqual(faults);
  });

  test.each([
    ["a quote that is not closed", 'a: "x\nb: 1', "A quoted text is not closed before here."],
    [
      "a bracket that is not closed",
      "a: [1, 2\nb: 3",
      "A bracket is not closed before here, or what is in it is indented too little.",
    ],
    ["a missing colon", "a 1\nb: 2", "A key and its colon must stand on one line; a colon may be missing here."],
    ["a tab for an indent", "a:\n\tb: 2", "A tab cannot indent in YAML."],
    ["a crooked indent", "a:\n  - b\n c: d", "The indentation does not fit the lines around it."],
    ["a colon too many", "a: b: c", "A mapping or list cannot begin on the line of its key."],
    ["a character that begins nothing", "a: @x", "A text cannot begin with this character."],
    ["an escape that is none", 'a: "\\q"', "This backslash begins no escape that YAML knows."],
    ["a missing comma", '{"a" "b"}', "A comma or a colon is missing before this."],
    ["a bracket that was never opened", "a: }", "This cannot stand here; the value before it has ended."],
  ])("with %s, in words of ours", (_what, text, message) => {
    const { root, faults } = parseSource(text);
    expect(root).toBeNull();
    expect(faults.all()[0]).toMatchObject({ severity: "error", code: "syntax", message, path: "" });
  });

  test("with all errors of syntax at once", () => {
    expect(told("a: @x\nb: [1, 2\nc: %\nd: 'e' f\n")).toEqual([
      "1:4+1 syntax",
      "3:1+1 syntax",
      "3:4+1 syntax",
      "4:8+1 syntax",
    ]);
  });

  test("over a megabyte, counted in bytes", () => {
    expect(told(`a: ${"é".repeat(500_000)}`)).toEqual(["1:1+1 too_large"]);
    expect(told(`a: ${"e".repeat(999_997)}`)).toEqual([]);
    expect(told(`a: ${"e".repeat(999_998)}`)).toEqual(["1:1+1 too_large"]);
  });

  test.each([
    ["lists", (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`],
    ["mappings", (depth: number) => `${"{a: ".repeat(depth)}${"}".repeat(depth)}`],
    ["dashes", (depth: number) => `${"- ".repeat(depth)}x`],
    ["indents", (depth: number) => Array.from({ length: depth }, (_, at) => `${" ".repeat(at)}a:`).join("\n")],
    ["pairs in lists", (depth: number) => `${"[a: ".repeat(depth / 2)}${"]".repeat(depth / 2)}`],
  ])("deeper than 64 %s", (_kind, nested) => {
    expect(told(nested(64))).toEqual([]);
    expect(told(nested(66))[0]).toEndWith("too_deep");
    expect(told(nested(1_300))[0]).toEndWith("too_deep");
  });
});

/** Each answered in time linear in its length; one of these at a megabyte is a second, and quadratic would be hours. */
const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  "an alias bomb": (n) =>
    `a: &a [x]\n${Array.from({ length: n / 40 }, (_, at) => `b${at}: [*a, *a, *a, *a, *a, *a]`).join("\n")}`,
  "keys without end": (n) => Array.from({ length: n / 10 }, (_, at) => `k${at}: v`).join("\n"),
  "the same key": (n) => "a: 1\n".repeat(n / 5),
  documents: (n) => "---\n".repeat(n / 4),
  directives: (n) => "%YAML 1.2\n".repeat(n / 10),
  comments: (n) => "# a\n".repeat(n / 4),
  "empty lines": (n) => "\n".repeat(n),
  blanks: (n) => ` ${" ".repeat(n)}a`,
  tabs: (n) => "\ta: 1\n".repeat(n / 6),
  brackets: (n) => "]".repeat(n),
  commas: (n) => `[${",".repeat(n)}`,
  quotes: (n) => '"'.repeat(n),
  "open quotes": (n) => "k: 'a\n".repeat(n / 6),
  backslashes: (n) => `k: "${"\\x".repeat(n / 2)}"`,
  tagged: (n) => "! ".repeat(n / 2),
  anchored: (n) => "&a ".repeat(n / 3),
  colons: (n) => `{${": ".repeat(n / 2)}`,
  questions: (n) => "?\n".repeat(n / 2),
  "a huge number": (n) => `a: ${"9".repeat(n)}\nb: 1e${"9".repeat(9)}`,
  "a long key": (n) => `${"k".repeat(n)}: 1`,
  nul: (n) => "\0".repeat(n),
  "carriage returns": (n) => "a: 1\r\r\n".repeat(n / 7),
  "lines of CR LF": (n) => "- a\r\n".repeat(n / 5),
  "long keys all the way down": (n) =>
    `${Array.from({ length: 60 }, (_, at) => `${" ".repeat(at)}${"k".repeat(200)}${at}:`).join("\n")}\n${`${" ".repeat(61)}- @\n`.repeat(n / 65)}`,
};

describe("hostile files", () => {
  test.each(Object.entries(HOSTILE))("such as %s are answered", (_name, make) => {
    for (const length of [10, 1_000, 30_000]) {
      const { root, faults } = parseSource(make(length));
      expect(root === null || jsonOf(root) !== undefined).toBe(true);
      expect(faults.all().length).toBeLessThanOrEqual(500);
    }
  });

  test("of more faults than anybody reads say so in the last", () => {
    const faults = parseSource("- *a\n".repeat(1_000)).faults.all();
    expect(faults).toHaveLength(500);
    expect(faults.at(-1)).toMatchObject({ code: "too_many_faults", position: { line: 500 } });
  });

  test("are never quoted", () => {
    const texts = [
      'k: "geheim\n',
      "k: geheim: x",
      "- @geheim",
      "geheim 1\nb: 2",
      'a: "b" geheim',
      "a: !geheim x",
      "*geheim",
    ];
    for (const text of texts) {
      const faults = parseSource(text).faults.all();
      expect(faults.length).toBeGreaterThan(0);
      expect(JSON.stringify(faults)).not.toContain("geheim");
    }
  });
});

describe("a position", () => {
  const text = "a:\n  - id: one # x\n    b: [ 1,\n      22 ]\n  - two\nc: {}\n'd/e~f': 1\n";
  const { positionOf } = parseSource(text);

  test.each([
    ["a scalar", "/a/0/id", [2, 9, 3]],
    ["the first line of an item", "/a/0", [2, 5, 7]],
    ["the key of a list", "/a/0/b", [3, 5, 1]],
    ["an item of a list", "/a/0/b/1", [4, 7, 2]],
    ["a scalar in a list", "/a/1", [5, 5, 3]],
    ["the key of a mapping", "/c", [6, 1, 1]],
    ["a name with signs of the pointer", "/d~1e~0f", [7, 10, 1]],
    ["what is around what is not there", "/a/0/b/7/x", [3, 5, 1]],
    ["the whole by its first line", "", [1, 1, 1]],
    ["the whole for what is nowhere", "/nothing/0", [1, 1, 1]],
  ])("points to %s", (_what, path, [line = 0, column = 0, length = 0]) => {
    expect(positionOf(path)).toEqual({ line, column, length });
  });

  test("counts UTF-16 code units, and CR LF as one end of a line", () => {
    expect(told('a: 1\r\n"😀": *x\r\n')).toEqual(["2:7+2 alias"]);
  });
});
