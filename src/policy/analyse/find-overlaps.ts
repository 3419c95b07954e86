import type { Draft } from "./analysis.ts";
import type { Diagram } from "./diagram.ts";
import type { Study } from "./study.ts";

/** Pairs of rules, in order, up to so many. The default takes only what is left, so it overlaps nothing. */
export function overlapFindings(study: Study, draft: Draft, most: number): void {
  const { axes, outcomes, reaches } = study;
  const { regions } = axes;
  const rules = reaches.slice(0, -1);
  for (const [index, first] of rules.entries()) {
    const own = outcomes.of(first.rule);
    const changed = new Map<Diagram, Diagram>();
    for (const second of rules.slice(index + 1)) {
      const other = outcomes.of(second.rule);
      if (other === own || regions.isApart(first.decides, second.matches)) continue;
      const differing = changed.get(other) ?? regions.and(first.decides, regions.differ(own, other));
      changed.set(other, differing);
      if (regions.isApart(differing, second.matches)) continue;
      const shared = regions.and(differing, second.matches);
      if (axes.exists(shared) === "unknown") {
        draft.undecided.push({ about: "overlap", id: `${first.rule.id} ${second.rule.id}` });
      } else if (draft.overlaps.length === most) {
        draft.moreOverlaps = true;
        return;
      } else {
        const witness = study.witnessAt(axes.plainest(shared));
        draft.overlaps.push({ first: first.rule.id, second: second.rule.id, witness });
      }
    }
  }
}
