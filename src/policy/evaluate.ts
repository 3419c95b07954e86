import { type AtomTable, FALSE, placeOf, TRUE } from "./atoms.ts";
import { type Condition, isAtom } from "./condition.ts";

/**
 * The truth of a condition, from the truths of its atoms. `opposite` has them at the other end of what is possible, or
 * is the same list again where all is known.
 */
export type Test = (truths: Uint8Array, opposite: Uint8Array) => number;

/** By Kleene's logic: "and" is the least of its parts, "or" the greatest, "not" the other end. */
export function compileCondition(condition: Condition, table: AtomTable): Test {
  switch (condition.kind) {
    case "all":
      return allOf(partsOf(condition.of, table));
    case "any":
      return anyOf(partsOf(condition.of, table));
    case "not": {
      const inner = compileCondition(condition.of, table);
      return (truths, opposite) => TRUE - inner(opposite, truths);
    }
    default: {
      const place = placeOf(table, condition);
      return (truths) => truths[place] ?? FALSE;
    }
  }
}

type Parts = { readonly places: Int32Array; readonly tests: readonly Test[] };

/** Atoms apart from the rest: they need no call, so they go first. */
const partsOf = (parts: readonly Condition[], table: AtomTable): Parts => ({
  places: Int32Array.from(parts.filter(isAtom), (atom) => placeOf(table, atom)),
  tests: parts.filter((part) => !isAtom(part)).map((part) => compileCondition(part, table)),
});

function allOf({ places, tests }: Parts): Test {
  return (truths, opposite) => {
    let least = TRUE;
    for (let index = 0; index < places.length; index++) {
      const truth = truths[places[index] ?? 0] ?? FALSE;
      if (truth === FALSE) return FALSE;
      if (truth < least) least = truth;
    }
    for (const test of tests) {
      const truth = test(truths, opposite);
      if (truth === FALSE) return FALSE;
      if (truth < least) least = truth;
    }
    return least;
  };
}

function anyOf({ places, tests }: Parts): Test {
  return (truths, opposite) => {
    let most = FALSE;
    for (let index = 0; index < places.length; index++) {
      const truth = truths[places[index] ?? 0] ?? FALSE;
      if (truth === TRUE) return TRUE;
      if (truth > most) most = truth;
    }
    for (const test of tests) {
      const truth = test(truths, opposite);
      if (truth === TRUE) return TRUE;
      if (truth > most) most = truth;
    }
    return most;
  };
}
