import type { Stage, StageDurations } from "./deps.ts";

/** Times the stages of one request, each from the end of the one before. */
export class Stopwatch {
  readonly #monotonicMs: () => number;
  readonly #startedMs: number;
  #lapMs: number;
  readonly #durations: Partial<Record<Stage, number>> = {};

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#startedMs = monotonicMs();
    this.#lapMs = this.#startedMs;
  }

  lap(stage: Stage): void {
    const nowMs = this.#monotonicMs();
    this.#durations[stage] = roundMs(nowMs - this.#lapMs);
    this.#lapMs = nowMs;
  }

  get durationsMs(): StageDurations {
    return { ...this.#durations };
  }

  /** All but the provider's time. */
  get overheadMs(): number {
    return roundMs(this.totalMs - (this.#durations.provider ?? 0));
  }

  get totalMs(): number {
    return roundMs(this.#monotonicMs() - this.#startedMs);
  }
}

/** Microseconds are as fine as these clocks are worth. */
const roundMs = (ms: number): number => Math.round(ms * 1_000) / 1_000;
