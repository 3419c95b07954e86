/**
 * Turns of work that takes long, in the order of asking: one between two looks at what else there is, however many wait
 * for theirs. So what long scans take from other requests does not grow with how many of them there are.
 */
export class Turns {
  readonly #pause: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  #isGiving = false;

  /** `pause` resolves after what waits to be run has had its turn, other requests among it. */
  constructor(pause: () => Promise<void>) {
    this.#pause = pause;
  }

  /** Resolves when it is the caller's turn, which ends where it waits for anything. */
  next(): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#isGiving) void this.#give();
    return turn;
  }

  async #give(): Promise<void> {
    this.#isGiving = true;
    while (this.#waiting.length > 0) {
      await this.#pause();
      this.#waiting.shift()?.();
    }
    this.#isGiving = false;
  }
}
