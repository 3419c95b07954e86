/** Does something later, and gives the way to call it off. */
export type After = (waitMs: number, act: () => void) => () => void;

export const afterTimeout: After = (waitMs, act) => {
  const timer = setTimeout(act, waitMs);
  return () => clearTimeout(timer);
};

export type Entrance =
  /** Must be left, once; more often says nothing. */
  | { readonly kind: "place"; leave(): void }
  /** No place came free for this caller in time, or there was none in the line. */
  | { readonly kind: "full" }
  /** Who asked went away. */
  | { readonly kind: "left" };

export type GateOptions = {
  readonly maxPlaces: number;
  readonly maxQueued: number;
  readonly after: After;
};

/**
 * How many times as many places as are free a caller may come to hold: dynamic thresholds, as switches share their memory
 * by (Choudhury and Hahne, 1998). One caller alone gets three quarters of four places or more.
 */
const SHARE_OF_FREE = 3;

type Waiter = { readonly caller: string; readonly settle: (entrance: Entrance) => void };

/**
 * A number of places, and a bounded line for them. A place cannot be had back from who holds it, so the more a caller holds
 * of four or more, the more it must leave free for others. In line, callers take turns, however many of a caller's stand
 * in it, and each caller's own are served as they came.
 */
export class Gate {
  readonly #options: GateOptions;
  /**
   * In the order of their turns; none is empty. INVARIANT: no place is open to anybody who waits. So every place is taken,
   * or all that wait hold three times as many as are free: who holds none never waits beside a free place.
   */
  readonly #lines = new Map<string, Set<Waiter>>();
  /** Places by caller, of those that hold any. */
  readonly #held = new Map<string, number>();
  #takenCount = 0;
  #queuedCount = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  status(): { readonly inFlightCount: number; readonly queuedCount: number } {
    return { inFlightCount: this.#takenCount, queuedCount: this.#queuedCount };
  }

  enter(caller: string, waitMs: number, signal: AbortSignal): Promise<Entrance> {
    if (signal.aborted) return Promise.resolve({ kind: "left" });
    // Goes before nobody: who waits could not have it.
    if (this.#isOpenTo(caller)) return Promise.resolve(this.#take(caller));
    if (waitMs <= 0 || !this.#hasRoomFor(caller)) return Promise.resolve({ kind: "full" });
    return new Promise((resolve) => this.#queue(caller, waitMs, signal, resolve));
  }

  #queue(caller: string, waitMs: number, signal: AbortSignal, resolve: (entrance: Entrance) => void): void {
    const giveUp = (kind: "full" | "left") => {
      this.#remove(waiter);
      waiter.settle({ kind });
    };
    const leave = () => giveUp("left");
    const callOff = this.#options.after(waitMs, () => giveUp("full"));
    signal.addEventListener("abort", leave);
    const settle = (entrance: Entrance) => {
      callOff();
      signal.removeEventListener("abort", leave);
      resolve(entrance);
    };
    const waiter: Waiter = { caller, settle };
    const line = this.#lines.get(caller);
    if (line === undefined) this.#lines.set(caller, new Set([waiter]));
    else line.add(waiter);
    this.#queuedCount += 1;
  }

  /** Whether one more of this caller may stand in line, if need be in place of one of a caller that has more there. */
  #hasRoomFor(caller: string): boolean {
    if (this.#queuedCount < this.#options.maxQueued) return true;
    const newest = this.#newestOfLongestLine();
    const own = this.#lines.get(caller)?.size ?? 0;
    // Only where that leaves it no shorter than the newcomer's: to swap equals would help nobody.
    if (newest === null || newest.lineSize <= own + 1) return false;
    this.#remove(newest.waiter);
    newest.waiter.settle({ kind: "full" });
    return true;
  }

  #newestOfLongestLine(): { readonly waiter: Waiter; readonly lineSize: number } | null {
    // Under a flood of many callers each has one: nothing to look for.
    if (this.#lines.size === this.#queuedCount) return null;
    let longest = new Set<Waiter>();
    for (const line of this.#lines.values()) if (line.size > longest.size) longest = line;
    const waiter = [...longest].at(-1);
    return waiter === undefined ? null : { waiter, lineSize: longest.size };
  }

  #remove(waiter: Waiter): void {
    const line = this.#lines.get(waiter.caller);
    if (line === undefined || !line.delete(waiter)) return;
    this.#queuedCount -= 1;
    if (line.size === 0) this.#lines.delete(waiter.caller);
  }

  #isOpenTo(caller: string): boolean {
    return this.#heldBy(caller) < SHARE_OF_FREE * this.#freeCount();
  }

  #freeCount(): number {
    return this.#options.maxPlaces - this.#takenCount;
  }

  #heldBy(caller: string): number {
    return this.#held.get(caller) ?? 0;
  }

  #take(caller: string): Entrance {
    this.#takenCount += 1;
    this.#held.set(caller, this.#heldBy(caller) + 1);
    let isLeft = false;
    return {
      kind: "place",
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        this.#giveBack(caller);
      },
    };
  }

  #giveBack(caller: string): void {
    this.#takenCount -= 1;
    const heldCount = this.#heldBy(caller) - 1;
    if (heldCount > 0) this.#held.set(caller, heldCount);
    else this.#held.delete(caller);
    // One that comes free may let in two: whose it was holds fewer now, too.
    for (let next = this.#nextInTurn(); next !== null; next = this.#nextInTurn()) this.#letIn(next);
  }

  /** Those passed over hold three places or more each, so they are few. */
  #nextInTurn(): Waiter | null {
    if (this.#freeCount() === 0) return null;
    for (const [caller, [waiter]] of this.#lines) {
      if (waiter !== undefined && this.#isOpenTo(caller)) return waiter;
    }
    return null;
  }

  #letIn(waiter: Waiter): void {
    const { caller } = waiter;
    const line = this.#lines.get(caller);
    this.#remove(waiter);
    // Its turn is over: who else of this caller's waits does so behind all other callers.
    if (line !== undefined && this.#lines.delete(caller)) this.#lines.set(caller, line);
    waiter.settle(this.#take(caller));
  }
}
