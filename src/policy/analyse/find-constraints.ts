import type { Draft } from "./analysis.ts";
import { type Diagram, FALSE } from "./diagram.ts";
import type { Study } from "./study.ts";

/** Constraints that never hold, and those that never forbid anything that a rule could reach. */
export function constraintFindings(study: Study, draft: Draft): void {
  const { axes, outcomes, policy } = study;
  const { regions } = axes;
  const reachable = reachableModels(study);
  for (const [index, { id, forbid }] of policy.constraints.entries()) {
    const held = outcomes.held[index] ?? FALSE;
    const forbidden = reachable.flatMap(({ zone, provider, forbiddenBy, region }) => {
      const isWhole = forbid.zones.includes(zone) || forbid.providers.includes(provider);
      return isWhole || forbiddenBy.includes(index) ? [region] : [];
    });
    const holds = axes.exists(held);
    const forbids = axes.exists(regions.and(held, regions.any(forbidden)));
    const path = `/constraints/${index}`;
    if (holds === "no") draft.idleConstraints.push({ constraint: id, path, why: "never_holds" });
    else if (holds === "unknown" || forbids === "unknown") draft.undecided.push({ about: "constraint", id });
    else if (forbids === "no") draft.idleConstraints.push({ constraint: id, path, why: "forbids_nothing" });
  }
}

type Reachable = {
  readonly zone: string;
  readonly provider: string;
  readonly forbiddenBy: readonly number[];
  /** Where a rule routes to this model, and it is fit, whatever constraints say. */
  readonly region: Diagram;
};

function reachableModels({ axes, outcomes, policy, reaches }: Study): readonly Reachable[] {
  const { regions } = axes;
  return policy.providers.flatMap((provider) => {
    const routing = reaches.filter(({ rule }) => rule.route?.includes(provider.id) === true);
    // Rules with equal limits let the same pass, and most have equal limits.
    const byLimits = Map.groupBy(routing, ({ rule: { effects } }) =>
      JSON.stringify([effects.maxEstimatedCostMicros, effects.maxOutputTokens]),
    );
    return [...byLimits.values()].flatMap((group) => {
      const decided = regions.any(group.map(({ decides }) => decides));
      const [first] = group;
      const fit = first === undefined ? [] : outcomes.fit(provider, first.rule.effects);
      return fit.map(({ by, region }) => ({
        zone: provider.zone,
        provider: provider.id,
        forbiddenBy: by.answer.forbiddenBy,
        region: regions.and(decided, region),
      }));
    });
  });
}
