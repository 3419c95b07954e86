import type { CompiledRule } from "../compiled.ts";
import type { Draft } from "./analysis.ts";
import { type Diagram, FALSE } from "./diagram.ts";
import type { Study } from "./study.ts";

/** Rules that route where nothing of their chain is left, and what only the default takes. */
export function routeFindings(study: Study, draft: Draft, maxConditions: number): void {
  const { axes, outcomes, policy, reaches } = study;
  const { regions } = axes;
  for (const [index, { rule, decides }] of reaches.entries()) {
    const path = index === policy.rules.length ? "/default" : `/rules/${index}`;
    const isDecided = axes.exists(decides);
    if (rule.route === null || isDecided === "no") continue;
    const leaves = axes.exists(regions.and(decides, outcomes.leavesRoute(rule)));
    const dead = leaves === "no" ? decides : regions.and(decides, outcomes.leavesNothing(rule));
    const isDead = axes.exists(dead);
    if (leaves === "unknown" || isDead === "unknown") draft.undecided.push({ about: "dead_route", id: rule.id });
    else if (isDead === "yes") {
      const constraints = blamed(study, rule, dead);
      draft.deadRoutes.push({
        rule: rule.id,
        path,
        always: leaves === "no",
        constraints,
        ...study.traffic(dead, maxConditions),
      });
    }
  }
  const rest = reaches.at(-1)?.decides ?? FALSE;
  const isLeft = axes.exists(rest);
  if (isLeft === "unknown") draft.undecided.push({ about: "default", id: study.policy.fallback.id });
  if (isLeft === "yes") draft.onlyDefault = study.traffic(rest, maxConditions);
}

/** Constraints that forbid, somewhere in a region, a provider of the chain that could be asked but for constraints. */
function blamed({ axes, outcomes, policy }: Study, rule: CompiledRule, region: Diagram): readonly string[] {
  const { regions } = axes;
  const chain = policy.providers.filter(({ id }) => rule.route?.includes(id) === true);
  const fit = chain.map((provider) => ({ provider, models: outcomes.fit(provider, rule.effects) }));
  return policy.constraints.flatMap(({ id, forbid }, index) => {
    const forbidden = fit.flatMap(({ provider, models }) =>
      models
        .filter(({ by }) => {
          const isWhole = forbid.zones.includes(provider.zone) || forbid.providers.includes(provider.id);
          return isWhole || by.answer.forbiddenBy.includes(index);
        })
        .map(({ region: fitting }) => fitting),
    );
    const held = outcomes.held[index] ?? FALSE;
    const there = regions.all([region, held, regions.any(forbidden)]);
    return axes.exists(there) === "yes" ? [id] : [];
  });
}
