/**
 * The answers under way, each with a way to cut it: for the end of the process, which its clients have no part in.
 */
export class InFlight {
  readonly #cuts = new Set<() => void>();
  readonly #drain = new AbortController();
  #isOver = false;

  /** From then on nothing new comes, and who only waits for a provider to recover does so no longer. */
  get drainSignal(): AbortSignal {
    return this.#drain.signal;
  }

  drain(): void {
    this.#drain.abort();
  }

  /** Gives the way to take it out again, for an answer that is at its end. */
  add(cut: () => void): () => void {
    this.#cuts.add(cut);
    if (this.#isOver) cut();
    return () => this.#cuts.delete(cut);
  }

  /** For good: what comes later is cut at once. */
  cutAll(): void {
    this.#isOver = true;
    this.drain();
    for (const cut of this.#cuts) cut();
  }
}
