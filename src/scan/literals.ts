/** What a literal of the automaton stands for. */
export type Target =
  | { readonly kind: "keyword"; readonly list: number }
  /** The automaton does not tell cases apart; base64 does. */
  | { readonly kind: "encoded_keyword"; readonly list: number; readonly form: string }
  | { readonly kind: "detector"; readonly detector: number; readonly length: number };

/** A word of context, and the detectors that it is one for. */
export type ContextWord = { readonly detectors: readonly number[]; readonly length: number };

/** Texts without duplicates, and all that each of them stands for. */
export class Literals {
  readonly texts: string[] = [];
  readonly targets: Target[][] = [];
  readonly contexts: (ContextWord | null)[] = [];
  readonly #indexes = new Map<string, number>();

  add(text: string, target: Target): void {
    const known = this.targets[this.#indexOf(text)] ?? [];
    // A keyword that a list has twice is one keyword.
    if (target.kind === "detector" || !known.some((other) => isSame(other, target))) known.push(target);
  }

  addContext(text: string, context: ContextWord): void {
    this.contexts[this.#indexOf(text)] = context;
  }

  /** Of those that are nothing but keywords, the lists that have them: of a list's keywords within keywords one says it all. */
  keywordsOnly(): ReadonlyMap<number, readonly number[]> {
    const only = new Map<number, readonly number[]>();
    for (const [index, targets] of this.targets.entries()) {
      const lists = targets.flatMap((target) => (target.kind === "keyword" ? [target.list] : []));
      const isOnly = this.contexts[index] === null && lists.length === targets.length;
      if (isOnly && lists.length > 0) only.set(index, lists);
    }
    return only;
  }

  #indexOf(text: string): number {
    const index = this.#indexes.get(text) ?? this.texts.length;
    if (index < this.texts.length) return index;
    this.#indexes.set(text, index);
    this.texts.push(text);
    this.targets.push([]);
    this.contexts.push(null);
    return index;
  }
}

function isSame(one: Target, other: Target): boolean {
  if (one.kind === "detector" || other.kind !== one.kind || other.list !== one.list) return false;
  return one.kind === "keyword" || (other.kind === "encoded_keyword" && other.form === one.form);
}
