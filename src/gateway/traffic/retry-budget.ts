/** Retries that many requests may take at once. */
const MAX_TOKENS = 10;
/** What an answer earns: in the long run, at most one retry for so many answers ... */
const TOKENS_BY_ANSWER = 0.1;
/** ... and by time alone so many, so that a provider that is seldom asked has some again after an outage. */
const TOKENS_BY_SECOND = 0.5;

/** Retries for all requests together: without a bound, those of many requests would keep down who is about to recover. */
export class RetryBudget {
  readonly #monotonicMs: () => number;
  #tokens = MAX_TOKENS;
  #countedAtMs: number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#countedAtMs = monotonicMs();
  }

  answered(): void {
    this.#add(TOKENS_BY_ANSWER);
  }

  take(): boolean {
    this.#add(0);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #add(tokens: number): void {
    const nowMs = this.#monotonicMs();
    const byTime = ((nowMs - this.#countedAtMs) / 1_000) * TOKENS_BY_SECOND;
    this.#countedAtMs = nowMs;
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + byTime + tokens);
  }
}
