import type { BreakerSettings, CircuitState } from "../../core/attempts.ts";
import type { FailureCategory } from "../../core/chat.ts";
import type { Bearing } from "./bearing.ts";
import type { CircuitStatus } from "./contract.ts";
import { SlidingCounts } from "./window.ts";

/** However often a trial failed, so that a provider that recovers is soon in use again. */
const MAX_OPEN_MS = 15_000;
const MAX_OPEN_FACTOR = 3;
/** What callers are told while a trial is under way, since nobody knows how long that takes. */
const TRIAL_RETRY_AFTER_MS = 1_000;

export type CircuitOptions = {
  readonly settings: BreakerSettings;
  readonly monotonicMs: () => number;
  readonly onChange: OnChange;
};

/** `category` is of the failure that opened it, and `triesInMs` when a call may try then; else both are null. */
export type OnChange = (state: CircuitState, category: FailureCategory | null, triesInMs: number | null) => void;

/** A call that was let through. */
export interface Passage {
  /** It began to be answered. */
  began(): void;
  /** Once. */
  end(bearing: Bearing, category: FailureCategory | null): void;
}

type Trial = { readonly sinceMs: number };

/**
 * A breaker. It opens by the rate of failures among the calls that ended lately, lets a single call try after a while, and
 * closes when that one begins to be answered.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #maxOpenMs: number;
  readonly #counts: SlidingCounts;
  #state: CircuitState = "closed";
  /** Goes up with each opening and closing. A call that began in an earlier one says nothing of how the provider is now. */
  #era = 0;
  /** Openings in a row, none of them after a whole window of peace. */
  #openingCount = 0;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  /** While it is open: when a call may try. */
  #dueAtMs = 0;
  /** While it is half open: the call that tries. */
  #trial: Trial | null = null;

  constructor(options: CircuitOptions) {
    this.#options = options;
    const { openMs, windowMs } = options.settings;
    this.#maxOpenMs = Math.min(MAX_OPEN_MS, MAX_OPEN_FACTOR * openMs);
    this.#counts = new SlidingCounts(windowMs);
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** How long until a call may pass; 0 where one may now. */
  barredMs(): number {
    return this.#trial === null ? this.#untilDueMs() : Math.min(TRIAL_RETRY_AFTER_MS, this.#untilDueMs());
  }

  /** INVARIANT: asked only where `barredMs` has just been 0. */
  pass(): Passage {
    if (this.#state === "closed") return this.#passage(null);
    const trial = { sinceMs: this.#options.monotonicMs() };
    this.#trial = trial;
    if (this.#state === "open") this.#change("half_open", null);
    return this.#passage(trial);
  }

  status(): Omit<CircuitStatus, "model"> {
    const counts = this.#counts.within(this.#options.monotonicMs());
    const opensAgainInMs = this.#state === "closed" ? null : this.#untilDueMs();
    return { state: this.#state, ...counts, opensAgainInMs };
  }

  /** A trial that hangs holds up the next one only for so long: else a provider that was silent once stays unused. */
  #untilDueMs(): number {
    if (this.#state === "closed") return 0;
    const dueAtMs = this.#state === "open" ? this.#dueAtMs : this.#trialEndsAtMs();
    return Math.max(0, Math.ceil(dueAtMs - this.#options.monotonicMs()));
  }

  #trialEndsAtMs(): number {
    return this.#trial === null ? Number.NEGATIVE_INFINITY : this.#trial.sinceMs + this.#maxOpenMs;
  }

  #passage(trial: Trial | null): Passage {
    let era = this.#era;
    let hasEnded = false;
    const isOfNow = () => era === this.#era;
    const began = () => {
      if (hasEnded || !isOfNow() || this.#state === "closed") return;
      this.#close();
      // How it ends counts as of any other call.
      era = this.#era;
    };
    const end = (bearing: Bearing, category: FailureCategory | null) => {
      if (bearing === "good") began();
      if (hasEnded) return;
      hasEnded = true;
      if (!isOfNow()) return;
      if (this.#state === "closed") this.#count(bearing, category);
      else if (trial !== null && this.#trial === trial) this.#endTrial(bearing, category);
    };
    return { began, end };
  }

  #count(bearing: Bearing, category: FailureCategory | null): void {
    if (bearing !== "good" && bearing !== "bad" && bearing !== "refused") return;
    const nowMs = this.#options.monotonicMs();
    this.#counts.count(nowMs, bearing !== "good");
    const { failurePercent, minimumCalls } = this.#options.settings;
    const { callCount, failureCount } = this.#counts.within(nowMs);
    const isTooMany = callCount >= minimumCalls && failureCount * 100 >= callCount * failurePercent;
    if (bearing === "refused" || (bearing === "bad" && isTooMany)) this.#open(category);
  }

  #endTrial(bearing: Bearing, category: FailureCategory | null): void {
    this.#trial = null;
    if (bearing !== "none") this.#open(category);
  }

  #open(category: FailureCategory | null): void {
    const nowMs = this.#options.monotonicMs();
    if (this.#state === "closed") {
      this.#era += 1;
      if (nowMs - this.#closedAtMs >= this.#options.settings.windowMs) this.#openingCount = 0;
    }
    this.#openingCount += 1;
    this.#dueAtMs = nowMs + Math.min(this.#openingCount * this.#options.settings.openMs, this.#maxOpenMs);
    this.#change("open", category);
  }

  #close(): void {
    this.#era += 1;
    this.#trial = null;
    this.#closedAtMs = this.#options.monotonicMs();
    this.#counts.clear();
    this.#change("closed", null);
  }

  #change(state: CircuitState, category: FailureCategory | null): void {
    this.#state = state;
    this.#options.onChange(state, category, state === "open" ? this.#untilDueMs() : null);
  }
}
