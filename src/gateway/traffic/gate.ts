/** Does something later, and gives the way to call it off. */
export type After = (waitMs: number, act: () => void) => () => void;

export const afterTimeout: After = (waitMs, act) => {
  const timer = setTimeout(act, waitMs);
  return () => clearTimeout(timer);
};

export type Entrance =
  /** Must be left, once; more often says nothing. */
  | { readonly kind: "place"; leave(): void }
  /** No place came free in time, or there was none in the line. */
  | { readonly kind: "full" }
  /** Who asked went away. */
  | { readonly kind: "left" };

export type GateOptions = {
  readonly maxPlaces: number;
  readonly maxQueued: number;
  readonly after: After;
};

type Waiter = { readonly caller: string; readonly settle: (entrance: Entrance) => void };

/**
 * A number of places, and a bounded line for them: callers take turns, however many of a caller's stand in it, and each
 * caller's own are served as they came.
 */
export class Gate {
  readonly #options: GateOptions;
  /** In the order of their turns; none is empty. INVARIANT: while anybody waits, every place is taken. */
  readonly #lines = new Map<string, Set<Waiter>>();
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
    if (this.#takenCount < this.#options.maxPlaces) return Promise.resolve(this.#take());
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

  #take(): Entrance {
    this.#takenCount += 1;
    let isLeft = false;
    return {
      kind: "place",
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        this.#takenCount -= 1;
        this.#letInNext();
      },
    };
  }

  #letInNext(): void {
    for (const [caller, line] of this.#lines) {
      const [waiter] = line;
      if (waiter === undefined) continue;
      this.#remove(waiter);
      // Its turn is over: who else of this caller's waits does so behind all other callers.
      if (this.#lines.delete(caller)) this.#lines.set(caller, line);
      waiter.settle(this.#take());
      return;
    }
  }
}
