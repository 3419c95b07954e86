import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AUDIT_COMMANDS } from "../../../src/cli/audit.ts";
import { parseArguments } from "../../../src/cli/command/arguments.ts";
import { type CommandSpec, helpOf, usageOf } from "../../../src/cli/command/spec.ts";
import { POLICY_COMMANDS } from "../../../src/cli/policy.ts";

const SPEC: CommandSpec = {
  family: "policy",
  name: "compare",
  summary: "Compare two files.",
  operands: ["OLD", "NEW"],
  options: {
    strict: { value: null, summary: "Be strict." },
    surface: { value: "NAME", summary: "Name a surface." },
    label: { value: "name=value", many: true, summary: "Name a label." },
  },
  exitCodes: ["equal", "not equal"],
};

const parse = (...argv: string[]) => parseArguments(SPEC, argv);
function given(...argv: string[]) {
  const parsed = parse(...argv);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
function fault(...argv: string[]): string {
  const parsed = parse(...argv);
  if (parsed.ok) throw new Error("was taken");
  return parsed.error;
}

describe("arguments of a subcommand", () => {
  test("are operands and options in any order", () => {
    for (const argv of [
      ["a", "b", "--strict", "--surface", "native"],
      ["--surface=native", "a", "--strict", "b"],
      ["--strict", "--surface", "native", "--", "a", "b"],
    ]) {
      const parsed = given(...argv);
      expect([parsed.operand(0), parsed.operand(1), parsed.has("strict"), parsed.value("surface")]).toEqual([
        "a",
        "b",
        true,
        "native",
      ]);
      expect(parsed.values("label")).toEqual([]);
    }
  });

  test("may give an option several times where it says so, in their order", () => {
    expect(given("a", "b", "--label", "x=1", "--label=y=2").values("label")).toEqual(["x=1", "y=2"]);
    expect(fault("a", "b", "--surface", "x", "--surface", "y")).toBe("--surface is given twice.");
    expect(fault("a", "b", "--strict", "--strict")).toBe("--strict is given twice.");
  });

  test("take - and what follows -- for operands", () => {
    expect(given("-", "--", "--strict").operand(1)).toBe("--strict");
    expect(given("-", "b").operand(0)).toBe("-");
  });

  test.each([
    [["a"], "NEW is missing."],
    [[], "OLD is missing."],
    [["a", "b", "c"], "it takes OLD and NEW, and nothing more."],
    [["a", "b", "--stritc"], "there is no option --stritc; did you mean --strict?"],
    [["a", "b", "--colour"], "there is no option --colour."],
    [["a", "b", "-s"], "there is no option -s."],
    [["a", "b", "--constructor"], "there is no option --constructor."],
    [["a", "b", "--strict=yes"], "--strict takes no value."],
    [["a", "b", "--strict="], "--strict takes no value."],
    [["a", "b", "--surface"], "--surface needs a value, as in --surface NAME."],
    [["a", "b", "--surface="], "--surface needs a value, as in --surface NAME."],
    [["a", "b", "--surface", "--strict"], "--surface needs a value, as in --surface NAME."],
  ])("are refused in a sentence: %j", (argv, message) => {
    expect(fault(...argv)).toBe(message);
  });

  test("need no operands where help is asked for", () => {
    expect(given("--help").has("help")).toBe(true);
    expect(given("a", "b", "c", "--help").has("help")).toBe(true);
  });

  test("never make it throw", () => {
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom("--strict", "--surface", "--label=x", "--", "-", "-x", "--=", "--no-strict"),
    );
    fc.assert(
      fc.property(fc.array(words), (argv) => {
        const parsed = parse(...argv);
        expect(
          parsed.ok || parsed.error.endsWith(".") || parsed.error.endsWith("?") || parsed.error.includes("as in"),
        ).toBe(true);
      }),
      { seed: 20_261_122 },
    );
  });
});

describe("what is said of a subcommand", () => {
  test("is a usage line with all that it takes", () => {
    expect(usageOf(SPEC)).toBe("policy compare OLD NEW [--strict] [--surface NAME] [--label name=value]...");
  });

  test("is help with every option and every exit code", () => {
    expect(helpOf(SPEC).split("\n")).toEqual([
      "Usage: policy-mesh policy compare OLD NEW [--strict] [--surface NAME] [--label name=value]...",
      "",
      "Compare two files.",
      "",
      "  --strict            Be strict.",
      "  --surface NAME      Name a surface.",
      "  --label name=value  Name a label.",
      "  --help              Print this.",
      "",
      "Exit codes:",
      "  0  equal",
      "  1  not equal",
      "  2  wrong usage",
      "",
    ]);
  });

  test.each([
    ["policy", POLICY_COMMANDS],
    ["audit", AUDIT_COMMANDS],
  ] as const)("is there for each of %s, under one name each", (family, commands) => {
    const names = commands.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    for (const command of commands) {
      expect(command.summary).toMatch(/^[A-Z].*\.$/);
      expect(usageOf(command)).toStartWith(`${family} ${command.name}`);
    }
  });
});
