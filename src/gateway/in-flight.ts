/**
 * The answers under way, each with a way to cut it: for the end of the process, which its clients have no part in.
 */
export class InFlight {
  readonly #cuts = new Set<() => void>();
  #isOver = false;

  /** Gives the way to take it out again, for an answer that is at its end. */
  add(cut: () => void): () => void {
    this.#cuts.add(cut);
    if (this.#isOver) cut();
    return () => this.#cuts.delete(cut);
  }

  /** For good: what comes later is cut at once. */
  cutAll(): void {
    this.#isOver = true;
    for (const cut of this.#cuts) cut();
  }
}
