import { ok } from "node:assert";
import fc from "fast-check";
import type { Decision } from "../../src/core/decision.ts";
import { analyse } from "../../src/policy/analyse/analyse.ts";
import type { Analysis } from "../../src/policy/analyse/analysis.ts";
import { FORMS } from "../../src/policy/analyse/forms.ts";
import { outcomeOf } from "../../src/policy/analyse/witness.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import { diffPolicies, type PolicyDiff } from "../../src/policy/diff.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { arbitraryChange } from "./arbitrary-change.ts";
import { arbitraryWorld, featuresIn, type World } from "./backtest-world.ts";
import { changedReasons, leavesNewly } from "./brute-force-diff.ts";

export type Effort = {
  /** Pairs of policies. */
  readonly runs: number;
  readonly requestsPerPair: number;
  /** Of what takes more, only what is proven by then is looked at. */
  readonly maxNodes: number;
  readonly seed?: number;
};

/**
 * What an analysis and a diff deny happens to no request that the gateway itself reads under each policy. Brute force
 * over the points of a space cannot tell: it sees the requests that the analysis takes for all there are. Throws at the
 * first request that does happen, with the smallest policies that show it.
 */
export function proveAgainstGateway({ runs, requestsPerPair, maxNodes, seed }: Effort): void {
  const worlds = fc.array(possibleWorld(), { minLength: 1, maxLength: requestsPerPair, size: "max" });
  const property = fc.property(changeOfNames(), worlds, ([old, now], all) => {
    const [before, after] = [compilePolicy(old), compilePolicy(now)];
    const analysis = analyse(before, { maxNodes, maxOverlaps: 1, maxConditions: 1 });
    const diff = diffPolicies(before, after, { maxNodes, maxConditions: 1 });
    const shorter = withoutRedundant(old, analysis);
    for (const world of all) {
      const was = decidedIn(world, before);
      deniesNothingOf(analysis, was);
      deniesNothingOfChange(diff, was, decidedIn(world, after));
      for (const policy of shorter) ok(textOf(decidedIn(world, policy)) === textOf(was), "a redundant rule is needed");
    }
  });
  fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
}

const decidedIn = (world: World, policy: CompiledPolicy): Decision =>
  decide(policy, featuresIn(world, policy).features);

const textOf = (decision: Decision): string => JSON.stringify(outcomeOf(decision));

const withoutRedundant = (document: PolicyDocument, { redundant }: Analysis): readonly CompiledPolicy[] =>
  redundant.map(({ rule }) =>
    compilePolicy({ ...document, rules: (document.rules ?? []).filter(({ id }) => id !== rule) }),
  );

function deniesNothingOf(analysis: Analysis, { rule, denial, constraints, shadow }: Decision): void {
  const { unreachable, deadRoutes, idleConstraints, idleShadow, onlyDefault, complete, undecided } = analysis;
  ok(!unreachable.some((one) => one.rule === rule), "a rule that is unreachable decides");
  ok(denial !== null || !deadRoutes.some((one) => one.always && one.rule === rule), "a dead route goes somewhere");
  ok(rule !== "default" || onlyDefault !== null || !complete || undecided.length > 0, "rules take everything");
  const heldIds = new Set(constraints.map(({ id }) => id));
  const neverHeld = idleConstraints.filter(({ why }) => why === "never_holds");
  ok(!neverHeld.some(({ constraint }) => heldIds.has(constraint)), "a constraint that never holds does");
  for (const { rule: watched, why } of idleShadow) {
    const results = shadow.filter((result) => result.rule === watched);
    ok(
      results.every(({ outcome }) => why !== "never_holds" && outcome === "deny"),
      "an idle shadow rule is not",
    );
  }
}

function deniesNothingOfChange(diff: PolicyDiff, was: Decision, is: Decision): void {
  const { no_new_cloud, no_new_deny } = diff.checks;
  ok(no_new_cloud.result !== "proven" || !leavesNewly(was, is), "a request leaves that stayed");
  ok(no_new_deny.result !== "proven" || was.denial !== null || is.denial === null, "a request is denied that went");
  if (!diff.complete || diff.moreChanges) return;
  const [from, to] = [textOf(was), textOf(is)];
  if (from !== to) {
    const listed = diff.changes.some((one) => JSON.stringify(one.from) === from && JSON.stringify(one.to) === to);
    ok(listed, "a change is not listed");
    return;
  }
  const said = new Set(diff.reasonChanges.map(({ reason, change }) => `${reason} ${change}`));
  ok(
    changedReasons(was.reasonCodes, is.reasonCodes).every((change) => said.has(change)),
    "a change of reasons is not listed",
  );
}

/** Words that signals of drawn policies look for. Of equal ones a text has both or none. */
const WORDS = [["one"], ["two", "Two "], ["three"], ["C-\\d+"]];

/** In a form in which surfaces take requests: a world draws it from anything. */
function possibleWorld(): fc.Arbitrary<World> {
  const isPossible = ({ request: { surface, streamed, task, untranslated } }: World) =>
    FORMS.some(
      (form) =>
        form.surface === surface &&
        form.task === task.kind &&
        form.streamed === streamed &&
        form.hasTools === (task.kind === "chat" && task.tools.length > 0) &&
        (form.content === "image") === untranslated.length > 0,
    );
  return fc
    .tuple(arbitraryWorld().filter(isPossible), fc.subarray(WORDS))
    .map(([world, words]) => ({ ...world, words: words.flat() }));
}

/** Names that one of the policies may have in place of others: then the two read a client's wish apart. */
const OTHER_NAMES = [
  { from: "alpha", to: "gamma" },
  { from: "alpha", to: "omega" },
  { from: "m1", to: "unlisted" },
  { from: "m3", to: "m3:latest" },
  { from: "m3", to: "other" },
];

function changeOfNames(): fc.Arbitrary<readonly [PolicyDocument, PolicyDocument]> {
  const renamings = fc.subarray(OTHER_NAMES, { maxLength: 2 });
  return fc
    .tuple(arbitraryChange(3), renamings, renamings)
    .map(([[old, now], ofOld, ofNow]) => [ofOld.reduce(renamed, old), ofNow.reduce(renamed, now)]);
}

/** Wherever it stands; not at all where the other name is taken. */
function renamed(document: PolicyDocument, { from, to }: (typeof OTHER_NAMES)[number]): PolicyDocument {
  const text = JSON.stringify(document);
  return text.includes(`"${to}"`) ? document : JSON.parse(text.replaceAll(`"${from}"`, `"${to}"`));
}
