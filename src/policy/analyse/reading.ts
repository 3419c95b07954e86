import type { CompiledPolicy } from "../compiled.ts";
import type { Atom, Choice, Condition, Flag } from "../condition.ts";
import { modelIn } from "./answers.ts";
import type { Axes } from "./axes.ts";
import { leastAbove, type Range } from "./cells.ts";
import { type Diagram, FALSE, TRUE } from "./diagram.ts";
import { Provided } from "./provided.ts";
import { scanningSide } from "./scanning.ts";
import { requestingSide, type Side } from "./wishes.ts";

/**
 * How a signal that was not found is taken where something could not be read (I1): by a rule as found, by a constraint as
 * unknown, which makes it `possible` but not `certain`.
 */
export type Mode = "rule" | "possible" | "certain";

type NumberAtom = Extract<Atom, { readonly kind: "number" }>;

/** Where the conditions of one policy of a space hold. */
export class Reading {
  readonly axes: Axes;
  readonly policy: CompiledPolicy;
  readonly side: Side;
  readonly provided: Provided;
  /** What nobody could read and counts as sensitive. */
  readonly unread: Diagram;
  readonly #known = new Map<string, Diagram>();

  constructor(axes: Axes, side: Side) {
    const policy = axes.space.policies[side];
    if (policy === undefined) throw new Error("a space has no such policy");
    this.axes = axes;
    this.policy = policy;
    this.side = side;
    this.provided = new Provided(axes, policy, side);
    this.unread = axes.regions.or(this.#gaveUp(), policy.opaqueIsSensitive ? this.#flag("opaque_content") : FALSE);
  }

  where(condition: Condition, mode: Mode): Diagram {
    const { regions } = this.axes;
    switch (condition.kind) {
      case "all":
        return regions.all(condition.of.map((part) => this.where(part, mode)));
      case "any":
        return regions.any(condition.of.map((part) => this.where(part, mode)));
      case "not":
        return regions.not(this.where(condition.of, opposite(mode)));
      case "signal": {
        const found = this.#atom(condition);
        return mode === "certain" ? found : regions.or(found, this.unread);
      }
      default:
        return this.#atom(condition);
    }
  }

  #atom(atom: Atom): Diagram {
    const key = JSON.stringify(atom);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const region = this.#ask(atom);
    this.#known.set(key, region);
    return region;
  }

  #ask(atom: Atom): Diagram {
    switch (atom.kind) {
      case "signal":
        return this.#signal(atom.signal);
      case "flag":
        return this.#flag(atom.flag);
      case "number":
        return this.#number(atom);
      case "choice":
        return this.#choice(atom.of, new Set(atom.values));
      case "label": {
        const isAsked = (value: string | null) => value !== null && atom.values.includes(value);
        return this.axes.where("label", isAsked, ({ label }) => label === atom.label);
      }
    }
  }

  /** Found where something is that it looks for. */
  #signal(id: string): Diagram {
    const { space, regions } = this.axes;
    const classes = space.dimensions.flatMap((dimension) =>
      dimension.kind === "element" && dimension.class.signals[this.side]?.includes(id) === true ? [dimension] : [],
    );
    return regions.any(
      classes.map((one) =>
        this.axes.where(
          "element",
          (isFound) => isFound,
          (other) => other === one,
        ),
      ),
    );
  }

  #flag(flag: Flag): Diagram {
    switch (flag) {
      case "stream":
        return this.axes.where("form", ([form]) => form?.streamed === true);
      case "has_tools":
        return this.axes.where("form", ([form]) => form?.hasTools === true);
      case "has_images":
        return this.axes.where("form", ([form]) => form?.content === "image");
      case "opaque_content":
        return this.axes.where("form", ([form]) => form !== undefined && form.content !== "text");
      case "scan_incomplete":
        return this.#gaveUp();
    }
  }

  #gaveUp(): Diagram {
    const scanning = scanningSide(this.axes.space.policies, this.side);
    return this.axes.where(
      "scan_incomplete",
      (cell) => cell,
      ({ side }) => side === scanning,
    );
  }

  #number({ of, atLeast, atMost }: NumberAtom): Diagram {
    const isWithin = (value: number) => value >= atLeast && value <= atMost;
    if (of === "prompt_tokens") {
      return this.axes.whereSpend(({ tokens }, { bounds }) => isWithin(leastAbove(bounds, tokens)));
    }
    if (of !== "estimated_cost_micros") {
      const isMeant = (dimension: { readonly of: string }) => dimension.of === of;
      return this.axes.where("number", ({ least }: Range) => isWithin(least), isMeant);
    }
    const { regions } = this.axes;
    const atMostEnd = atMost === Number.POSITIVE_INFINITY ? TRUE : this.provided.costsAtMost(atMost);
    return atLeast === 0 ? atMostEnd : regions.without(atMostEnd, this.provided.costsAtMost(atLeast - 1));
  }

  #requested(values: ReadonlySet<string>): Diagram {
    const side = requestingSide(this.axes.space.policies, this.side);
    return this.axes.where(
      "requested_provider",
      (provider) => provider !== null && values.has(provider),
      (dimension) => dimension.side === side,
    );
  }

  #choice(of: Choice, values: ReadonlySet<string>): Diagram {
    switch (of) {
      case "surface":
        return this.axes.where("form", ([form]) => form !== undefined && values.has(form.surface));
      case "task":
        return this.axes.where("form", ([form]) => form !== undefined && values.has(form.task));
      case "model":
        return this.axes.where("model", ([wish]) => wish !== undefined && values.has(modelIn(this.policy, wish)));
      case "requested_provider":
        return this.#requested(values);
    }
  }
}

function opposite(mode: Mode): Mode {
  if (mode === "rule") return mode;
  return mode === "possible" ? "certain" : "possible";
}
