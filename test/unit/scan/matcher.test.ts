import { describe, expect, test } from "bun:test";
import { Automaton } from "../../../src/scan/automaton.ts";
import type { CompiledScan } from "../../../src/scan/compile.ts";
import type { Detector, Near } from "../../../src/scan/detector.ts";
import { Matcher } from "../../../src/scan/matcher.ts";
import { Budget } from "../../../src/scan/sheet.ts";
import { scanFor } from "../../support/compiled-scan.ts";

const SAID = { title: "A test.", sources: [], reach: 10 } as const;

/** A detector of numbers that takes those groups that `takes` says, and asks for words near them. */
const numbers = (code: string, takes: (group: string) => boolean, context?: readonly string[]): Detector => ({
  ...SAID,
  kind: "number",
  codes: [code],
  ...(context === undefined ? {} : { context }),
  look: (run, near) =>
    Array.from({ length: run.count }, (_, group) => group)
      .filter((group) => takes(run.digits(group, group)))
      .map((group) => ({ group, isNear: context === undefined || near(run.start(group), run.end(group)) }))
      .filter(({ isNear }) => isNear)
      .map(({ group }) => ({ code, start: run.start(group), end: run.end(group), strength: "medium" as const })),
});

function compiledOf(detectors: readonly Detector[]): CompiledScan {
  const literals = detectors.flatMap((detector, index) =>
    detector.kind === "literal" ? detector.literals.map((text) => ({ text, index })) : [],
  );
  const words = detectors.flatMap(({ context = [] }, index) => context.map((text) => ({ text, index })));
  const texts = [...literals, ...words].map(({ text }) => text);
  const automaton = Automaton.build(texts);
  if (automaton === null) throw new Error("too many literals");
  return {
    ...scanFor([]),
    detectors,
    automaton,
    literals: texts,
    targets: [
      ...literals.map(({ text, index }) => [{ kind: "detector" as const, detector: index, length: text.length }]),
      ...words.map(() => []),
    ],
    contexts: [
      ...literals.map(() => null),
      ...words.map(({ text, index }) => ({ detectors: [index], length: text.length })),
    ],
    active: true,
  };
}

function matchesIn(text: string, compiled: CompiledScan, { wholeWords = false, budget = new Budget(1e9) } = {}) {
  const found: string[] = [];
  new Matcher(compiled).match(text, wholeWords, budget, (code, at) => found.push(`${code} ${at}`));
  return found;
}

const literal = (
  code: string,
  text: string,
  look?: (near: Near, at: number) => boolean,
  context?: string,
): Detector => ({
  ...SAID,
  kind: "literal",
  codes: [code],
  literals: [text],
  ...(context === undefined ? {} : { context: [context] }),
  look: (_, at, near) =>
    (look?.(near, at) ?? true) ? { code, start: at, end: at + text.length, strength: "strong" } : null,
});

describe("the matcher", () => {
  test("looks where a literal begins, whatever its case", () => {
    expect(matchesIn("x AKIA, akia", compiledOf([literal("secret.a", "akia")]))).toEqual(["secret.a 2", "secret.a 8"]);
  });

  test("hears only of words of context that are near: 64 characters before, 32 after", () => {
    const compiled = compiledOf([literal("secret.a", "#", (near, at) => near(at, at + 1), "word")]);
    const finds = (text: string) => matchesIn(text, compiled).length === 1;
    expect([finds(`word${" ".repeat(64)}#`), finds(`word${" ".repeat(65)}#`)]).toEqual([true, false]);
    expect([finds(`#${" ".repeat(28)}word`), finds(`#${" ".repeat(29)}word`)]).toEqual([true, false]);
    expect([finds("words #"), finds("aword #"), finds("word1 #"), finds("WORD #"), finds("#")]).toEqual([
      ...[false, false, true],
      ...[true, false],
    ]);
  });

  test("keeps the words of one text apart from those of the next", () => {
    const matcher = new Matcher(compiledOf([literal("secret.a", "#", (near, at) => near(at, at + 1), "word")]));
    const found: string[] = [];
    const match = (text: string) => matcher.match(text, false, new Budget(1e6), (code) => found.push(code));
    match("word #");
    match("#");
    expect(found).toEqual(["secret.a"]);
  });

  test("gives a place to the first detector of numbers that takes it", () => {
    const compiled = compiledOf([
      numbers("pii.first", (group) => group.startsWith("4")),
      numbers("pii.second", () => true),
    ]);
    expect(matchesIn("4111 52", compiled)).toEqual(["pii.first 0", "pii.second 5"]);
  });

  test("reads a long row of groups to its end", () => {
    const row = [...Array.from({ length: 70 }, () => "11"), "42"].join(" ");
    const found = matchesIn(row, compiledOf([numbers("pii.a", (group) => group === "42")]));
    expect(new Set(found)).toEqual(new Set([`pii.a ${row.length - 2}`]));
  });

  test("does not report what is weaker than the threshold, nor give its place away", () => {
    const weak: Detector = {
      ...SAID,
      kind: "number",
      codes: ["pii.weak"],
      look: () => [{ code: "pii.weak", start: 0, end: 2, strength: "weak" }],
    };
    const compiled = compiledOf([weak, numbers("pii.second", () => true)]);
    expect(matchesIn("12", compiled)).toEqual(["pii.second 0"]);
    expect(matchesIn("12", { ...compiled, threshold: "weak" })).toEqual(["pii.weak 0"]);
    expect(matchesIn("12", { ...compiled, threshold: "strong" })).toEqual([]);
  });

  test("looks at words of the lengths that a detector asks for, and at heads of IBANs", () => {
    const words: Detector = {
      ...SAID,
      kind: "word",
      codes: ["pii.word"],
      minLength: 28,
      maxLength: 30,
      look: (_, start, end) => ({ code: "pii.word", start, end, strength: "medium" }),
    };
    const heads: Detector = {
      ...SAID,
      kind: "iban_head",
      codes: ["pii.head"],
      look: (_, at) => ({ code: "pii.head", start: at, end: at + 4, strength: "medium" }),
    };
    const text = [27, 28, 30, 31].map((length) => `${"q".repeat(length - 1)}7`).join(" ");
    expect(matchesIn(text, compiledOf([words]))).toEqual(["pii.word 28", "pii.word 57"]);
    expect(matchesIn("GB29 xGB29 gb2", compiledOf([heads]))).toEqual(["pii.head 0"]);
  });

  test("stops looking for one kind where there is more than enough of it, and goes on with the others", () => {
    const compiled = compiledOf([literal("secret.a", "#"), literal("secret.b", "%"), numbers("pii.n", () => true)]);
    const found = matchesIn(`${"# ".repeat(1_000)}%${" a 1".repeat(1_000)}`, compiled);
    const count = (code: string) => found.filter((one) => one.startsWith(code)).length;
    expect([count("secret.a"), count("secret.b"), count("pii.n")]).toEqual([256, 1, 256]);
  });

  test("looks no further than the budget goes", () => {
    const compiled = compiledOf([{ ...literal("secret.a", "#"), reach: 1_000 }]);
    const budget = new Budget(10_000);
    const { length } = matchesIn("# ".repeat(200), compiled, { budget });
    expect(length).toBeGreaterThan(5);
    expect(length).toBeLessThan(100);
    expect(budget.exhausted).toBe(true);
  });

  test("takes keywords of a text that was put together only where they are words", () => {
    const compiled = scanFor(["otter"]);
    const finds = (text: string, wholeWords: boolean) => matchesIn(text, compiled, { wholeWords }).length;
    expect([finds("anottery", false), finds("anottery", true), finds("1otter2", true)]).toEqual([1, 0, 1]);
    // A longer one does not come about by chance.
    expect(matchesIn("afalcony", scanFor(["falcon"]), { wholeWords: true })).toHaveLength(1);
  });

  test("looks for signs of a whole text once, and only where it is not ASCII", () => {
    const sheet: Detector = {
      ...SAID,
      kind: "sheet",
      codes: ["evasion.a"],
      look: (text) => [{ code: "evasion.a", start: text.length, end: text.length, strength: "medium" }],
    };
    const found: number[] = [];
    const matcher = new Matcher(compiledOf([sheet]));
    for (const text of ["abc", "é"]) matcher.matchWhole(text, (_, at) => found.push(at));
    expect([found, matchesIn("é", compiledOf([sheet]))]).toEqual([[1], []]);
  });
});
