import { createHash } from "node:crypto";
import { KEYWORD } from "../core/finding.ts";
import { err, ok, type Result } from "../core/result.ts";
import { Automaton } from "./automaton.ts";
import type { Detector, Strength } from "./detector.ts";
import { DETECTORS } from "./detectors/all.ts";
import { encodedForms } from "./encoded-keyword.ts";
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
  const { keywords, detectSensitiveData, patterns = [], threshold = "medium" } = options;
  const compiled = patterns.map(compilePattern);
  const faults = compiled.flatMap((pattern) => (pattern.ok ? [] : [pattern.error]));
  if (faults.length > 0) return err(faults);
  const own = compiled.flatMap((pattern) => (pattern.ok ? [pattern.value] : []));
  const detectors = [...(detectSensitiveData ? DETECTORS : []), ...own];

  const literals = new Literals();
  for (const keyword of keywords) {
    for (const form of foldKeyword(keyword)) literals.add(form, { kind: "keyword", code: KEYWORD });
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
  const automaton = Automaton.build(literals.texts);
  if (automaton === null) return err([{ message: "There are more keywords than the scanner can hold; use fewer." }]);
  const ruleset = `${RULESET_VERSION}:${rulesetHash(DETECTORS)}`;
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

/** Texts without duplicates, and all that each of them stands for. */
class Literals {
  readonly texts: string[] = [];
  readonly targets: Target[][] = [];
  readonly contexts: (ContextWord | null)[] = [];
  readonly #indexes = new Map<string, number>();

  add(text: string, target: Target): void {
    const known = this.targets[this.#indexOf(text)] ?? [];
    // A keyword given twice is one keyword.
    if (target.kind !== "keyword" || !known.some(({ kind }) => kind === "keyword")) known.push(target);
  }

  addContext(text: string, context: ContextWord): void {
    this.contexts[this.#indexOf(text)] = context;
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

function contextWords(detectors: readonly Detector[]): ReadonlyMap<string, readonly number[]> {
  const words = new Map<string, number[]>();
  for (const [index, { context = [] }] of detectors.entries()) {
    for (const word of new Set(context)) words.set(word, [...(words.get(word) ?? []), index]);
  }
  return words;
}

/** Over what the rules say of themselves. What a checksum computes is not in it: that is for the version to say. */
export function rulesetHash(detectors: readonly Detector[]): string {
  const said = detectors.map((detector) => ({ ...detector, look: null }));
  return createHash("sha256").update(JSON.stringify(said)).digest("hex");
}
