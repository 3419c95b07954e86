import { createHash } from "node:crypto";
import { KEYWORD } from "../core/finding.ts";
import { err, ok, type Result } from "../core/result.ts";
import { Automaton } from "./automaton.ts";
import type { Detector, Strength } from "./detector.ts";
import { DETECTORS } from "./detectors/all.ts";
import { SECRET_RULES } from "./detectors/secrets/all.ts";
import { encodedForms, spelledForms } from "./encoded-keyword.ts";
import { faultsOfLists, type KeywordList } from "./keyword-list.ts";
import { type ContextWord, Literals, type Target } from "./literals.ts";
import type { ScanFault } from "./scan-fault.ts";
import type { SecretRule } from "./secret-rule.ts";
import { compilePattern, type UserPattern } from "./user-pattern.ts";
import { foldKeyword } from "./views/fold.ts";

export type { ScanFault };

/** Changes with every rule; a test holds it against the rules' hash. */
export const RULESET_VERSION = "1.0.0";

export type ScanOptions = {
  /** Their findings have the code `keyword`. */
  readonly keywords: readonly string[];
  /** Each with a code of its own; what several lists have is found for each of them. */
  readonly keywordLists?: readonly KeywordList[];
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

export type CompiledScan = {
  /** `<version>:<sha-256 of the built-in rules>`: what an audit row names, so that its findings can be understood later. */
  readonly ruleset: string;
  readonly threshold: Strength;
  readonly detectors: readonly Detector[];
  readonly automaton: Automaton;
  /** For each literal of the automaton what it stands for; none for one that is a word of context only. */
  readonly targets: readonly (readonly Target[])[];
  readonly contexts: readonly (ContextWord | null)[];
  /** What the findings of each list of keywords are called. */
  readonly keywordCodes: readonly string[];
  /** The literals of the automaton. */
  readonly literals: readonly string[];
  /** False where there is nothing to look for; content that is no text is found all the same. */
  readonly active: boolean;
};

export function compileScan(options: ScanOptions): Result<CompiledScan, readonly ScanFault[]> {
  const {
    keywords,
    keywordLists = [],
    detectSensitiveData,
    patterns = [],
    threshold = DEFAULT_RULES.threshold,
  } = options;
  const rules = detectSensitiveData ? { ...DEFAULT_RULES, threshold } : { detectors: [], secrets: [], threshold };
  const compiled = patterns.map((pattern, index) => compilePattern(pattern, index + 1));
  const faults = [
    ...faultsOfLists(keywordLists),
    ...compiled.flatMap((pattern) => (pattern.ok ? [] : pattern.error)),
    ...sameNames(patterns),
  ];
  if (faults.length > 0) return err(faults);
  const own = compiled.flatMap((pattern) => (pattern.ok ? [pattern.value] : []));
  const detectors = [...rules.detectors, ...own];
  const lists = [keywords, ...keywordLists.map((list) => list.keywords)];

  const literals = literalsOf(lists, detectors);
  const automaton = Automaton.build(literals.texts, literals.keywordsOnly());
  if (automaton === null) return err([TOO_MANY]);
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
    keywordCodes: [KEYWORD, ...keywordLists.map(({ id }) => `${KEYWORD}.${id}`)],
    active,
  });
}

const TOO_MANY: ScanFault = { message: "There are more keywords than the scanner can hold; use fewer.", id: null };

function literalsOf(lists: readonly (readonly string[])[], detectors: readonly Detector[]): Literals {
  const literals = new Literals();
  for (const [list, keywords] of lists.entries()) {
    for (const keyword of keywords) addKeyword(literals, keyword, list);
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
  return literals;
}

function addKeyword(literals: Literals, keyword: string, list: number): void {
  for (const form of foldKeyword(keyword).flatMap(spelledForms)) literals.add(form, { kind: "keyword", list });
  for (const form of encodedForms(keyword)) {
    literals.add(form.toLowerCase(), { kind: "encoded_keyword", list, form });
  }
}

/** Findings of two patterns with one name could not be told apart. */
function sameNames(patterns: readonly UserPattern[]): readonly ScanFault[] {
  const first = new Map<string, number>();
  return patterns.flatMap(({ id }, index) => {
    const known = first.get(id);
    if (known !== undefined)
      return [{ message: `Patterns ${known} and ${index + 1} of the list have the same id.`, id }];
    first.set(id, index + 1);
    return [];
  });
}

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
