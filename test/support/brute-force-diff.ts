import type { Decision } from "../../src/core/decision.ts";
import { movedProviders } from "../../src/policy/analyse/definitions.ts";
import { spaceOf } from "../../src/policy/analyse/space.ts";
import { outcomeOf } from "../../src/policy/analyse/witness.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import type { PolicyDiff } from "../../src/policy/diff.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { everyRequest, isExact, sizeOf } from "./every-request.ts";

/** What a diff claims, without its words and witnesses. */
export type DiffClaims = {
  readonly changes: readonly string[];
  readonly reasonChanges: readonly string[];
  readonly newCloud: boolean;
  readonly newDeny: boolean;
};

export const diffClaimsOf = (diff: PolicyDiff): DiffClaims => ({
  changes: diff.changes.map(({ from, to }) => JSON.stringify([from, to])).toSorted(),
  reasonChanges: diff.reasonChanges.map(({ reason, change }) => `${reason} ${change}`).toSorted(),
  newCloud: diff.checks.no_new_cloud.result === "counterexample",
  newDeny: diff.checks.no_new_deny.result === "counterexample",
});

/** The claims that are true, from both decisions of every request. Null where there are more requests than `most`. */
export function trueDiffClaims(old: PolicyDocument, now: PolicyDocument, most: number): DiffClaims | null {
  const [before, after] = [compilePolicy(old), compilePolicy(now)];
  const space = spaceOf([before, after]);
  if (sizeOf(space) > most || !isExact(space)) return null;
  const moved = movedProviders(old, now);
  const changes = new Set<string>();
  const reasonChanges = new Set<string>();
  let [newCloud, newDeny] = [false, false];
  for (const { features } of everyRequest(space)) {
    const [one, other] = features;
    if (one === undefined || other === undefined) throw new Error("a request has no features");
    const [was, is] = [decide(before, one), decide(after, other)];
    const pair = [outcomeOf(was), outcomeOf(is)].map((outcome) => JSON.stringify(outcome));
    if (pair[0] !== pair[1]) changes.add(`[${pair.join()}]`);
    else for (const change of changedReasons(was.reasonCodes, is.reasonCodes)) reasonChanges.add(change);
    newDeny ||= was.denial === null && is.denial !== null;
    newCloud ||= leavesNewly(was, is);
    newCloud ||= is.candidates.some(({ provider, zone }) => zone !== "local" && moved.has(provider));
  }
  return {
    changes: [...changes].toSorted(),
    reasonChanges: [...reasonChanges].toSorted(),
    newCloud,
    newDeny,
  };
}

export const leavesNewly = (was: Decision, is: Decision): boolean =>
  mayLeave(is) && (!mayLeave(was) || (surelyLeaves(is) && !surelyLeaves(was)));

const mayLeave = ({ candidates }: Decision): boolean => candidates.some(({ zone }) => zone !== "local");

const surelyLeaves = ({ candidates, effects }: Decision): boolean =>
  candidates.slice(0, effects.attempts.maxTargets ?? candidates.length).some(({ zone }) => zone !== "local");

export function changedReasons(was: readonly string[], is: readonly string[]): readonly string[] {
  const added = is.filter((reason) => !was.includes(reason)).map((reason) => `${reason} added`);
  return [...added, ...was.filter((reason) => !is.includes(reason)).map((reason) => `${reason} removed`)];
}
