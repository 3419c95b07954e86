const FIRST_BACK_OFF_MS = 250;
const MAX_BACK_OFF_MS = 8_000;

/**
 * Before the retry of this number, from 0: exponential with full jitter, so that those who failed together do not come
 * back together. `chance` is from 0 up to 1.
 */
export const backOffMs = (retry: number, chance: number): number =>
  chance * Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** retry);

/** Resolves when the clock says that the time is over, never earlier, or at once when one of the signals says so. */
export async function wait(waitMs: number, monotonicMs: () => number, signals: readonly AbortSignal[]): Promise<void> {
  const untilMs = monotonicMs() + waitMs;
  // A timer may fire a little before its time.
  for (let leftMs = waitMs; leftMs > 0; leftMs = untilMs - monotonicMs()) {
    await sleep(Math.ceil(leftMs), signals);
    if (signals.some(({ aborted }) => aborted)) return;
  }
}

function sleep(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(wake, ms);
    for (const signal of signals) signal.addEventListener("abort", wake, { once: true });
    if (signals.some(({ aborted }) => aborted)) wake();
    function wake() {
      clearTimeout(timer);
      // One of them lives as long as the process.
      for (const signal of signals) signal.removeEventListener("abort", wake);
      resolve();
    }
  });
}
