import type { Draft } from "./analysis.ts";
import { type Diagram, FALSE } from "./diagram.ts";
import type { Reach, Study } from "./study.ts";

/** Rules that decide nothing, and rules whose decisions others would make the same way. */
export function ruleFindings(study: Study, draft: Draft): void {
  for (const [index, reach] of study.reaches.slice(0, -1).entries()) {
    const { rule, decides } = reach;
    const reachable = study.axes.exists(decides);
    if (reachable === "no")
      draft.unreachable.push({ rule: rule.id, path: `/rules/${index}`, coveredBy: cover(study, index) });
    else if (reachable === "unknown") draft.undecided.push({ about: "unreachable_rule", id: rule.id });
    else redundancy(study, index, draft);
  }
}

/** Rules before one that together take all that it holds for, less those that the others make needless. */
function cover({ axes, reaches }: Study, index: number): readonly string[] {
  const { regions } = axes;
  const all = reaches[index]?.matches ?? FALSE;
  const taking: { readonly id: string; readonly part: Diagram }[] = [];
  let rest = all;
  for (const { rule, matches } of reaches.slice(0, index)) {
    if (regions.isApart(rest, matches)) continue;
    taking.push({ id: rule.id, part: regions.and(all, matches) });
    rest = regions.without(rest, matches);
  }
  const behind = [FALSE];
  for (const { part } of taking.toReversed()) behind.push(regions.or(part, behind.at(-1) ?? FALSE));
  behind.reverse();
  const needed: string[] = [];
  let before = FALSE;
  for (const [place, { id, part }] of taking.entries()) {
    if (regions.or(before, behind[place + 1] ?? FALSE) === all) continue;
    needed.push(id);
    before = regions.or(before, part);
  }
  return needed;
}

/** Ends at the first rule that would decide otherwise. */
function redundancy({ axes, outcomes, reaches }: Study, index: number, draft: Draft): void {
  const { regions } = axes;
  const [reach, ...later] = reaches.slice(index);
  if (reach === undefined) return;
  const own = outcomes.of(reach.rule);
  const insteadBy: Reach[] = [];
  let rest: Diagram = reach.decides;
  let isUnknown = false;
  for (const other of later) {
    if (rest === FALSE) break;
    if (regions.isApart(rest, other.matches)) continue;
    const taken = regions.and(rest, other.matches);
    const changed = axes.exists(regions.and(taken, regions.differ(own, outcomes.of(other.rule))));
    if (changed === "yes") return;
    if (changed === "unknown") isUnknown = true;
    if (axes.exists(taken) !== "no") insteadBy.push(other);
    rest = regions.without(rest, other.matches);
  }
  const { id, reason } = reach.rule;
  if (isUnknown) draft.undecided.push({ about: "redundant_rule", id });
  else {
    const changesReasons = insteadBy.some((other) => other.rule.reason !== reason);
    const ids = insteadBy.map(({ rule }) => rule.id);
    draft.redundant.push({ rule: id, path: `/rules/${index}`, insteadBy: ids, changesReasons });
  }
}
