const SLICES = 10;
/** Of a slice in which nothing was counted yet; older than any other. */
const NO_INDEX = Number.NEGATIVE_INFINITY;

type Slice = { index: number; callCount: number; failureCount: number };

/** Counts of what happened lately: in the slice of time that it is now, and in the nine before it. */
export class SlidingCounts {
  readonly #sliceMs: number;
  readonly #slices: Slice[] = Array.from({ length: SLICES }, () => ({
    index: NO_INDEX,
    callCount: 0,
    failureCount: 0,
  }));

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  count(nowMs: number, isFailure: boolean): void {
    const index = this.#indexOf(nowMs);
    const slice = this.#slices[index % SLICES];
    // INVARIANT: a clock that only goes forward gives no negative index.
    if (slice === undefined) throw new Error("a clock went behind its beginning");
    if (slice.index !== index) Object.assign(slice, { index, callCount: 0, failureCount: 0 });
    slice.callCount += 1;
    if (isFailure) slice.failureCount += 1;
  }

  within(nowMs: number): { readonly callCount: number; readonly failureCount: number } {
    const oldest = this.#indexOf(nowMs) - SLICES + 1;
    let callCount = 0;
    let failureCount = 0;
    for (const slice of this.#slices) {
      if (slice.index < oldest) continue;
      callCount += slice.callCount;
      failureCount += slice.failureCount;
    }
    return { callCount, failureCount };
  }

  clear(): void {
    for (const slice of this.#slices) slice.index = NO_INDEX;
  }

  #indexOf(nowMs: number): number {
    return Math.floor(nowMs / this.#sliceMs);
  }
}
