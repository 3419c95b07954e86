import fc from "fast-check";
import { surpriseOf } from "../../src/scan/detectors/surprise.ts";
import { entropyOf } from "../../src/scan/entropy.ts";
import type { SecretRule } from "../../src/scan/secret-rule.ts";

/** Text that a rule's pattern matches. */
export type SecretSample = {
  /** What the match looks behind for; it may be empty. */
  readonly before: string;
  readonly match: string;
  /** Where the random part begins and ends in `match`. */
  readonly random: readonly [start: number, end: number];
};

type Node =
  | { readonly kind: "one"; readonly among: readonly string[] }
  | { readonly kind: "group"; readonly ways: readonly (readonly Repeated[])[]; readonly capturing: boolean };
type Repeated = { readonly node: Node; readonly least: number; readonly most: number };

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
const CLASSES: Readonly<Record<string, RegExp>> = { w: /\w/, d: /\d/, s: /\s/ };

/** Reads the part of the syntax of regular expressions that rules are written in; refuses what it does not know. */
class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  /** What the pattern looks behind for at its beginning. */
  behind: readonly (readonly Repeated[])[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  ways(): readonly (readonly Repeated[])[] {
    const ways: Repeated[][] = [[]];
    while (this.#at < this.#pattern.length && this.#peek() !== ")") {
      if (this.#skip("|")) ways.push([]);
      else {
        const node = this.#node();
        const repeated = node === null ? null : this.#repeat(node);
        if (repeated !== null) ways.at(-1)?.push(repeated);
      }
    }
    return ways;
  }

  #peek(): string {
    return this.#pattern.charAt(this.#at);
  }

  #skip(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Null for what only looks ahead: such a condition is met by trying again. */
  #node(): Node | null {
    if (this.#skip("[")) return { kind: "one", among: this.#characterClass() };
    if (this.#skip("(")) return this.#group();
    return { kind: "one", among: this.#character() };
  }

  #group(): Node | null {
    const negative = this.#skip("?!") || this.#skip("?<!");
    const behind = !negative && this.#skip("?<=");
    const ahead = !negative && !behind && this.#skip("?=");
    const capturing = !negative && !behind && !ahead && !this.#skip("?:");
    this.#depth++;
    const ways = this.ways();
    this.#depth--;
    this.#at++;
    if (behind && this.#depth === 0) this.behind = ways;
    return negative || behind || ahead ? null : { kind: "group", ways, capturing };
  }

  #repeat(node: Node): Repeated {
    if (this.#skip("?")) return { node, least: 0, most: 1 };
    const counts = /^\{(\d+)(?:,(\d+))?\}\??/.exec(this.#pattern.slice(this.#at));
    if (counts === null) return { node, least: 1, most: 1 };
    this.#at += counts[0].length;
    const least = Number(counts[1]);
    return { node, least, most: counts[2] === undefined ? least : Number(counts[2]) };
  }

  #character(): readonly string[] {
    if (!this.#skip("\\")) return [this.#pattern.charAt(this.#at++)];
    const escaped = this.#pattern.charAt(this.#at++);
    const known = CLASSES[escaped];
    if (known !== undefined) return PRINTABLE.filter((unit) => known.test(unit));
    if (escaped === "t") return ["\t"];
    if (escaped === "n") return ["\n"];
    if (escaped === "r") return ["\r"];
    if (escaped !== "x") return [escaped];
    this.#at += 2;
    return [String.fromCharCode(Number.parseInt(this.#pattern.slice(this.#at - 2, this.#at), 16))];
  }

  #characterClass(): readonly string[] {
    const start = this.#at;
    const negated = this.#skip("^");
    while (this.#peek() !== "]") this.#character();
    this.#at++;
    const known = new RegExp(`[${this.#pattern.slice(start, this.#at)}`);
    const units = PRINTABLE.filter((unit) => known.test(unit));
    // White space has to stand only where nothing else can.
    const dense = units.filter((unit) => unit !== " ");
    return negated || dense.length > 0 ? dense : units;
  }
}

type Written = { readonly text: string; readonly random: readonly [number, number] | null };

function written(ways: readonly (readonly Repeated[])[]): fc.Arbitrary<Written> {
  return fc.oneof(...ways.map((way) => fc.tuple(...way.map(repeated)).map(joined)));
}

function repeated({ node, least, most }: Repeated): fc.Arbitrary<Written> {
  // Much shorter than the longest is as good a sample; random parts long enough to pass stay so.
  const bounds = { minLength: least, maxLength: Math.min(most, least + 40), size: "max" as const };
  if (node.kind === "one") {
    const unit = fc.constantFrom(...node.among);
    return fc.string({ ...bounds, unit }).map((text) => ({ text, random: null }));
  }
  return fc.array(written(node.ways), bounds).map((parts) => {
    const whole = joined(parts);
    return node.capturing ? { text: whole.text, random: [0, whole.text.length] } : whole;
  });
}

function joined(parts: readonly Written[]): Written {
  let text = "";
  let random: readonly [number, number] | null = null;
  for (const part of parts) {
    if (part.random !== null) random = [text.length + part.random[0], text.length + part.random[1]];
    text += part.text;
  }
  return { text, random };
}

/** As random as the rule asks for: what is all filler and words for a secret is a placeholder, and rightly not found. */
const isRandom = (value: string, { minEntropy, minSurprise = 0 }: SecretRule): boolean =>
  entropyOf(value) >= minEntropy && (minSurprise === 0 || surpriseOf(value) >= minSurprise * value.length);

/** Samples of what a rule finds. */
export function secretSamples(rule: SecretRule): fc.Arbitrary<SecretSample> {
  const reader = new PatternReader(rule.pattern);
  const match = written(reader.ways());
  const before = reader.behind.length === 0 ? fc.constant("") : written(reader.behind).map(({ text }) => text);
  const whole = new RegExp(rule.pattern, "y");
  return fc
    .tuple(before, match)
    .map(([behind, { text, random }]) => ({ before: behind, match: text, random: random ?? [0, text.length] }) as const)
    .filter((sample) => {
      whole.lastIndex = sample.before.length;
      const found = whole.exec(sample.before + sample.match);
      if (found?.[0] !== sample.match || !isRandom(found[1] ?? found[0], rule)) return false;
      return literalOf(rule, sample) !== undefined;
    });
}

/** Where one of the rule's literals stands in a sample's text. */
export const literalAt = (rule: SecretRule, sample: SecretSample): number => sample.before.length + (rule.behind ?? 0);

/** The literal that stands there; a pattern may be wider than its literals are. */
export function literalOf(rule: SecretRule, sample: SecretSample): string | undefined {
  const text = (sample.before + sample.match).toLowerCase();
  return rule.literals.find((literal) => text.startsWith(literal, literalAt(rule, sample)));
}
