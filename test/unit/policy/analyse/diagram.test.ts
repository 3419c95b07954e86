import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BudgetExceeded } from "../../../../src/policy/analyse/budget.ts";
import { type Diagram, Diagrams, FALSE, type Point, TRUE, terminal } from "../../../../src/policy/analyse/diagram.ts";
import { Regions } from "../../../../src/policy/analyse/regions.ts";

const SIZES = [3, 2, 4];
const POINTS: readonly Point[] = [0, 1, 2].flatMap((a) => [0, 1].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c])));

/** Inside or outside, for each point. */
const table = fc.array(fc.boolean(), { minLength: POINTS.length, maxLength: POINTS.length });

function regionOf({ diagrams }: Regions, inside: readonly boolean[]): Diagram {
  return diagrams.byCell(0, (a) =>
    diagrams.byCell(1, (b) =>
      diagrams.ofCells(2, (c) => inside[POINTS.findIndex((p) => `${p}` === `${[a, b, c]}`)] === true),
    ),
  );
}

const regionsOver = () => new Regions(new Diagrams(SIZES, 100_000));
const insideOf = ({ diagrams }: Regions, region: Diagram) =>
  POINTS.map((point) => diagrams.valueAt(region, point) === 1);

describe("diagrams", () => {
  test("are equal exactly where the functions are", () => {
    fc.assert(
      fc.property(table, table, (one, other) => {
        const regions = regionsOver();
        const isSame = regionOf(regions, one) === regionOf(regions, other);
        expect(isSame).toBe(`${one}` === `${other}`);
      }),
    );
  });

  test("say of and, or, not and without what the functions say at every point", () => {
    fc.assert(
      fc.property(table, table, (one, other) => {
        const regions = regionsOver();
        const [left, right] = [regionOf(regions, one), regionOf(regions, other)];
        const pairs = one.map((value, index) => [value, other[index] === true] as const);
        expect(insideOf(regions, regions.and(left, right))).toEqual(pairs.map(([a, b]) => a && b));
        expect(insideOf(regions, regions.or(left, right))).toEqual(pairs.map(([a, b]) => a || b));
        expect(insideOf(regions, regions.without(left, right))).toEqual(pairs.map(([a, b]) => a && !b));
        expect(insideOf(regions, regions.differ(left, right))).toEqual(pairs.map(([a, b]) => a !== b));
        expect(insideOf(regions, regions.not(left))).toEqual(one.map((value) => !value));
        expect(regions.isApart(left, right)).toBe(!pairs.some(([a, b]) => a && b));
      }),
    );
  });

  test("the first point of a region is in it, and before all others that are", () => {
    fc.assert(
      fc.property(table, (inside) => {
        const regions = regionsOver();
        const first = regions.first(regionOf(regions, inside));
        expect(first).toEqual(POINTS[inside.indexOf(true)] ?? null);
      }),
    );
  });

  test("a box lies in its region, has its point in it and fits no more cells of any dimension", () => {
    fc.assert(
      fc.property(table, (inside) => {
        const regions = regionsOver();
        const region = regionOf(regions, inside);
        for (const point of POINTS.filter((_, index) => inside[index])) {
          const box = regions.grow(region, point, (_, cells) => cells);
          const within = (cells: typeof box) => regions.without(regions.ofBox(cells), region) === FALSE;
          expect(within(box)).toBe(true);
          expect(point.every((cell, level) => box[level]?.includes(cell))).toBe(true);
          for (const [level, size] of SIZES.entries()) {
            const missing = [...Array(size).keys()].filter((cell) => !box[level]?.includes(cell));
            for (const cell of missing)
              expect(within(box.with(level, [...(box[level] ?? []), cell].sort()))).toBe(false);
          }
        }
      }),
    );
  });

  test("come apart into the regions of their values", () => {
    const numbers = fc.array(fc.nat(3), { minLength: POINTS.length, maxLength: POINTS.length });
    fc.assert(
      fc.property(numbers, (values) => {
        const regions = regionsOver();
        const { diagrams } = regions;
        const region = (value: number) =>
          regionOf(
            regions,
            values.map((one) => one === value),
          );
        const whole = regions.firstOf([0, 1, 2, 3].map((value) => regions.where(region(value), terminal(value))));
        const expected = [...new Set(values)].toSorted().map((value) => [value, region(value)]);
        expect(JSON.stringify([...diagrams.split(whole)])).toBe(JSON.stringify(expected));
      }),
    );
  });

  test("end where more is asked for than was granted", () => {
    const diagrams = new Diagrams(SIZES, 2);
    const ask = () => [0, 1, 2].map((level) => diagrams.ofCells(level, (cell) => cell === 0));
    expect(ask).toThrow(BudgetExceeded);
  });

  test("of a dimension that does not matter there is no node", () => {
    const regions = regionsOver();
    expect(regions.diagrams.ofCells(1, () => true)).toBe(TRUE);
    expect(regions.diagrams.spent).toBe(0);
  });
});
