import { BudgetExceeded } from "./budget.ts";

/**
 * A function from the points of a finite space to small numbers, shared and reduced: equal functions are the same number.
 * Not negative: an inner node. Negative: a terminal, of the value -1 - node.
 */
export type Diagram = number;

/** What regions are made of: the value 0 stands outside of a region, the value 1 inside. */
export const FALSE: Diagram = -1;
export const TRUE: Diagram = -2;

export const terminal = (value: number): Diagram => -1 - value;
export const valueIn = (diagram: Diagram): number => -1 - diagram;

/** For each dimension the number of one of its cells. */
export type Point = readonly number[];

/** Combines two functions point by point. One object is one operation: results are kept by it. */
export type Operation = {
  readonly known: Map<number, Diagram>;
  readonly commutative: boolean;
  /** The result where it is plain without looking deeper, and always for two terminals. */
  readonly combine: (left: Diagram, right: Diagram) => Diagram | null;
};

export function operation(
  combine: (left: Diagram, right: Diagram) => Diagram | null,
  { commutative = false }: { readonly commutative?: boolean } = {},
): Operation {
  return { known: new Map(), commutative, combine };
}

/** More nodes than this, or more values, do not fit into the keys of remembered results. */
const MOST_NODES = 2 ** 25;
const MOST_VALUES = 2 ** 25;
const PAIR = MOST_NODES + MOST_VALUES;

/**
 * A multi-valued decision diagram: dimensions are asked in one fixed order, each node names the next dimension that matters
 * and has one child for each run of cells. `maxNodes` bounds nodes and remembered results together, so time and memory.
 */
export class Diagrams {
  readonly sizes: readonly number[];
  readonly #maxNodes: number;
  readonly #levels: number[] = [];
  /** Cells before which each run ends; the last is the size of the dimension. */
  readonly #ends: (readonly number[])[] = [];
  readonly #children: (readonly Diagram[])[] = [];
  /** Nodes by the hash of what they are. */
  readonly #unique = new Map<number, Diagram[]>();
  #spent = 0;

  constructor(sizes: readonly number[], maxNodes: number) {
    this.sizes = sizes;
    this.#maxNodes = Math.min(maxNodes, MOST_NODES);
  }

  /** Nodes and remembered results so far. */
  get spent(): number {
    return this.#spent;
  }

  /** 1 where the cell of one dimension is one of those that hold. */
  ofCells(level: number, holds: (cell: number) => boolean): Diagram {
    return this.byCell(level, (cell) => (holds(cell) ? TRUE : FALSE));
  }

  /** What is given for each cell of one dimension; it must not ask that dimension or one before it. */
  byCell(level: number, childOf: (cell: number) => Diagram): Diagram {
    const ends: number[] = [];
    const children: Diagram[] = [];
    for (let cell = 0; cell < (this.sizes[level] ?? 0); cell++) push(ends, children, cell + 1, childOf(cell));
    return this.#node(level, ends, children);
  }

  /** The number of dimensions for a terminal. */
  levelOf(diagram: Diagram): number {
    return diagram < 0 ? this.sizes.length : at(this.#levels, diagram);
  }

  child(diagram: Diagram, cell: number): Diagram {
    const ends = at(this.#ends, diagram);
    return at(
      at(this.#children, diagram),
      ends.findIndex((end) => cell < end),
    );
  }

  /** Runs of an inner node, in the order of cells; `end` is exclusive. */
  runs(diagram: Diagram): readonly { readonly end: number; readonly child: Diagram }[] {
    const children = at(this.#children, diagram);
    return at(this.#ends, diagram).map((end, index) => ({ end, child: at(children, index) }));
  }

  valueAt(diagram: Diagram, point: Point): number {
    let current = diagram;
    while (current >= 0) current = this.child(current, at(point, at(this.#levels, current)));
    return valueIn(current);
  }

  apply(what: Operation, one: Diagram, other: Diagram): Diagram {
    const plain = what.combine(one, other);
    if (plain !== null) return plain;
    const [left, right] = what.commutative && one > other ? [other, one] : [one, other];
    const key = (left + MOST_VALUES) * PAIR + (right + MOST_VALUES);
    const known = what.known.get(key);
    if (known !== undefined) return known;
    const result = this.#combineRuns(what, left, right);
    this.#spend();
    what.known.set(key, result);
    return result;
  }

  /** The same function with other values. `valueFor` is asked for each value at most once. */
  map(diagram: Diagram, valueFor: (value: number) => number): Diagram {
    const known = new Map<Diagram, Diagram>();
    const mapped = (node: Diagram): Diagram => {
      const before = known.get(node);
      if (before !== undefined) return before;
      const after = node < 0 ? terminal(valueFor(valueIn(node))) : this.#mapRuns(node, mapped);
      known.set(node, after);
      this.#spend();
      return after;
    };
    return mapped(diagram);
  }

  /** Every value that the function has at some point, smallest first. */
  values(diagram: Diagram): readonly number[] {
    const values = new Set<number>();
    const seen = new Set<Diagram>();
    const visit = (node: Diagram): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (node < 0) values.add(valueIn(node));
      else for (const child of at(this.#children, node)) visit(child);
    };
    visit(diagram);
    return [...values].toSorted((a, b) => a - b);
  }

  /** For each value the region where the function has it, by value. */
  split(diagram: Diagram): ReadonlyMap<number, Diagram> {
    const known = new Map<Diagram, ReadonlyMap<number, Diagram>>();
    const splitting = (node: Diagram): ReadonlyMap<number, Diagram> => {
      const before = known.get(node);
      if (before !== undefined) return before;
      const after = node < 0 ? new Map([[valueIn(node), TRUE]]) : this.#splitRuns(node, splitting);
      known.set(node, after);
      return after;
    };
    return new Map([...splitting(diagram)].toSorted(([one], [other]) => one - other));
  }

  /** For what others remember of diagrams: it counts like what is remembered here. */
  charge(): void {
    this.#spend();
  }

  /** Whether something holds for each two children that share a cell of the first dimension that either asks. */
  everyPair(one: Diagram, other: Diagram, holds: (left: Diagram, right: Diagram) => boolean): boolean {
    const level = Math.min(this.levelOf(one), this.levelOf(other));
    return this.#alongside(one, other, level, (left, right) => holds(left, right));
  }

  #combineRuns(what: Operation, left: Diagram, right: Diagram): Diagram {
    const level = Math.min(this.levelOf(left), this.levelOf(right));
    const ends: number[] = [];
    const children: Diagram[] = [];
    this.#alongside(left, right, level, (leftChild, rightChild, end) => {
      push(ends, children, end, this.apply(what, leftChild, rightChild));
      return true;
    });
    return this.#node(level, ends, children);
  }

  /** Run by run over one dimension, until a run says no; false if one did. */
  #alongside(
    left: Diagram,
    right: Diagram,
    level: number,
    each: (left: Diagram, right: Diagram, end: number) => boolean,
  ): boolean {
    const [leftEnds, leftChildren] = this.#runsAt(left, level);
    const [rightEnds, rightChildren] = this.#runsAt(right, level);
    const size = at(this.sizes, level);
    for (let l = 0, r = 0, end = 0; end < size; ) {
      const [leftEnd, rightEnd] = [at(leftEnds, l), at(rightEnds, r)];
      end = Math.min(leftEnd, rightEnd);
      if (!each(at(leftChildren, l), at(rightChildren, r), end)) return false;
      if (leftEnd === end) l++;
      if (rightEnd === end) r++;
    }
    return true;
  }

  #mapRuns(node: Diagram, mapped: (child: Diagram) => Diagram): Diagram {
    const level = at(this.#levels, node);
    const before = at(this.#children, node);
    const ends: number[] = [];
    const children: Diagram[] = [];
    for (const [index, end] of at(this.#ends, node).entries()) push(ends, children, end, mapped(at(before, index)));
    return this.#node(level, ends, children);
  }

  #splitRuns(node: Diagram, splitting: (child: Diagram) => ReadonlyMap<number, Diagram>): ReadonlyMap<number, Diagram> {
    const level = at(this.#levels, node);
    const parts = at(this.#children, node).map(splitting);
    const regions = new Map<number, Diagram>();
    for (const value of new Set(parts.flatMap((part) => [...part.keys()]))) {
      const ends: number[] = [];
      const children: Diagram[] = [];
      for (const [index, end] of at(this.#ends, node).entries()) {
        push(ends, children, end, at(parts, index).get(value) ?? FALSE);
      }
      this.#spend();
      regions.set(value, this.#node(level, ends, children));
    }
    return regions;
  }

  #runsAt(diagram: Diagram, level: number): readonly [ends: readonly number[], children: readonly Diagram[]] {
    if (diagram >= 0 && this.#levels[diagram] === level) return [at(this.#ends, diagram), at(this.#children, diagram)];
    return [[at(this.sizes, level)], [diagram]];
  }

  /** The one node for this function; the child itself where there is but one run. */
  #node(level: number, ends: readonly number[], children: readonly Diagram[]): Diagram {
    if (children.length === 1) return at(children, 0);
    let hash = level;
    for (const end of ends) hash = (Math.imul(hash, 31) + end) | 0;
    for (const child of children) hash = (Math.imul(hash, 0x01000193) ^ child) | 0;
    const alike = this.#unique.get(hash);
    const known = alike?.find((node) => this.#isSame(node, level, ends, children));
    if (known !== undefined) return known;
    this.#spend();
    const node = this.#levels.length;
    this.#levels.push(level);
    this.#ends.push(ends);
    this.#children.push(children);
    if (alike === undefined) this.#unique.set(hash, [node]);
    else alike.push(node);
    return node;
  }

  #isSame(node: Diagram, level: number, ends: readonly number[], children: readonly Diagram[]): boolean {
    if (this.#levels[node] !== level) return false;
    return isEqual(at(this.#children, node), children) && isEqual(at(this.#ends, node), ends);
  }

  #spend(): void {
    if (++this.#spent > this.#maxNodes) throw new BudgetExceeded();
  }
}

const isEqual = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

/** Neighbouring runs with one child are one run: that is what makes equal functions equal nodes. */
function push(ends: number[], children: Diagram[], end: number, child: Diagram): void {
  if (children.at(-1) === child) ends[ends.length - 1] = end;
  else {
    ends.push(end);
    children.push(child);
  }
}

/** Of a place that must be there: anything else is a bug. */
function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error("a diagram was asked for a place that it does not have");
  return item;
}
