/**
 * Runs `task` now and then every `everyMs` after its end until stopped; never two at once. `task` must not throw.
 * Stopping waits for a run that is under way.
 */
export function repeat(task: () => Promise<void>, everyMs: number): { stop(): Promise<void> } {
  let stopped = false;
  let timer: Timer | undefined;
  let running = run();

  async function run(): Promise<void> {
    await task();
    if (stopped) return;
    timer = setTimeout(() => {
      running = run();
    }, everyMs);
    timer.unref();
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
