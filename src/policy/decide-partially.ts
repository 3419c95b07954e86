import type { Decision, HeldConstraint, ShadowResult } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { assemble, shadowResult } from "./assemble.ts";
import { FALSE, placeOf, TRUE, truthsOf } from "./atoms.ts";
import type { CompiledConstraint, CompiledProvider, DecidablePolicy } from "./compiled.ts";
import { atomsOf, type Condition } from "./condition.ts";
import type { Test } from "./evaluate.ts";
import type { Asker } from "./facts.ts";
import { endsOf, extremesOf, keysOf, keysOfRoute, type Missing, possibleModels } from "./missing.ts";
import { type Program, programOf, type ReadyRule } from "./program.ts";
import { type Bounds, boundsOf, type Routed, routedBy, type Standing, standingOf } from "./route.ts";

/**
 * `known`: every completion of what is missing gives these candidates, this denial, rule and constraints, and what
 * follows from them. What does not follow is given as far as it is known: a cost that depends is null, a shadow result
 * left out, and the reason of an exclusion is one that may hold. `unknown` names missing values that may matter.
 */
export type PartialDecision =
  | { readonly kind: "known"; readonly decision: Decision }
  | { readonly kind: "unknown"; readonly missing: readonly string[] };

/**
 * Decides by features of which some were never taken, such as a signal that only a newer policy has. Keys of `missing`
 * are `signal:<id>`, `prompt_tokens`, `model` (the whole wish), `offered_by:<provider>`, `requested_provider`,
 * `label:<name>` and `wish_price`; what the features say of those is not looked at. Never guesses. Pure.
 */
export function decidePartially(policy: DecidablePolicy, features: Features, missing: Missing): PartialDecision {
  const question: Question = { program: programOf(policy), features, missing, open: new Set() };
  const { held, constraints } = constraintsOf(question);
  const ruleEnds = askedBy(question, "rule");
  const matched = matchedRule(question, ruleEnds);
  const bounds = boundsOf(held);
  const routed = routePartially(question, matched, bounds);
  if (question.open.size > 0) {
    return { kind: "unknown", missing: [...missing].filter((key) => question.open.has(key)) };
  }
  const shadow = shadowOf(question, ruleEnds, bounds, routed);
  const model = routed.candidates[0]?.model ?? null;
  const [decision, dearest] = extremesOf(features, missing, model).map((request) =>
    assemble(policy, request, { matched, constraints, bounds, routed, shadow }),
  );
  if (decision === undefined) throw new Error("there are two extremes");
  const isSure = decision.estimatedCostMicros === dearest?.estimatedCostMicros;
  return { kind: "known", decision: isSure ? decision : { ...decision, estimatedCostMicros: null } };
}

/** The truths of all atoms at both ends of what is possible. */
type Ends = { readonly lowest: Uint8Array; readonly highest: Uint8Array };

function askedBy({ program, features, missing }: Question, asker: Asker): Ends {
  const { lowest, highest } = endsOf(program, features, missing, asker);
  return { lowest: truthsOf(program.atoms, lowest), highest: truthsOf(program.atoms, highest) };
}

type Question = {
  readonly program: Program;
  readonly features: Features;
  readonly missing: Missing;
  /** Keys of what is missing and may matter; gathered on the way. */
  readonly open: Set<string>;
};

/** The truth of a condition if every completion gives the same, else null. */
function truthOf({ program, missing, open }: Question, test: Test, when: Condition, ends: Ends): number | null {
  const lowest = test(ends.lowest, ends.highest);
  if (lowest === test(ends.highest, ends.lowest)) return lowest;
  for (const atom of atomsOf(when)) {
    const place = placeOf(program.atoms, atom);
    if (ends.lowest[place] === ends.highest[place]) continue;
    for (const key of keysOf(atom, program.policy)) if (missing.has(key)) open.add(key);
  }
  return null;
}

function constraintsOf(question: Question) {
  const ends = askedBy(question, "constraint");
  const held: CompiledConstraint[] = [];
  const constraints: HeldConstraint[] = [];
  for (const { constraint, test } of question.program.constraints) {
    const truth = truthOf(question, test, constraint.when, ends);
    if (truth === null || truth === FALSE) continue;
    held.push(constraint);
    constraints.push({ id: constraint.id, reason: constraint.reason, certain: truth === TRUE });
  }
  return { held, constraints };
}

/** The first that certainly holds; those before it that may hold leave the question open. */
function matchedRule(question: Question, ends: Ends): ReadyRule {
  const { rules, fallback } = question.program;
  return rules.find(({ test, rule }) => truthOf(question, test, rule.when, ends) === TRUE) ?? fallback;
}

/** Opens the question where it is not certain who may answer, with which model, or why nobody may. */
function routePartially(question: Question, ready: ReadyRule, bounds: Bounds): Routed {
  const { program, features, missing } = question;
  const standings: Standing[] = [];
  let lacksModel: "no" | "maybe" | "yes" = "no";
  for (const provider of ready.chain) {
    const possible = possibleStandings(question, provider, ready, bounds);
    const [first] = possible;
    const isCandidate = possible.every(({ by, model }) => by === null && model === first?.model);
    if (first === undefined || !(isCandidate || possible.every(({ by }) => by !== null))) {
      openRoute(question, provider);
      continue;
    }
    standings.push(first);
    const lacking = possible.filter(({ by }) => by === "no_embedding_model").length;
    if (lacking === possible.length) lacksModel = "yes";
    else if (lacking > 0 && lacksModel === "no") lacksModel = "maybe";
  }
  const anyModel = (provider: CompiledProvider) => possibleModels(provider, features, missing)?.[0] ?? null;
  const routed = routedBy(program.policy, ready, bounds, standings, anyModel);
  if (routed.candidates.length === 0 && lacksModel === "maybe") {
    for (const provider of ready.chain) openRoute(question, provider);
  }
  return routed;
}

function openRoute({ missing, open }: Question, { id }: CompiledProvider): void {
  for (const key of keysOfRoute(id)) if (missing.has(key)) open.add(key);
}

/** Each way in which a provider may stand, or at least both ends of them; empty where it may answer with any model. */
function possibleStandings(
  { features, missing }: Question,
  provider: CompiledProvider,
  { rule }: ReadyRule,
  { forbidden }: Bounds,
): readonly Standing[] {
  const models = possibleModels(provider, features, missing);
  if (models === null) {
    const whatever = standingOf(provider, null, rule.effects, forbidden, features);
    return whatever.by === "forbidden_zone" || whatever.by === "forbidden_provider" ? [whatever] : [];
  }
  return models.flatMap((model) =>
    extremesOf(features, missing, model).map((request) =>
      standingOf(provider, model, rule.effects, forbidden, request),
    ),
  );
}

/** Only what is certain in every part: a result that may be another one is none. */
function shadowOf(question: Question, ends: Ends, bounds: Bounds, real: Routed): readonly ShadowResult[] {
  return question.program.shadow.flatMap((watched) => {
    const asked: Question = { ...question, open: new Set() };
    if (truthOf(asked, watched.test, watched.rule.when, ends) !== TRUE) return [];
    const routed = routePartially(asked, watched, bounds);
    return asked.open.size > 0 ? [] : [shadowResult(watched, routed, real)];
  });
}
