export type Worker = {
  /** Waits for a run that is under way. */
  stop(): Promise<void>;
};

/** Runs `task` now and then every `everyMs` after its end until stopped; never two at once. `task` must not throw. */
export function repeat(task: () => Promise<unknown>, everyMs: number): Worker {
  return repeatUntil(async () => {
    await task();
    return false;
  }, everyMs);
}

/** The same until `task` says that it is done. */
export function repeatUntil(task: () => Promise<boolean>, everyMs: number): Worker {
  let stopped = false;
  let timer: Timer | undefined;
  let running = run();

  async function run(): Promise<void> {
    const done = await task();
    if (done || stopped) return;
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
