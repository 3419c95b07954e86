import { FALSE, placeOf, TRUE, truthsOf } from "./atoms.ts";
import type { CaseResult } from "./cases.ts";
import type { CompiledPolicy } from "./compiled.ts";
import { atomsOf, type Condition } from "./condition.ts";
import { type Asker, factsOf } from "./facts.ts";
import { programOf } from "./program.ts";
import { wordsOf } from "./words.ts";

/** How many tests something took part in. */
export type Exercised = { readonly id: string; readonly tests: number };

export const PARTS = ["constraint", "rule", "shadow rule"] as const;

/** One question of a condition, and how many tests it was asked in and answered so. */
export type AtomCoverage = {
  readonly part: (typeof PARTS)[number];
  readonly id: string;
  readonly question: string;
  readonly holds: number;
  readonly fails: number;
};

/** What the tests of a policy file exercise. */
export type Coverage = {
  /** Constraints that held. */
  readonly constraints: readonly Exercised[];
  /** Rules that matched, and last the default. */
  readonly rules: readonly Exercised[];
  /** Shadow rules that matched. */
  readonly shadow: readonly Exercised[];
  /** Every question, each once in its part. A rule's are asked only where no rule before it matched. */
  readonly atoms: readonly AtomCoverage[];
};

/** Pure. `cases` are those that `runCases` made of the policy. */
export function coverageOf(policy: CompiledPolicy, cases: readonly CaseResult[]): Coverage {
  const { constraints, rules, fallback, shadow } = policy;
  const counted = (parts: readonly Part[], takesPart: (id: string, run: CaseResult) => boolean) =>
    parts.map(({ id }) => ({ id, tests: cases.filter((run) => takesPart(id, run)).length }));
  return {
    constraints: counted(constraints, (id, { decision }) => decision.constraints.some((held) => held.id === id)),
    rules: counted([...rules, fallback], (id, { decision }) => decision.rule === id),
    shadow: counted(shadow, (id, { decision }) => decision.shadow.some(({ rule }) => rule === id)),
    atoms: atomsCovered(policy, cases),
  };
}

type Part = { readonly id: string; readonly when: Condition };
/** The answers that one test gives to all questions of the policy. */
type Asked = { readonly decision: CaseResult["decision"]; readonly truths: Uint8Array };

function atomsCovered(policy: CompiledPolicy, cases: readonly CaseResult[]): readonly AtomCoverage[] {
  const program = programOf(policy);
  const askedBy = (asker: Asker): readonly Asked[] =>
    cases.map(({ decision, features }) => {
      return { decision, truths: truthsOf(program.atoms, factsOf(program, features, asker)) };
    });
  const askedByRules = askedBy("rule");
  const askedByConstraints = askedBy("constraint");
  const cover = (part: AtomCoverage["part"], { id, when }: Part, asked: readonly Asked[]): readonly AtomCoverage[] => {
    const atoms = new Map(atomsOf(when).map((atom) => [placeOf(program.atoms, atom), atom]));
    return [...atoms].map(([place, atom]) => {
      // What nobody could find out is neither.
      const holds = asked.filter(({ truths }) => truths[place] === TRUE).length;
      const fails = asked.filter(({ truths }) => truths[place] === FALSE).length;
      return { part, id, question: wordsOf(atom), holds, fails };
    });
  };
  const matchedBefore = new Set<string>();
  return [
    ...policy.constraints.flatMap((part) => cover("constraint", part, askedByConstraints)),
    ...policy.rules.flatMap((part) => {
      const reached = askedByRules.filter(({ decision }) => !matchedBefore.has(decision.rule));
      matchedBefore.add(part.id);
      return cover("rule", part, reached);
    }),
    ...policy.shadow.flatMap((part) => cover("shadow rule", part, askedByRules)),
  ];
}

/** Ids of what no test exercises. A shadow rule does nothing, and needs no test. */
export function unexercised({ constraints, rules }: Coverage): {
  readonly constraints: readonly string[];
  readonly rules: readonly string[];
} {
  const idsOf = (parts: readonly Exercised[]) => parts.filter(({ tests }) => tests === 0).map(({ id }) => id);
  return { constraints: idsOf(constraints), rules: idsOf(rules) };
}

/** Questions that all tests gave one answer to, or none. */
export const oneSided = ({ atoms }: Coverage): readonly AtomCoverage[] =>
  atoms.filter(({ holds, fails }) => holds === 0 || fails === 0);
