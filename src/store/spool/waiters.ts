type Waiter = { readonly after: number; readonly wake: () => void };

/** Those who wait for a number, each for a bounded time. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves when a number greater than `after` is reached, at the end of the time, or when all are let go. */
  wait(after: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        after,
        wake: () => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve();
        },
      };
      const timer = setTimeout(waiter.wake, timeoutMs);
      this.#waiting.add(waiter);
    });
  }

  reached(seq: number): void {
    for (const waiter of this.#waiting) {
      if (seq > waiter.after) waiter.wake();
    }
  }
}
