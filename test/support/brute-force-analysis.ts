import type { Decision } from "../../src/core/decision.ts";
import type { Features } from "../../src/core/features.ts";
import type { Analysis } from "../../src/policy/analyse/analysis.ts";
import { spaceOf } from "../../src/policy/analyse/space.ts";
import { outcomeOf } from "../../src/policy/analyse/witness.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { everyRequest, isExact, sizeOf } from "./every-request.ts";

/** What an analysis claims, without its words and witnesses. */
export type Claims = {
  readonly unreachable: readonly string[];
  readonly redundant: readonly string[];
  readonly deadRoutes: readonly string[];
  readonly overlaps: readonly string[];
  readonly onlyDefault: boolean;
  readonly idleConstraints: readonly string[];
  readonly idleShadow: readonly string[];
};

export const claimsOf = (analysis: Analysis): Claims => ({
  unreachable: analysis.unreachable.map(({ rule }) => rule),
  redundant: analysis.redundant.map(({ rule }) => rule),
  deadRoutes: analysis.deadRoutes.map(({ rule, always }) => `${rule} ${always ? "always" : "for some"}`),
  overlaps: analysis.overlaps.map(({ first, second }) => `${first} ${second}`),
  onlyDefault: analysis.onlyDefault !== null,
  idleConstraints: analysis.idleConstraints.map(({ constraint, why }) => `${constraint} ${why}`),
  idleShadow: analysis.idleShadow.map(({ rule, why }) => `${rule} ${why}`),
});

type Decided = { readonly features: Features; readonly decision: Decision; readonly outcome: string };

const outcomeText = (decision: Decision): string => JSON.stringify(outcomeOf(decision));

/** The claims that are true, from the decisions of every request. Null where there are more requests than `most`. */
export function trueClaims(document: PolicyDocument, most: number): Claims | null {
  const policy = compilePolicy(document);
  const space = spaceOf([policy]);
  if (sizeOf(space) > most || !isExact(space)) return null;
  const all: Decided[] = [];
  for (const {
    features: [features],
  } of everyRequest(space)) {
    if (features === undefined) throw new Error("a request has no features");
    const decision = decide(policy, features);
    all.push({ features, decision, outcome: outcomeText(decision) });
  }
  const rules = document.rules ?? [];
  const ids = rules.map(({ id }) => id);
  const reached = new Set(all.map(({ decision }) => decision.rule));
  return {
    unreachable: ids.filter((id) => !reached.has(id)),
    redundant: ids.filter((id) => reached.has(id) && isRedundant(document, id, all)),
    deadRoutes: [...policy.rules, policy.fallback].flatMap(({ id, route }) =>
      route === null
        ? []
        : deadRoute(
            id,
            all.filter(({ decision }) => decision.rule === id),
          ),
    ),
    overlaps: ids.flatMap((first, index) =>
      ids.slice(index + 1).flatMap((second) => (doOverlap(document, first, second, all) ? [`${first} ${second}`] : [])),
    ),
    onlyDefault: reached.has("default"),
    idleConstraints: idleConstraints(document, all),
    idleShadow: policy.shadow.flatMap(({ id, route }) => idleShadow(id, route === null, all)),
  };
}

function isRedundant(document: PolicyDocument, id: string, all: readonly Decided[]): boolean {
  const without = compilePolicy({ ...document, rules: (document.rules ?? []).filter((rule) => rule.id !== id) });
  return all.every(({ features, outcome }) => outcomeText(decide(without, features)) === outcome);
}

function deadRoute(id: string, decided: readonly Decided[]): readonly string[] {
  if (decided.length > 0 && decided.every(({ decision }) => decision.denial !== null)) return [`${id} always`];
  const isSome = decided.some(({ decision }) => decision.denial === "policy.no_compliant_route");
  return isSome ? [`${id} for some`] : [];
}

function doOverlap(document: PolicyDocument, first: string, second: string, all: readonly Decided[]): boolean {
  const alone = compilePolicy({ ...document, rules: (document.rules ?? []).filter((rule) => rule.id === second) });
  return all.some(({ features, decision, outcome }) => {
    if (decision.rule !== first) return false;
    const other = decide(alone, features);
    return other.rule === second && outcomeText(other) !== outcome;
  });
}

function idleConstraints(document: PolicyDocument, all: readonly Decided[]): readonly string[] {
  const free = compilePolicy({ ...document, constraints: [] });
  const candidates = all.map(({ features }) => decide(free, features).candidates);
  const { constraints } = compilePolicy(document);
  return constraints.flatMap(({ id, forbid }) => {
    const held = all.map(({ decision }) => decision.constraints.some((constraint) => constraint.id === id));
    if (!held.includes(true)) return [`${id} never_holds`];
    const forbidsSome = candidates.some(
      (list, index) =>
        held[index] === true &&
        list.some(
          ({ zone, provider, model }) =>
            forbid.zones.includes(zone) || forbid.providers.includes(provider) || forbid.models.includes(model),
        ),
    );
    return forbidsSome ? [] : [`${id} forbids_nothing`];
  });
}

function idleShadow(id: string, denies: boolean, all: readonly Decided[]): readonly string[] {
  const results = all.flatMap(({ decision }) => decision.shadow.filter(({ rule }) => rule === id));
  if (results.length === 0) return [`${id} never_holds`];
  return !denies && results.every(({ outcome }) => outcome === "deny") ? [`${id} dead_route`] : [];
}
