/** A clock that goes on only when it is told to, and what is to happen at its times. */
export function fakeClock() {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly act: () => void }>();
  const nextDue = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((one, other) => one.atMs - other.atMs)[0];
  return {
    monotonicMs: () => nowMs,
    after(waitMs: number, act: () => void) {
      const timer = { atMs: nowMs + waitMs, act };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    timerCount: () => timers.size,
    /** Whatever is due on the way happens at its own time. */
    advance(byMs: number) {
      const untilMs = nowMs + byMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.act();
      }
      nowMs = untilMs;
    },
  };
}
