import type { Decision, HeldConstraint } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { assemble, shadowResult } from "./assemble.ts";
import { FALSE, TRUE, truthsOf } from "./atoms.ts";
import type { CompiledConstraint, DecidablePolicy } from "./compiled.ts";
import { factsOf, ruleFactsOf } from "./facts.ts";
import { type Program, programOf, type ReadyRule } from "./program.ts";
import { boundsOf, route } from "./route.ts";

/**
 * All that policy says of a request. Pure and total: no clock, no randomness, no I/O; equal policies and features give
 * equal bytes (I5). Constraints come first and cannot be overridden; then the first rule that holds has its say.
 */
export function decide(policy: DecidablePolicy, features: Features): Decision {
  const program = programOf(policy);
  const facts = factsOf(program, features, "constraint");
  const truths = truthsOf(program.atoms, facts);
  const constraints: HeldConstraint[] = [];
  const held: CompiledConstraint[] = [];
  for (const { constraint, test } of program.constraints) {
    const truth = test(truths, truths);
    // INVARIANT: I1, only what is certainly false lets a request pass.
    if (truth === FALSE) continue;
    held.push(constraint);
    constraints.push({ id: constraint.id, reason: constraint.reason, certain: truth === TRUE });
  }
  const bounds = boundsOf(held);
  const ruleFacts = ruleFactsOf(program, features, facts);
  const ruleTruths = ruleFacts === facts ? truths : truthsOf(program.atoms, ruleFacts);
  const matched = matchedRule(program, ruleTruths);
  const routed = route(policy, matched, bounds, features);
  const shadow = program.shadow
    .filter(({ test }) => test(ruleTruths, ruleTruths) === TRUE)
    .map((watched) => shadowResult(watched, route(policy, watched, bounds, features), routed));
  return assemble(policy, features, { matched, constraints, bounds, routed, shadow });
}

function matchedRule({ rules, fallback }: Program, truths: Uint8Array): ReadyRule {
  for (const ready of rules) {
    if (ready.test(truths, truths) === TRUE) return ready;
  }
  return fallback;
}
