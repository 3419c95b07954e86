export type BackOffTimes = { readonly firstMs: number; readonly longestMs: number };

/** Pauses that double with each failure in a row, and vary, so that replicas do not come back all at once. */
export class BackOff {
  readonly #times: BackOffTimes;
  readonly #random: () => number;
  #failures = 0;

  constructor(times: BackOffTimes, random: () => number) {
    this.#times = times;
    this.#random = random;
  }

  /** Between half of the pause that is due and all of it. */
  nextMs(): number {
    const { firstMs, longestMs } = this.#times;
    const pauseMs = Math.min(firstMs * 2 ** this.#failures, longestMs);
    if (pauseMs < longestMs) this.#failures += 1;
    return Math.round(pauseMs * (0.5 + this.#random() / 2));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
