import type { CompiledPolicy, CompiledRule } from "../compiled.ts";
import { decide } from "../decide.ts";
import type { Axes } from "./axes.ts";
import { type Described, describe } from "./describe.ts";
import { type Diagram, FALSE, type Point, terminal } from "./diagram.ts";
import type { Interned } from "./interned.ts";
import { type Outcome, Outcomes } from "./outcomes.ts";
import { Reading } from "./reading.ts";
import type { Side } from "./wishes.ts";
import { featuresAt, outcomeOf, type Witness } from "./witness.ts";

/** Where the condition of a rule holds, and where it is the first that does. */
export type Reach = { readonly rule: CompiledRule; readonly matches: Diagram; readonly decides: Diagram };

/** Some requests, and one of them. */
export type Traffic = Described & { readonly witness: Witness };

/** One policy of a space as diagrams. */
export class Study {
  readonly axes: Axes;
  readonly side: Side;
  readonly policy: CompiledPolicy;
  readonly reading: Reading;
  readonly outcomes: Outcomes;
  readonly numbers: Interned<Outcome>;
  /** In their order, the default last. */
  readonly reaches: readonly Reach[];

  constructor(axes: Axes, side: Side, numbers: Interned<Outcome>) {
    this.axes = axes;
    this.side = side;
    this.numbers = numbers;
    this.reading = new Reading(axes, side);
    this.policy = this.reading.policy;
    this.outcomes = new Outcomes(this.reading, numbers);
    this.reaches = this.#reaches();
  }

  #reaches(): readonly Reach[] {
    const { regions } = this.axes;
    let before = FALSE;
    return [...this.policy.rules, this.policy.fallback].map((rule) => {
      const matches = this.reading.where(rule.when, "rule");
      const decides = regions.without(matches, before);
      before = regions.or(before, matches);
      return { rule, matches, decides };
    });
  }

  /** Where rules decide, by what they come to: most policies have many rules and few routes. */
  byOutcome(): ReadonlyMap<Diagram, Diagram> {
    const { regions } = this.axes;
    const outcomes = [...new Set(this.reaches.map(({ rule }) => this.outcomes.of(rule)))];
    const deciding = regions.firstOf(
      this.reaches.map(({ rule, matches }) =>
        regions.where(matches, terminal(outcomes.indexOf(this.outcomes.of(rule)) + 1)),
      ),
    );
    const decided = regions.diagrams.split(deciding);
    return new Map(outcomes.map((outcome, index) => [outcome, decided.get(index + 1) ?? FALSE] as const));
  }

  /** Throws where the policy decides otherwise than its diagrams say, for then nothing they say can be trusted. */
  witnessAt(point: Point): Witness {
    const { diagrams } = this.axes.regions;
    const features = featuresAt(this.axes.space, point, this.side);
    const decision = decide(this.policy, features);
    const reach = this.reaches.find(({ decides }) => diagrams.valueAt(decides, point) === 1);
    const outcome = reach && this.numbers.valueOf(diagrams.valueAt(this.outcomes.of(reach.rule), point));
    if (reach?.rule.id !== decision.rule || JSON.stringify(outcome) !== JSON.stringify(outcomeOf(decision))) {
      throw new Error("the analysis of a policy and its decisions do not agree");
    }
    return { features, decision };
  }

  /** Of a region in which there is a request. */
  traffic(region: Diagram, most: number): Traffic {
    return { ...describe(this.axes, region, most), witness: this.witnessAt(this.axes.plainest(region)) };
  }
}
