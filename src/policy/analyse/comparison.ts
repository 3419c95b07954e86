import { LOCAL_ZONE, type ProviderId, type Zone } from "../../core/decision.ts";
import type { Change, ChangedTraffic, Check, CheckResult, ReasonChange } from "../diff.ts";
import type { Axes } from "./axes.ts";
import { movedProviders } from "./definitions.ts";
import { describe } from "./describe.ts";
import { type Diagram, FALSE, operation, terminal, valueIn } from "./diagram.ts";
import { Interned } from "./interned.ts";
import type { Outcome, Routed } from "./outcomes.ts";
import { reasonRegions } from "./reasons.ts";
import { Study } from "./study.ts";

/** What came of requests under the old policy and comes of them under the new one, by the numbers of outcomes. */
type Pair = readonly [old: number, now: number];

/** The old policy of a space and the new one, request by request. */
export class Comparison {
  /** Whether something may have changed of which nobody knows: see `Axes.exists`. */
  undecided = false;
  readonly #axes: Axes;
  readonly #maxConditions: number;
  readonly #old: Study;
  readonly #new: Study;
  readonly #outcomes = new Interned<Outcome>();
  readonly #pairs = new Interned<Pair>();
  /** One more than the number of a pair where its two are not the same, 0 where nothing changes. */
  readonly #changed: Diagram;
  /** Where the new policy sends something by a name that stood for another place. */
  readonly #redirected: Diagram;

  constructor(axes: Axes, maxConditions: number) {
    this.#axes = axes;
    this.#maxConditions = maxConditions;
    this.#old = new Study(axes, 0, this.#outcomes);
    this.#new = new Study(axes, 1, this.#outcomes);
    const [before, after] = [this.#old.byOutcome(), this.#new.byOutcome()];
    this.#changed = this.#compare(before, after);
    const moved = movedProviders(this.#old.policy.document, this.#new.policy.document);
    const { regions } = axes;
    const redirects = (number: number) => isRedirected(this.#outcomes.valueOf(number), moved);
    this.#redirected =
      moved.size === 0
        ? FALSE
        : regions.any([...after].map(([now, region]) => regions.and(region, regions.having(now, redirects))));
  }

  #compare(before: ReadonlyMap<Diagram, Diagram>, after: ReadonlyMap<Diagram, Diagram>): Diagram {
    const { regions } = this.#axes;
    const together = operation((old, now) => {
      if (old === now) return FALSE;
      return old < 0 && now < 0 ? terminal(this.#pairs.numberOf([valueIn(old), valueIn(now)]) + 1) : null;
    });
    const parts = [...before].flatMap(([old, from]) =>
      [...after].flatMap(([now, to]) => {
        if (old === now || regions.isApart(from, to)) return [];
        return [regions.where(regions.and(from, to), regions.diagrams.apply(together, old, now))];
      }),
    );
    return regions.firstOf(parts);
  }

  check(check: Check): CheckResult {
    const isViolated = check === "no_new_deny" ? isNewDenial : isNewCloud;
    const changed = this.#where((pair) => isViolated(...this.#outcomesOf(pair)));
    const violating = check === "no_new_deny" ? changed : this.#axes.regions.or(changed, this.#redirected);
    switch (this.#axes.exists(violating)) {
      case "no":
        return { result: "proven" };
      case "yes":
        return { result: "counterexample", ...this.#traffic(violating) };
      case "unknown":
        return { result: "undecided" };
    }
  }

  *changes(): Generator<Change> {
    for (const [value, region] of this.#axes.regions.diagrams.split(this.#changed)) {
      if (value === 0) continue;
      const exists = this.#axes.exists(region);
      if (exists === "unknown") this.undecided = true;
      if (exists !== "yes") continue;
      const [from, to] = this.#outcomesOf(this.#pairs.valueOf(value - 1));
      yield { from, to, ...this.#traffic(region) };
    }
  }

  *reasonChanges(): Generator<ReasonChange> {
    const { regions } = this.#axes;
    const same = regions.having(this.#changed, (value) => value === 0);
    const [before, after] = [reasonRegions(this.#old), reasonRegions(this.#new)];
    for (const reason of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
      const [old, now] = [before.get(reason) ?? FALSE, after.get(reason) ?? FALSE];
      const added = regions.and(same, regions.without(now, old));
      const removed = regions.and(same, regions.without(old, now));
      if (this.#axes.exists(added) === "yes") yield { reason, change: "added", ...this.#traffic(added) };
      if (this.#axes.exists(removed) === "yes") yield { reason, change: "removed", ...this.#traffic(removed) };
    }
  }

  #where(isMeant: (pair: Pair) => boolean): Diagram {
    return this.#axes.regions.having(this.#changed, (value) => value > 0 && isMeant(this.#pairs.valueOf(value - 1)));
  }

  #outcomesOf([old, now]: Pair): readonly [Outcome, Outcome] {
    return [this.#outcomes.valueOf(old), this.#outcomes.valueOf(now)];
  }

  #traffic(region: Diagram): ChangedTraffic {
    const point = this.#axes.plainest(region);
    return {
      ...describe(this.#axes, region, this.#maxConditions),
      witness: { old: this.#old.witnessAt(point), new: this.#new.witnessAt(point) },
    };
  }
}

/**
 * Of chains that are bounded in how many targets are tried, those that surely are tried count by themselves, too: a target
 * that cannot carry a request, or is left alone for a while, is passed over, and then one behind the bound is tried.
 */
function isNewCloud(old: Outcome, now: Outcome): boolean {
  if (now.denial !== null) return false;
  const before = old.denial === null ? old : null;
  const isNew = now.candidates.some(isAway) && before?.candidates.some(isAway) !== true;
  return isNew || (firstOf(now).some(isAway) && (before === null || !firstOf(before).some(isAway)));
}

const isRedirected = (now: Outcome, moved: ReadonlySet<ProviderId>): boolean =>
  now.denial === null && now.candidates.some((candidate) => isAway(candidate) && moved.has(candidate.provider));

const isNewDenial = (old: Outcome, now: Outcome): boolean => old.denial === null && now.denial !== null;

const isAway = ({ zone }: { readonly zone: Zone }): boolean => zone !== LOCAL_ZONE;

const firstOf = ({ candidates, effects }: Routed): Routed["candidates"] =>
  candidates.slice(0, effects.attempts.maxTargets ?? candidates.length);
