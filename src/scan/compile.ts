import { createHash } from "node:crypto";
import { KEYWORD } from "../core/finding.ts";
import { err, ok, type Result } from "../core/result.ts";
import { Automaton } from "./automaton.ts";
import type { Detector, Strength } from "./detector.ts";
import { DETECTORS } from "./detectors/all.ts";
import { SECRET_RULES } from "./detectors/secrets/all.ts";
import { encodedForms, spelledForms } from "./encoded-keyword.ts";
import type { SecretRule } from "./secret-rule.ts";
import { compilePattern, type UserPattern } from "./user-pattern.ts";
import { foldKeyword } from "./views/fold.ts";

/** Changes with every rule; a test holds it against the rules' hash. */
export const RULESET_VERSION = "1.0.0";

export type ScanOptions = {
  readonly keywords: readonly string[];
  /** Whether the built-in detectors of personal data, secrets, markers and evasions look at all. */
  readonly detectSensitiveData: boolean;
  readonly patterns?: readonly UserPattern[];
  /** Matches that are less sure than this are not reported; `medium` unless said otherwise. */
  readonly threshold?: Strength;
};

/** The built-in rules in force. Keywords and patterns of a policy are its own, and none of them belongs in a hash. */
export type Rules = {
  readonly detectors: readonly Detector[];
  readonly secrets: readonly SecretRule[];
  readonly threshold: Strength;
};

export const DEFAULT_RULES: Rules = { detectors: DETECTORS, secrets: SECRET_RULES, threshold: "medium" };

/** `message` says what to change and quotes no keyword. */
export type ScanFault = { readonly message: string };

/** What a literal of the automaton stands for. */
export type Target =
  | { readonly kind: "keyword"; readonly code: string }
  /** The automaton does not tell cases apart; base64 does. */
  | { readonly kind: "encoded_keyword"; readonly code: string; readonly form: string }
  | { readonly kind: "detector"; readonly detector: number; readonly length: number };

/** A word of context, and the detectors that it is one for. */
export type ContextWord = { readonly detectors: readonly number[]; readonly length: number };

export type CompiledScan = {
  /** `<version>:<sha-256 of the built-in rules>`: what an audit row names, so that its findings can be understood later. */
  readonly ruleset: string;
  readonly threshold: Strength;
  readonly detectors: readonly Detector[];
  readonly automaton: Automaton;
  /** For each literal of the automaton what it stands for; none for one that is a word of context only. */
  readonly targets: readonly (readonly Target[])[];
  readonly contexts: readonly (ContextWord | null)[];
  /** The literals of the automaton. */
  readonly literals: readonly string[];
  /** False where there is nothing to look for; content that is no text is found all the same. */
  readonly active: boolean;
};

export function compileScan(options: ScanOptions): Result<CompiledScan, readonly ScanFault[]> {
  const { keywords, detectSensitiveData, patterns = [], threshold = DEFAULT_RULES.threshold } = options;
  const rules = detectSensitiveData ? { ...DEFAULT_RULES, threshold } : { detectors: [], secrets: [], threshold };
  const compiled = patterns.map((pattern, index) => compilePattern(pattern, index + 1));
  const faults = [...compiled.flatMap((pattern) => (pattern.ok ? [] : pattern.error)), ...sameNames(patterns)];
  if (faults.length > 0) return err(faults);
  const own = compiled.flatMap((pattern) => (pattern.ok ? [pattern.value] : []));
  const detectors = [...rules.detectors, ...own];

  const literals = new Literals();
  for (const keyword of keywords) {
    for (const form of foldKeyword(keyword).flatMap(spelledForms)) {
      literals.add(form, { kind: "keyword", code: KEYWORD });
    }
    for (const form of encodedForms(keyword)) {
      literals.add(form.toLowerCase(), { kind: "encoded_keyword", code: KEYWORD, form });
    }
  }
  for (const [index, detector] of detectors.entries()) {
    if (detector.kind !== "literal") continue;
    for (const text of detector.literals) {
      literals.add(text, { kind: "detector", detector: index, length: text.length });
    }
  }
  for (const [text, users] of contextWords(detectors)) {
    literals.addContext(text, { detectors: users, length: text.length });
  }
  const automaton = Automaton.build(literals.texts, literals.keywordsOnly());
  if (automaton === null) return err([{ message: "There are more keywords than the scanner can hold; use fewer." }]);
  const ruleset = `${RULESET_VERSION}:${rulesetHash(rules)}`;
  const active = detectors.length > 0 || literals.texts.length > 0;
  return ok({
    ruleset,
    threshold,
    detectors,
    automaton,
    literals: literals.texts,
    targets: literals.targets,
    contexts: literals.contexts,
    active,
  });
}

/** Findings of two patterns with one name could not be told apart. */
function sameNames(patterns: readonly UserPattern[]): readonly ScanFault[] {
  const first = new Map<string, number>();
  return patterns.flatMap(({ id }, index) => {
    const known = first.get(id);
    if (known !== undefined) return [{ message: `Patterns ${known} and ${index + 1} of the list have the same id.` }];
    first.set(id, index + 1);
    return [];
  });
}

/** Texts without duplicates, and all that each of them stands for. */
class Literals {
  readonly texts: string[] = [];
  readonly targets: Target[][] = [];
  readonly contexts: (ContextWord | null)[] = [];
  readonly #indexes = new Map<string, number>();

  add(text: string, target: Target): void {
    const known = this.targets[this.#indexOf(text)] ?? [];
    // A keyword given twice is one keyword.
    if (target.kind === "detector" || !known.some((other) => isSame(other, target))) known.push(target);
  }

  addContext(text: string, context: ContextWord): void {
    this.contexts[this.#indexOf(text)] = context;
  }

  /** Those that are nothing but keywords: of keywords within keywords one says it all. */
  keywordsOnly(): ReadonlySet<number> {
    const only = this.texts.map((_, index) => {
      const targets = this.targets[index] ?? [];
      return this.contexts[index] === null && targets.length > 0 && targets.every(({ kind }) => kind === "keyword");
    });
    return new Set(only.flatMap((isOnly, index) => (isOnly ? [index] : [])));
  }

  #indexOf(text: string): number {
    const index = this.#indexes.get(text) ?? this.texts.length;
    if (index < this.texts.length) return index;
    this.#indexes.set(text, index);
    this.texts.push(text);
    this.targets.push([]);
    this.contexts.push(null);
    return index;
  }
}

const isSame = (one: Target, other: Target): boolean =>
  one.kind === other.kind && (one.kind !== "encoded_keyword" || (other.kind === one.kind && other.form === one.form));

function contextWords(detectors: readonly Detector[]): ReadonlyMap<string, readonly number[]> {
  const words = new Map<string, number[]>();
  for (const [index, { context = [] }] of detectors.entries()) {
    for (const word of new Set(context)) words.set(word, [...(words.get(word) ?? []), index]);
  }
  return words;
}

/** Over what the rules say of themselves. What a checksum computes is not in it: that is for the version to say. */
export function rulesetHash({ detectors, secrets, threshold }: Rules): string {
  const said = detectors.map((detector) => ({ ...detector, look: null }));
  return createHash("sha256")
    .update(JSON.stringify([said, secrets, threshold]))
    .digest("hex");
}
