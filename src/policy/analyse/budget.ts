/** Thrown where more work is asked for than was granted; only the entry points of the analysis catch it. */
export class BudgetExceeded extends Error {}

/** So many steps take about a second. */
export const MAX_STEPS = 1_000_000;

/** Work that was granted to what comes before the diagrams: theirs is bounded by their nodes. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** For work that may end anywhere: whoever does it asks `isSpent` first. */
  take(steps: number): void {
    this.#left -= steps;
  }

  /** Before the work is done, where it could be too much by itself. */
  spend(steps: number): void {
    this.take(steps);
    if (this.#left < 0) throw new BudgetExceeded();
  }
}
