import type { Faults } from "./faults.ts";
import { checkAttempts } from "./references/attempts.ts";
import { checkConditions } from "./references/conditions.ts";
import { checkConstraints } from "./references/constraints.ts";
import { factsOf } from "./references/facts.ts";
import { checkProviders } from "./references/providers.ts";
import { checkRules } from "./references/rules.ts";
import { checkSignals } from "./references/signals.ts";
import { checkSpellings } from "./references/spellings.ts";
import { checkTests } from "./references/tests.ts";
import { checkUnused } from "./references/unused.ts";
import type { SourceNode } from "./source-node.ts";

export type Surroundings = {
  /** Names of the environment variables that are set; null where that is not to be checked. */
  readonly environment: ReadonlySet<string> | null;
  /** Codes of the built-in detectors; null where nobody can say. */
  readonly knownCodes: ReadonlySet<string> | null;
};

/**
 * Holds what one part of a file says against what the others say. What is of a wrong shape is passed over, so that a
 * file with both kinds of fault is told both at once.
 */
export function checkReferences(root: SourceNode, { environment, knownCodes }: Surroundings, faults: Faults): void {
  const facts = factsOf(root);
  checkProviders(facts, environment, faults);
  checkSignals(facts, knownCodes, faults);
  checkConditions(facts, faults);
  checkConstraints(facts, faults);
  checkRules(facts, faults);
  checkAttempts(facts, faults);
  checkSpellings(facts, faults);
  checkTests(facts, faults);
  checkUnused(facts, faults);
}
