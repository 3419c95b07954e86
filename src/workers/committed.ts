type Waiter = { readonly seq: number; readonly settle: (committed: boolean) => void };

/** Of records that were refused so many are remembered: those who ask for one do so right after it was spooled. */
const MAX_REMEMBERED = 1_000;

/** How far the spool is committed in the database, for those who wait for a record of theirs. */
export class Committed {
  readonly #waiters = new Set<Waiter>();
  readonly #refused = new Set<number>();
  #through: number;

  constructor(through: number) {
    this.#through = through;
  }

  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** Whether the record is a row; false, too, when `timeoutMs` are over and it is not known to be one yet. */
  until(seq: number, timeoutMs: number): Promise<boolean> {
    if (seq <= this.#through) return Promise.resolve(!this.#refused.has(seq));
    return new Promise((resolve) => {
      const settle = (committed: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(committed);
      };
      const waiter: Waiter = { seq, settle };
      const timer = setTimeout(settle, timeoutMs, false);
      this.#waiters.add(waiter);
    });
  }

  advance(seq: number): void {
    this.#through = seq;
    for (const waiter of this.#waiters) {
      if (waiter.seq <= seq) waiter.settle(!this.#refused.has(waiter.seq));
    }
  }

  /** Nobody will know more. */
  abandon(): void {
    for (const waiter of this.#waiters) waiter.settle(false);
  }

  /** The record will never be a row. Told before `advance` passes it. */
  refuse(seq: number): void {
    this.#refused.add(seq);
    const [oldest] = this.#refused;
    if (this.#refused.size > MAX_REMEMBERED && oldest !== undefined) this.#refused.delete(oldest);
  }
}
