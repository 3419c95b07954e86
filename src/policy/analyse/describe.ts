import type { Condition } from "../condition.ts";
import { wordsOf } from "../words.ts";
import { nameOf, type Wish } from "./answers.ts";
import type { Axes } from "./axes.ts";
import type { Range } from "./cells.ts";
import { elementWords } from "./describe-elements.ts";
import { formProduct, formWords } from "./describe-forms.ts";
import { spendProduct, spendWords, wishedProduct, wishedWords } from "./describe-spend.ts";
import { type Diagram, FALSE, type Point } from "./diagram.ts";
import type { Box } from "./regions.ts";
import { type Dimension, type DimensionOf, placed, type Space } from "./space.ts";

/** Conditions in words that hold together; none: always. */
export type Conditions = readonly string[];

export type Described = {
  /** A request is meant if all conditions of one of these hold. They may share requests. */
  readonly when: readonly Conditions[];
  /** Whether more is meant than is listed. */
  readonly more: boolean;
};

/** At most `most` lists of conditions, the plainest first, each as wide as it can be. */
export function describe(axes: Axes, region: Diagram, most: number): Described {
  const { boxes, rest } = boxesOf(axes, region, most);
  return { when: boxes.map(({ box, point }) => conditionsOf(axes.space, box, point)), more: rest !== FALSE };
}

/** Boxes in a region with the points that they were made around, and what is in none of them. */
export function boxesOf(axes: Axes, region: Diagram, most: number) {
  const { regions } = axes;
  const boxes: { readonly box: Box; readonly point: Point }[] = [];
  let rest = region;
  for (let point = regions.first(rest); point !== null && boxes.length < most; point = regions.first(rest)) {
    const box = boxAround(axes, region, point);
    boxes.push({ box, point });
    rest = regions.without(rest, regions.ofBox(box));
  }
  return { boxes, rest };
}

function boxAround({ regions, space }: Axes, region: Diagram, point: Point): Box {
  return regions.grow(region, point, (level, cells) => {
    const dimension = space.dimensions[level];
    if (dimension === undefined || cells.length === dimension.cells.length) return cells;
    return sayable(dimension, cells, point[level] ?? 0);
  });
}

function sayable(dimension: Dimension, cells: readonly number[], own: number): readonly number[] {
  switch (dimension.kind) {
    case "form":
      return formProduct(dimension.cells, cells, own).cells;
    case "spend":
      return spendProduct(dimension, cells, own).cells;
    case "wished":
      return wishedProduct(dimension, cells, own).cells;
    case "number":
      return runAround(cells, own);
    default:
      return cells;
  }
}

/** The cells around one without a gap. */
function runAround(cells: readonly number[], own: number): readonly number[] {
  const has = new Set(cells);
  let [first, last] = [own, own];
  while (has.has(first - 1)) first--;
  while (has.has(last + 1)) last++;
  return cells.filter((cell) => cell >= first && cell <= last);
}

function conditionsOf(space: Space, box: Box, point: Point): Conditions {
  const said = space.dimensions.flatMap((dimension, level) => {
    const cells = box[level] ?? [];
    return cells.length === dimension.cells.length ? [] : wordsFor(space, dimension, cells, point[level] ?? 0);
  });
  return [...said, ...elementWords(space, box)];
}

function wordsFor(space: Space, dimension: Dimension, cells: readonly number[], own: number): readonly string[] {
  switch (dimension.kind) {
    case "form":
      return formWords(formProduct(dimension.cells, cells, own));
    case "scan_incomplete":
      return [`${wordsOf(flagged("scan_incomplete", cells.includes(1)))}${underOne(space, dimension)}`];
    case "model":
      return [modelWords(dimension.cells, cells)];
    case "offered": {
      const alike = placed(space, "offered").filter((other) => other.dimension.provider === dimension.provider);
      const under = alike.length > 1 ? ` under the ${dimension.side === 0 ? "old" : "new"} policy` : "";
      return [`${dimension.provider} ${cells.includes(1) ? "can" : "cannot"} be asked for that model${under}`];
    }
    case "spend":
      return spendWords(dimension, spendProduct(dimension, cells, own));
    case "wished":
      return wishedWords(dimension, wishedProduct(dimension, cells, own));
    case "number":
      return [wordsOf({ kind: "number", of: dimension.of, ...bothEnds(dimension.cells, cells) })];
    case "requested_provider":
      return [
        `${wordsOf(oneOf(dimension.cells, cells, (values) => ({ kind: "choice", of: dimension.kind, values })))}${underOne(space, dimension)}`,
      ];
    case "label": {
      const { label } = dimension;
      return [wordsOf(oneOf(dimension.cells, cells, (values) => ({ kind: "label", label, values })))];
    }
    case "element":
      return [];
  }
}

/** Where the policies ask by themselves, by which of them. */
function underOne(space: Space, { kind, side }: DimensionOf<"requested_provider" | "scan_incomplete">): string {
  if (placed(space, kind).length === 1) return "";
  return ` under the ${side === 0 ? "old" : "new"} policy`;
}

const flagged = (flag: "scan_incomplete", holds: boolean): Condition =>
  holds ? { kind: "flag", flag } : { kind: "not", of: { kind: "flag", flag } };

function bothEnds(ranges: readonly Range[], cells: readonly number[]): { atLeast: number; atMost: number } {
  return {
    atLeast: ranges[cells[0] ?? 0]?.least ?? 0,
    atMost: ranges[cells.at(-1) ?? 0]?.most ?? Number.POSITIVE_INFINITY,
  };
}

/** Null stands for all values that are not named, so with it in the cells those are said that are not. */
function oneOf(
  values: readonly (string | null)[],
  cells: readonly number[],
  ask: (values: readonly string[]) => Condition,
): Condition {
  const chosen = new Set(cells);
  const named = (isMeant: (index: number) => boolean) =>
    values.flatMap((value, index) => (value !== null && isMeant(index) ? [value] : []));
  if (!chosen.has(values.indexOf(null))) return ask(named((index) => chosen.has(index)));
  return { kind: "not", of: ask(named((index) => !chosen.has(index))) };
}

function modelWords(wishes: readonly (readonly Wish[])[], cells: readonly number[]): string {
  const chosen = new Set(cells);
  const flat = wishes.flatMap((cell, index) => cell.map((wish) => ({ wish, index })));
  const values = flat.map(({ wish }) => (wish.kind === "another" ? null : nameOf(wish)));
  const own = flat.flatMap(({ index }, at) => (chosen.has(index) ? [at] : []));
  return wordsOf(oneOf(values, own, (named) => ({ kind: "choice", of: "model", values: named })));
}
