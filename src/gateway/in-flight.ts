/** The answers under way, each with a way to cut it, since the process may end before they do. */
export class InFlight {
  readonly #cuts = new Set<() => void>();
  readonly #drain = new AbortController();
  #isOver = false;

  /** Aborted once the process is to end: nothing new comes then, and nobody waits for a provider to recover. */
  get drainSignal(): AbortSignal {
    return this.#drain.signal;
  }

  drain(): void {
    this.#drain.abort();
  }

  /** `cut` must not throw. Returns how to take it out again, which every answer does when it ends. */
  add(cut: () => void): () => void {
    this.#cuts.add(cut);
    if (this.#isOver) cut();
    return () => this.#cuts.delete(cut);
  }

  /** Cuts all, and at once each one that is added later. */
  cutAll(): void {
    this.#isOver = true;
    this.drain();
    for (const cut of this.#cuts) cut();
  }
}
