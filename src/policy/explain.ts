import type { Decision, Exclusion, Forbidden, ProviderId, Zone } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { answeringModel } from "./answering-model.ts";
import { FALSE, type Facts, placeOf, TRUE, truthsOf, UNKNOWN, type Value } from "./atoms.ts";
import type { CompiledProvider, CompiledRule, DecidablePolicy } from "./compiled.ts";
import { type Atom, type Condition, isAtom } from "./condition.ts";
import { BEYOND_ANY_BOUND, priceOf, reportedCostMicros } from "./cost.ts";
import { decide } from "./decide.ts";
import { compileCondition } from "./evaluate.ts";
import { whyOf } from "./exclusion-words.ts";
import { factsOf, isUnread, ruleFactsOf } from "./facts.ts";
import { type Program, programOf } from "./program.ts";
import { wordsOf } from "./words.ts";

/**
 * A decision with all that led to it: ids, names and numbers of the policy and of the features, and nothing of the
 * request's text. A plain value; its words are parts of sentences, without a capital and a full stop.
 */
export type Explanation = {
  readonly decision: Decision;
  readonly features: Features;
  /** Some content could not be read: to constraints a signal that was not found is unknown, to rules it is found (I1). */
  readonly unread: boolean;
  /** In the order of the file. */
  readonly constraints: readonly ExplainedConstraint[];
  /** In the order in which they are tried; the last is the default, which always holds. */
  readonly rules: readonly ExplainedRule[];
  /** By name. */
  readonly providers: readonly ExplainedProvider[];
};

export type ExplainedConstraint = {
  readonly id: string;
  readonly reason: string;
  /** The condition in words. */
  readonly when: string;
  readonly forbid: Forbidden;
  readonly held: boolean;
  /** False where the condition is neither certainly true nor certainly false. */
  readonly certain: boolean;
  /** What made it hold, or fail. */
  readonly because: readonly ExplainedAtom[];
};

export type ExplainedRule = {
  readonly id: string;
  readonly reason: string;
  readonly when: string;
  readonly outcome: "route" | "deny";
  /** Whether no rule before it held. */
  readonly reached: boolean;
  /** Whether its condition holds, reached or not. */
  readonly holds: boolean;
  /** Whether it is the one that the decision is by: the first that holds. */
  readonly matched: boolean;
  readonly because: readonly ExplainedAtom[];
};

export type ExplainedAtom = {
  /** As it is: `signal "pii" is not found`, `the prompt has more than 1000 characters`. */
  readonly words: string;
  readonly truth: "true" | "false" | "unknown";
  /** Of the request; null where it has none or nobody knows it. */
  readonly value: string | number | boolean | null;
};

export type ExplainedProvider = {
  readonly provider: ProviderId;
  readonly zone: Zone;
  readonly model: string | null;
  /** Null for a candidate. */
  readonly by: Exclusion | null;
  readonly constraints: readonly string[];
  readonly why: string;
  /** In micro-USD, rounded up; null where nobody knows it. */
  readonly estimatedCostMicros: number | null;
};

/** Pure and total, as `decide` is. */
export function explain(policy: DecidablePolicy, features: Features): Explanation {
  const program = programOf(policy);
  const decision = decide(policy, features);
  const facts = factsOf(program, features, "constraint");
  const asked = { program, features, facts, truths: truthsOf(program.atoms, facts) };
  const ruleFacts = ruleFactsOf(program, features, facts);
  const askedByRules = { program, features, facts: ruleFacts, truths: truthsOf(program.atoms, ruleFacts) };
  return {
    decision,
    features,
    unread: isUnread(policy, features),
    constraints: policy.constraints.map(({ id, reason, when, forbid }) => {
      const truth = truthOf(asked, when);
      const because = decisive(asked, when);
      return { id, reason, when: wordsOf(when), forbid, held: truth !== FALSE, certain: truth !== UNKNOWN, because };
    }),
    rules: rulesOf(askedByRules, decision),
    providers: policy.providers.map((provider) => providerOf(provider, ruleOf(policy, decision), decision, features)),
  };
}

type Asked = {
  readonly program: Program;
  readonly features: Features;
  readonly facts: Facts;
  readonly truths: Uint8Array;
};

const truthOf = ({ program, truths }: Asked, condition: Condition): number =>
  compileCondition(condition, program.atoms)(truths, truths);

function rulesOf(asked: Asked, decision: Decision): readonly ExplainedRule[] {
  const { rules, fallback } = asked.program.policy;
  let reached = true;
  return [...rules, fallback].map((rule) => {
    const isReached = reached;
    const matched = rule.id === decision.rule;
    if (matched) reached = false;
    return {
      id: rule.id,
      reason: rule.reason,
      when: wordsOf(rule.when),
      outcome: rule.route === null ? "deny" : "route",
      reached: isReached,
      holds: truthOf(asked, rule.when) === TRUE,
      matched,
      because: decisive(asked, rule.when),
    };
  });
}

/** The atoms that a condition owes its truth to: of "and" and "or" those parts that are as true as the whole. */
function decisive(asked: Asked, condition: Condition): readonly ExplainedAtom[] {
  const atoms = decisiveAtoms(asked, condition);
  const unique = new Map(atoms.map((atom) => [placeOf(asked.program.atoms, atom), atom]));
  return [...unique].map(([place, atom]) => explainedAtom(asked, atom, asked.truths[place] ?? UNKNOWN));
}

function decisiveAtoms(asked: Asked, condition: Condition): readonly Atom[] {
  if (isAtom(condition)) return [condition];
  if (condition.kind === "not") return decisiveAtoms(asked, condition.of);
  const truth = truthOf(asked, condition);
  return condition.of.filter((part) => truthOf(asked, part) === truth).flatMap((part) => decisiveAtoms(asked, part));
}

function explainedAtom(asked: Asked, atom: Atom, truth: number): ExplainedAtom {
  const value = featureOf(asked, atom);
  const words = wordsOf(atom);
  if (truth === FALSE) return { words: wordsOf({ kind: "not", of: atom }), truth: "false", value };
  if (truth === UNKNOWN) return { words: `nobody can tell whether ${words}`, truth: "unknown", value };
  const isAssumed = atom.kind === "signal" && value === null;
  return {
    words: isAssumed ? `${words}, as it counts for content that nobody could read` : words,
    truth: "true",
    value,
  };
}

/** What the request has; null for a signal that unread content may have. */
function featureOf({ program, features, facts }: Asked, atom: Atom): ExplainedAtom["value"] {
  switch (atom.kind) {
    case "signal":
      return features.signals.includes(atom.signal) || (isUnread(program.policy, features) ? null : false);
    case "flag":
      return facts.flags[atom.flag];
    case "number": {
      const value = facts.toAtLeast[atom.of];
      return value < BEYOND_ANY_BOUND ? value : null;
    }
    case "choice":
      return nameOf(facts.choices[atom.of]);
    case "label":
      return nameOf(facts.labels[atom.label]);
  }
}

const nameOf = (value: Value | undefined): string | null => (typeof value === "string" ? value : null);

function ruleOf({ rules, fallback }: DecidablePolicy, { rule }: Decision): CompiledRule {
  return rules.find(({ id }) => id === rule) ?? fallback;
}

function providerOf(
  provider: CompiledProvider,
  rule: CompiledRule,
  decision: Decision,
  features: Features,
): ExplainedProvider {
  const { id, zone } = provider;
  const excluded = decision.excluded.find((one) => one.provider === id);
  const model = answeringModel(provider, features);
  const { by = null, constraints = [] } = excluded ?? {};
  const price = model === null ? null : priceOf(provider, model, features);
  return {
    provider: id,
    zone,
    model,
    by,
    constraints,
    why: whyOf({ provider, model, by, constraints, rule, features }),
    estimatedCostMicros: reportedCostMicros(price, features, rule.effects.maxOutputTokens),
  };
}
