/** Of whole numbers; both ends belong to it, and the last range has no end. */
export type Range = { readonly least: number; readonly most: number };

/** Items that nothing tells apart are one cell; the first of them stands for all. */
export function together<T>(items: readonly T[], tellingOf: (item: T) => unknown): readonly (readonly T[])[] {
  const cells = new Map<string, T[]>();
  for (const item of items) {
    const telling = JSON.stringify(tellingOf(item));
    const known = cells.get(telling);
    if (known === undefined) cells.set(telling, [item]);
    else known.push(item);
  }
  return [...cells.values()];
}

/** The ranges that bounds cut the numbers into; `bounds` are ascending, and each belongs to what is below. */
export const rangesOf = (bounds: readonly number[]): readonly Range[] =>
  [...bounds, Number.POSITIVE_INFINITY].map((most, index) => ({ least: leastAbove(bounds, index), most }));

/** The least number that is above so many of the bounds. */
export const leastAbove = (bounds: readonly number[], count: number): number =>
  count === 0 ? 0 : (bounds[count - 1] ?? 0) + 1;
