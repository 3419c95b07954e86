import type { Atom, Choice, Flag, Quantity } from "./condition.ts";

/** Kleene's three values. */
export const FALSE = 0;
export const UNKNOWN = 1;
export const TRUE = 2;

/** Stands for whatever would make an atom hold. */
export const ANYTHING = Symbol("anything");
export type Value = string | null | typeof ANYTHING;

/** What atoms ask about one request: what is known of it or, of what is not, one end of what is possible. */
export type Facts = {
  /** A truth value for each of the policy's signals, in its order. */
  readonly signals: Uint8Array;
  readonly flags: Readonly<Record<Flag, boolean>>;
  /** What a lower bound is compared with. It differs from `toAtMost` only where the number is not known. */
  readonly toAtLeast: Readonly<Record<Quantity, number>>;
  readonly toAtMost: Readonly<Record<Quantity, number>>;
  readonly choices: Readonly<Record<Choice, Value>>;
  readonly labels: Readonly<Record<string, Value>>;
};

/**
 * All atoms of a policy, each once, with a place in a list of truths. They are asked before the conditions, kind by
 * kind: a policy of many rules asks about the same few values over and over.
 */
export type AtomTable = {
  readonly places: ReadonlyMap<string, number>;
  readonly signals: readonly { readonly place: number; readonly signal: number }[];
  readonly flags: readonly { readonly place: number; readonly flag: Flag }[];
  readonly numbers: readonly Numbers[];
  readonly names: readonly Names[];
};

/** The ranges that one number is compared with; their atoms have the places from `first` on. */
type Numbers = {
  readonly of: Quantity;
  readonly first: number;
  readonly atLeast: Float64Array;
  readonly atMost: Float64Array;
};

/** The lists that one name is looked for in. */
type Names = {
  readonly of: { readonly choice: Choice } | { readonly label: string };
  readonly all: readonly number[];
  readonly byName: ReadonlyMap<string, readonly number[]>;
};

/** Equal for equal atoms. */
const keyOf = (atom: Atom): string => JSON.stringify(atom);

export function placeOf({ places }: AtomTable, atom: Atom): number {
  const place = places.get(keyOf(atom));
  if (place === undefined) throw new Error("a condition asks what its policy does not ask");
  return place;
}

/** Throws for a signal that is none of `signals`, the policy's own in its order. */
export function tableOf(given: readonly Atom[], signals: readonly string[]): AtomTable {
  const unique = [...new Map(given.map((atom) => [keyOf(atom), atom])).values()];
  const atoms = [...Map.groupBy(unique, groupOf).values()].flat();
  const placed = atoms.map((atom, place) => ({ atom, place }));
  const groups = Map.groupBy(placed, ({ atom }) => groupOf(atom));
  return {
    places: new Map(placed.map(({ atom, place }) => [keyOf(atom), place])),
    signals: placed.flatMap(({ atom, place }) =>
      atom.kind === "signal" ? [{ place, signal: known(signals.indexOf(atom.signal)) }] : [],
    ),
    flags: placed.flatMap(({ atom, place }) => (atom.kind === "flag" ? [{ place, flag: atom.flag }] : [])),
    numbers: [...groups.values()].flatMap(numbersOf),
    names: [...groups.values()].flatMap(namesOf),
  };
}

type Placed = { readonly atom: Atom; readonly place: number };

/** What asks about the same value stands together. */
function groupOf(atom: Atom): string {
  if (atom.kind === "label") return `label ${atom.label}`;
  return "of" in atom ? `${atom.kind} ${atom.of}` : atom.kind;
}

function known(index: number): number {
  if (index < 0) throw new Error("a condition asks for a signal that the policy does not have");
  return index;
}

function numbersOf(group: readonly Placed[]): readonly Numbers[] {
  const ranges = group.flatMap(({ atom, place }) => (atom.kind === "number" ? [{ ...atom, place }] : []));
  const [first] = ranges;
  if (first === undefined) return [];
  const bounds = (of: "atLeast" | "atMost") => Float64Array.from(ranges, (range) => range[of]);
  return [{ of: first.of, first: first.place, atLeast: bounds("atLeast"), atMost: bounds("atMost") }];
}

function namesOf(group: readonly Placed[]): readonly Names[] {
  const lists = group.flatMap(({ atom, place }) =>
    atom.kind === "choice" || atom.kind === "label" ? [{ atom, place }] : [],
  );
  const [first] = lists;
  if (first === undefined) return [];
  const of = first.atom.kind === "label" ? { label: first.atom.label } : { choice: first.atom.of };
  const pairs = lists.flatMap(({ atom, place }) => atom.values.map((name) => ({ name, place })));
  const byName = Map.groupBy(pairs, ({ name }) => name);
  return [
    {
      of,
      all: lists.map(({ place }) => place),
      byName: new Map([...byName].map(([name, found]) => [name, found.map(({ place }) => place)])),
    },
  ];
}

/** The truth of every atom, by place. */
export function truthsOf(table: AtomTable, facts: Facts): Uint8Array {
  const truths = new Uint8Array(table.places.size);
  for (const { place, signal } of table.signals) truths[place] = facts.signals[signal] ?? UNKNOWN;
  for (const { place, flag } of table.flags) truths[place] = facts.flags[flag] ? TRUE : FALSE;
  for (const numbers of table.numbers) compare(numbers, facts, truths);
  for (const { of, all, byName } of table.names) {
    const value = ("choice" in of ? facts.choices[of.choice] : facts.labels[of.label]) ?? null;
    const places = value === ANYTHING ? all : value === null ? undefined : byName.get(value);
    if (places !== undefined) for (const place of places) truths[place] = TRUE;
  }
  return truths;
}

function compare({ of, first, atLeast, atMost }: Numbers, facts: Facts, truths: Uint8Array): void {
  const toAtLeast = facts.toAtLeast[of];
  const toAtMost = facts.toAtMost[of];
  for (let index = 0; index < atLeast.length; index++) {
    if (toAtLeast >= (atLeast[index] ?? 0) && toAtMost <= (atMost[index] ?? 0)) truths[first + index] = TRUE;
  }
}
