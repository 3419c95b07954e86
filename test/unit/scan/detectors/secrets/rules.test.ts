import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Near } from "../../../../../src/scan/detector.ts";
import { SECRET_RULES } from "../../../../../src/scan/detectors/secrets/all.ts";
import { type SecretRule, secretRule } from "../../../../../src/scan/secret-rule.ts";
import { literalAt, literalOf, type SecretSample, secretSamples } from "../../../../support/secret-samples.ts";

const FOLDER = join(import.meta.dir, "../../../../../src/scan/detectors/secrets");
const RUNS = { numRuns: 12, seed: 20_261_122 };
/** Characters that all rules with one literal may read for each character of a text that only repeats it. */
const MOST_READ = 128;
const NEAR: Near = () => true;
const FAR: Near = () => false;

async function rulesOf(file: string): Promise<readonly SecretRule[]> {
  const module: Readonly<Record<string, unknown>> = await import(join(FOLDER, file));
  return Object.entries(module).flatMap(([name, value]) => (name.endsWith("_SECRETS") ? (value as SecretRule[]) : []));
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".ts"));
const rules = [...new Set((await Promise.all(files.map(rulesOf))).flat())];

/** Looks at each place of a text where a literal of the rule stands, as the matcher does. */
function foundIn(rule: SecretRule, text: string, near: Near = NEAR): string[] {
  const { look } = secretRule(rule);
  const lower = text.toLowerCase();
  const found: string[] = [];
  for (const literal of rule.literals) {
    for (let at = lower.indexOf(literal); at >= 0; at = lower.indexOf(literal, at + 1)) {
      const match = look(text, at, near);
      if (match !== null) found.push(text.slice(match.start, match.end));
    }
  }
  return found;
}

const whole = ({ before, match }: SecretSample): string => before + match;

describe("rules for secrets", () => {
  test("come in more than 150 kinds, each of which all.ts lists once", () => {
    expect(rules.length).toBeGreaterThan(150);
    expect(new Set(SECRET_RULES).size).toBe(SECRET_RULES.length);
    expect(rules.filter((rule) => !SECRET_RULES.includes(rule)).map(({ code }) => code)).toEqual([]);
  });

  test("have codes of their own in one spelling, a sentence for a title and a source", () => {
    const codes = rules.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    for (const { code, title, source } of rules) {
      expect(code).toMatch(/^secret\.[a-z][a-z0-9_]*$/);
      expect(title, code).toMatch(/^[A-Z].*\.$/);
      expect(new URL(source).protocol, code).toBe("https:");
    }
  });

  test("have literals that the automaton can hold, and each place of which it finds just once", () => {
    for (const { code, literals } of rules) {
      for (const literal of literals) {
        expect(literal, code).toMatch(/^[!-@[-~]{2,}$/);
        const others = literals.filter((other) => other !== literal);
        expect(
          others.filter((other) => other.startsWith(literal)),
          code,
        ).toEqual([]);
      }
      expect(new Set(literals).size, code).toBe(literals.length);
    }
  });

  test("have patterns without an unbounded repetition, and read no farther than they say", () => {
    for (const { code, pattern, reach } of rules) {
      const plain = pattern.replace(/\\./g, "_").replace(/\[[^\]]*\]/g, "_");
      expect(plain, code).not.toMatch(/[*+]|\{\d+,\}/);
      expect(reach, code).toBeGreaterThan(0);
    }
  });

  test("read little for each character where a text only repeats a literal", () => {
    const readAt = new Map<string, number>();
    for (const { literals, reach } of rules) {
      for (const literal of literals) readAt.set(literal, (readAt.get(literal) ?? 0) + reach);
    }
    const costly = [...readAt].filter(([literal, read]) => read / literal.length > MOST_READ);
    expect(costly).toEqual([]);
  });
});

describe.each(rules.map((rule) => [rule.code, rule] as const))("%s", (_, rule) => {
  const samples = secretSamples(rule);
  const check = (property: (sample: SecretSample) => void): void => fc.assert(fc.property(samples, property), RUNS);

  test("is found where its literal stands, and as far as it goes", () => {
    check((sample) => {
      const text = whole(sample);
      const at = literalAt(rule, sample);
      const start = sample.before.length;
      const match = secretRule(rule).look(text, at, NEAR);
      expect(match).toEqual({ code: rule.code, start, end: text.length, strength: rule.strength ?? "strong" });
      expect(sample.match.length).toBeLessThanOrEqual(rule.reach);
    });
  });

  test("can begin with each of its literals", () => {
    const drawn = fc.sample(samples, { numRuns: 60 * rule.literals.length, seed: RUNS.seed });
    const seen = new Set(drawn.map((sample) => literalOf(rule, sample)));
    expect(rule.literals.filter((literal) => !seen.has(literal))).toEqual([]);
  });

  test("is found in a sentence, in quotes, on a line of its own and between the marks of a sheet", () => {
    check((sample) => {
      for (const [left, right] of [
        ["use ", " for it"],
        ['{"it":"', '"}'],
        ["\n", "\n"],
        ["\u0000", "\u0000"],
        ["(", ")"],
      ] as const) {
        expect(foundIn(rule, left + whole(sample) + right)).not.toEqual([]);
      }
    });
  });

  if (rule.minEntropy > 0)
    test("is not found where one letter fills it", () => {
      check((sample) => {
        const [start, end] = sample.random;
        for (const filler of ["x", "X", "0"]) {
          const filled = sample.match.slice(0, start) + filler.repeat(end - start) + sample.match.slice(end);
          expect(foundIn(rule, sample.before + filled)).toEqual([]);
        }
      });
    });

  if (rule.context !== undefined)
    test("is not found far from the words that belong to it", () => {
      check((sample) => expect(foundIn(rule, whole(sample), FAR)).toEqual([]));
    });

  if (rule.inWord !== true)
    test("is not found in the middle of a word", () => {
      check((sample) => {
        const match = secretRule(rule).look(`${sample.before}q${sample.match}`, literalAt(rule, sample) + 1, NEAR);
        expect(match).toBeNull();
      });
    });
});
