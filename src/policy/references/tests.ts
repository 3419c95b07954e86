import { DEFAULT_RULE } from "../../core/decision.ts";
import type { Faults } from "../faults.ts";
import { itemsOf, type SourceNode, textsOf, textUnder, under } from "../source-node.ts";
import { checkLabels } from "./conditions.ts";
import type { Facts, Named } from "./facts.ts";
import { checkNotBoth, SHARED_REASONS } from "./rules.ts";
import { checkDefined, checkProvidersDefined, checkSignalsDefined } from "./undefined.ts";

/** What the tests of a file name must be in it: a test of what is not there tests nothing. */
export function checkTests(facts: Facts, faults: Faults): void {
  const known = {
    rules: new Set([...idsOf(facts.rules), DEFAULT_RULE]),
    constraints: new Set(idsOf(facts.constraints)),
    reasons: new Set([...reasonsOf(facts), ...SHARED_REASONS]),
  };
  for (const test of itemsOf(under(facts.root, "tests"))) {
    checkGiven(under(test, "given"), facts, faults);
    checkExpected(under(test, "expect"), facts, known, faults);
  }
}

const idsOf = (named: readonly Named[]): readonly string[] =>
  named.flatMap(({ id }) => (id === undefined ? [] : [id.text]));

function reasonsOf({ constraints, rules, fallback }: Facts): readonly string[] {
  const nodes = [...constraints, ...rules].map(({ node }) => node);
  return [...nodes, fallback].flatMap((node) => textUnder(node, "reason")?.text ?? []);
}

function checkGiven(given: SourceNode | undefined, facts: Facts, faults: Faults): void {
  checkSignalsDefined(textsOf(under(given, "signals")), facts.signals, faults);
  checkProvidersDefined(textsOf(under(given, "requested_provider")), facts.providers, faults);
  checkProvidersDefined(textsOf(under(given, "offered_by")), facts.providers, faults);
  checkLabels(under(given, "labels"), facts, faults);
}

type Known = { readonly [kind in "rules" | "constraints" | "reasons"]: ReadonlySet<string> };

function checkExpected(expected: SourceNode | undefined, facts: Facts, known: Known, faults: Faults): void {
  if (expected !== undefined) checkNotBoth(expected, faults);
  checkProvidersDefined(textsOf(under(expected, "route")), facts.providers, faults);
  checkDefined(textsOf(under(expected, "rule")), "undefined_rule", "rule", known.rules, faults);
  const constraints = textsOf(under(expected, "constraints"));
  checkDefined(constraints, "undefined_constraint", "constraint", known.constraints, faults);
  checkDefined(textsOf(under(expected, "reason")), "undefined_reason", "reason", known.reasons, faults);
}
