import type { Draft } from "./analysis.ts";
import type { Study } from "./study.ts";

/** Watched rules that have nothing to tell: each is asked by itself, so order does not matter. */
export function shadowFindings({ axes, outcomes, policy, reading }: Study, draft: Draft): void {
  const { regions } = axes;
  for (const [index, rule] of policy.shadow.entries()) {
    const path = `/shadow/${index}`;
    const matches = reading.where(rule.when, "rule");
    const leaves = axes.exists(regions.and(matches, outcomes.leavesRoute(rule)));
    const holds = axes.exists(matches);
    if (holds === "no") draft.idleShadow.push({ rule: rule.id, path, why: "never_holds" });
    else if (rule.route === null) continue;
    else if (holds === "unknown" || leaves === "unknown") draft.undecided.push({ about: "shadow", id: rule.id });
    else if (leaves === "no") draft.idleShadow.push({ rule: rule.id, path, why: "dead_route" });
  }
}
