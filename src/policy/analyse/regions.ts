import { type Diagram, type Diagrams, FALSE, type Operation, operation, type Point, TRUE } from "./diagram.ts";

/** For each dimension the cells that belong to it, in ascending order: all points made of them. */
export type Box = readonly (readonly number[])[];

/** What can be said and asked of regions: diagrams whose values are 0 and 1 only. */
export class Regions {
  readonly diagrams: Diagrams;
  readonly #and: Operation = operation(bothOf, { commutative: true });
  readonly #or: Operation = operation(eitherOf, { commutative: true });
  readonly #without: Operation = operation(firstOnly);
  readonly #differ: Operation = operation(differing, { commutative: true });
  readonly #where: Operation = operation(within);
  readonly #else: Operation = operation(firstDefined);
  readonly #negations = new Map<Diagram, Diagram>();
  readonly #apart = new Map<Diagram, Map<Diagram, boolean>>();

  constructor(diagrams: Diagrams) {
    this.diagrams = diagrams;
  }

  and = (one: Diagram, other: Diagram): Diagram => this.diagrams.apply(this.#and, one, other);
  or = (one: Diagram, other: Diagram): Diagram => this.diagrams.apply(this.#or, one, other);
  without = (one: Diagram, other: Diagram): Diagram => this.diagrams.apply(this.#without, one, other);
  /** Where two functions, of whatever values, are not the same. */
  differ = (one: Diagram, other: Diagram): Diagram => this.diagrams.apply(this.#differ, one, other);
  /** A function inside of a region, 0 outside. */
  where = (region: Diagram, of: Diagram): Diagram => this.diagrams.apply(this.#where, region, of);
  /** The first function where it is not 0, the second where it is. */
  else = (first: Diagram, second: Diagram): Diagram => this.diagrams.apply(this.#else, first, second);

  not(region: Diagram): Diagram {
    const known = this.#negations.get(region);
    if (known !== undefined) return known;
    const negated = this.without(TRUE, region);
    this.#negations.set(region, negated);
    return negated;
  }

  all = (regions: readonly Diagram[]): Diagram => merge(regions, TRUE, this.and);
  any = (regions: readonly Diagram[]): Diagram => merge(regions, FALSE, this.or);
  /** At each point the first of them that is not 0 there. */
  firstOf = (functions: readonly Diagram[]): Diagram => merge(functions, FALSE, this.else);

  /** Where a function has one of the values that are chosen. */
  having(diagram: Diagram, chosen: (value: number) => boolean): Diagram {
    return this.diagrams.map(diagram, (value) => (chosen(value) ? 1 : 0));
  }

  /** Whether no point is in both. Makes no node. */
  isApart(one: Diagram, other: Diagram): boolean {
    if (one === FALSE || other === FALSE) return true;
    if (one === TRUE || other === TRUE || one === other) return false;
    const [left, right] = one < other ? [one, other] : [other, one];
    const row = this.#apart.get(left) ?? new Map<Diagram, boolean>();
    this.#apart.set(left, row);
    const known = row.get(right);
    if (known !== undefined) return known;
    const apart = this.diagrams.everyPair(left, right, (l, r) => this.isApart(l, r));
    row.set(right, apart);
    this.diagrams.charge();
    return apart;
  }

  /** The point with the lowest cells, in the order of dimensions; null of the empty region. */
  first(region: Diagram): Point | null {
    if (region === FALSE) return null;
    const point = this.diagrams.sizes.map(() => 0);
    let current = region;
    while (current !== TRUE) {
      let cell = 0;
      for (const { end, child } of this.diagrams.runs(current)) {
        if (child !== FALSE) {
          point[this.diagrams.levelOf(current)] = cell;
          current = child;
          break;
        }
        cell = end;
      }
    }
    return point;
  }

  /**
   * A box within the region around a point, as large as can be dimension by dimension. `shape` picks, of the cells of a
   * dimension that could be in it, those that can be said together; the point's own must be one of them.
   */
  grow(region: Diagram, point: Point, shape: (level: number, cells: readonly number[]) => readonly number[]): Box {
    const { diagrams } = this;
    const path = pathTo(diagrams, region, point);
    const box: (readonly number[])[] = diagrams.sizes.map((size) => cellsUpTo(size));
    const solid = new Map<Diagram, boolean>();
    // From the last dimension on, so that what lies below is final and is asked once.
    for (const node of path.toReversed()) {
      const level = diagrams.levelOf(node);
      const cells = cellsUpTo(diagrams.sizes[level] ?? 0).filter((cell) =>
        isSolid(diagrams, diagrams.child(node, cell), box, solid),
      );
      box[level] = shape(level, cells);
    }
    return box;
  }

  ofBox(box: Box): Diagram {
    return box.reduceRight((below, cells, level) => {
      const chosen = new Set(cells);
      return this.diagrams.byCell(level, (cell) => (chosen.has(cell) ? below : FALSE));
    }, TRUE);
  }
}

function bothOf(one: Diagram, other: Diagram): Diagram | null {
  if (one === FALSE || other === FALSE) return FALSE;
  if (one === TRUE || one === other) return other;
  return other === TRUE ? one : null;
}

function eitherOf(one: Diagram, other: Diagram): Diagram | null {
  if (one === TRUE || other === TRUE) return TRUE;
  if (one === FALSE || one === other) return other;
  return other === FALSE ? one : null;
}

function firstOnly(one: Diagram, other: Diagram): Diagram | null {
  if (one === FALSE || other === TRUE || one === other) return FALSE;
  return other === FALSE ? one : null;
}

function differing(one: Diagram, other: Diagram): Diagram | null {
  if (one === other) return FALSE;
  return one < 0 && other < 0 ? TRUE : null;
}

function within(region: Diagram, of: Diagram): Diagram | null {
  if (region === FALSE || of === FALSE) return FALSE;
  return region === TRUE ? of : null;
}

function firstDefined(first: Diagram, second: Diagram): Diagram | null {
  if (first === FALSE) return second;
  return first < 0 || second === FALSE || first === second ? first : null;
}

/** In halves, so that large results are combined a few times only. */
function merge(parts: readonly Diagram[], none: Diagram, combine: (one: Diagram, other: Diagram) => Diagram): Diagram {
  const [only] = parts;
  if (only === undefined) return none;
  if (parts.length === 1) return only;
  const half = parts.length >> 1;
  return combine(merge(parts.slice(0, half), none, combine), merge(parts.slice(half), none, combine));
}

const cellsUpTo = (size: number): readonly number[] => Array.from({ length: size }, (_, cell) => cell);

function pathTo(diagrams: Diagrams, region: Diagram, point: Point): readonly Diagram[] {
  const path: Diagram[] = [];
  for (let node = region; node >= 0; node = diagrams.child(node, point[diagrams.levelOf(node)] ?? 0)) path.push(node);
  return path;
}

function isSolid(diagrams: Diagrams, node: Diagram, box: Box, known: Map<Diagram, boolean>): boolean {
  if (node < 0) return node === TRUE;
  const before = known.get(node);
  if (before !== undefined) return before;
  const cells = box[diagrams.levelOf(node)] ?? [];
  const solid = cells.every((cell) => isSolid(diagrams, diagrams.child(node, cell), box, known));
  known.set(node, solid);
  return solid;
}
