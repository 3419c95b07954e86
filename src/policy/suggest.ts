import { quoted } from "./quoted.ts";

/** Longer names are nobody's typing error, and comparing them takes long. */
const MAX_CHARS = 128;
/** A file that defines more has other faults, and a name need not be looked for among all of them. */
const MAX_NAMES = 1_000;
/** More wrong characters than this, and it is another word. */
const MAX_DISTANCE = 3;

/** `did you mean "signals"?`, or null where none of the names is near. */
export function didYouMean(name: string, known: Iterable<string>): string | null {
  const near = nearest(name, known);
  return near === null ? null : `did you mean ${quoted(near)}?`;
}

/** The name with the fewest typing errors against `name`; of equally near ones the first. */
export function nearest(name: string, known: Iterable<string>): string | null {
  if (name.length > MAX_CHARS) return null;
  const folded = fold(name);
  let best: { name: string; distance: number } | null = null;
  let alike: string | null = null;
  let looked = 0;
  for (const candidate of known) {
    if (++looked > MAX_NAMES) break;
    if (candidate === name || candidate.length > MAX_CHARS) continue;
    const other = fold(candidate);
    // A third of the characters may be wrong, so of short names none.
    const bound = Math.min(MAX_DISTANCE, Math.floor(Math.max(folded.length, other.length) / 3));
    const distance = distanceWithin(folded, other, Math.min(bound, (best?.distance ?? Infinity) - 1));
    if (distance !== null) best = { name: candidate, distance };
    alike ??= hasSameWords(folded, other) ? candidate : null;
    if (best?.distance === 0) break;
  }
  return best?.name ?? alike;
}

/** Capitals and the kind of dash are the commonest slips, and count for nothing. */
const fold = (name: string): string => name.toLowerCase().replace(/[-\s]/g, "_");

/** Whether one has all words of the other, as `max_tokens` and `max_output_tokens`. */
function hasSameWords(left: string, right: string): boolean {
  const [shorter, longer] = [left.split("_"), right.split("_")].toSorted((a, b) => a.length - b.length);
  return shorter !== undefined && shorter.join("").length > 2 && shorter.every((word) => longer?.includes(word));
}

/**
 * Characters to change, add, drop or swap with their neighbour (optimal string alignment); null where they are more
 * than `bound`. Takes O(length * bound).
 */
function distanceWithin(left: string, right: string, bound: number): number | null {
  if (bound < 0 || Math.abs(left.length - right.length) > bound) return null;
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = new Array<number>(right.length + 1).fill(bound + 1);
    if (row <= bound) current[0] = row;
    for (let column = Math.max(1, row - bound); column <= Math.min(right.length, row + bound); column++) {
      current[column] = cell(left, right, row, column, { before, previous, current });
    }
    if (Math.min(...current) > bound) return null;
    [before, previous] = [previous, current];
  }
  const distance = previous[right.length] ?? bound + 1;
  return distance > bound ? null : distance;
}

type Rows = {
  readonly before: readonly number[];
  readonly previous: readonly number[];
  readonly current: readonly number[];
};

function cell(left: string, right: string, row: number, column: number, { before, previous, current }: Rows): number {
  const at = (cells: readonly number[], index: number) => cells[index] ?? Infinity;
  const same = left[row - 1] === right[column - 1];
  const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
  return Math.min(
    at(previous, column) + 1,
    at(current, column - 1) + 1,
    at(previous, column - 1) + (same ? 0 : 1),
    isSwap ? at(before, column - 2) + 1 : Infinity,
  );
}
