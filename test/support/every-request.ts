import type { Features } from "../../src/core/features.ts";
import { Axes } from "../../src/policy/analyse/axes.ts";
import { type Point, TRUE } from "../../src/policy/analyse/diagram.ts";
import type { Space } from "../../src/policy/analyse/space.ts";
import { featuresAt } from "../../src/policy/analyse/witness.ts";

/** A point of a space and its request, as each policy of the space sees it. */
export type Request = { readonly point: Point; readonly features: readonly Features[] };

/** How many points there are to enumerate. */
export const sizeOf = (space: Space): number =>
  [false, true].reduce(
    (sum, embeds) => sum + cellsFor(space, embeds).reduce((product, cells) => product * cells.length, 1),
    0,
  );

/** Whether there is a request at every point: only then is what is true of all requests true of all points. */
export const isExact = (space: Space): boolean => new Axes(space, 1_000_000).proven === TRUE;

/** Every point, by counting: nothing of the diagrams is used. The space has to be exact. */
export function* everyRequest(space: Space): Generator<Request> {
  for (const embeds of [false, true]) {
    const choices = cellsFor(space, embeds);
    const total = choices.reduce((product, cells) => product * cells.length, 1);
    for (let number = 0; number < total; number++) {
      let rest = number;
      const point = choices.map((cells) => {
        const cell = cells[rest % cells.length] ?? 0;
        rest = Math.floor(rest / cells.length);
        return cell;
      });
      yield { point, features: space.policies.map((_, side) => featuresAt(space, point, side)) };
    }
  }
}

/** The cells of each dimension that requests of one kind of task have; those for the other kind say nothing of them. */
function cellsFor({ dimensions }: Space, embeds: boolean): readonly (readonly number[])[] {
  return dimensions.map((dimension) => {
    if (dimension.kind === "form") {
      return [...dimension.cells.entries()].flatMap(([cell, [form]]) =>
        (form?.task === "embedding") === embeds ? [cell] : [],
      );
    }
    const isOther = (dimension.kind === "spend" || dimension.kind === "wished") && dimension.embeds !== embeds;
    return isOther ? [0] : [...dimension.cells.keys()];
  });
}
