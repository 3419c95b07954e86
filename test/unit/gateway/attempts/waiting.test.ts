import { afterEach, beforeEach, describe, expect, jest, spyOn, test } from "bun:test";
import { backOffMs, wait } from "../../../../src/gateway/attempts/waiting.ts";

const now = () => performance.now();
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("wait", () => {
  function start(waitMs: number, clock = now) {
    const [caller, drain] = [new AbortController(), new AbortController()];
    const state = { isOver: false, caller, drain };
    void wait(waitMs, clock, [caller.signal, drain.signal]).then(() => {
      state.isOver = true;
    });
    return state;
  }

  test("is over when its time is, not before", async () => {
    const waited = start(1_000);
    jest.advanceTimersByTime(999);
    await settled();
    expect(waited.isOver).toBe(false);
    jest.advanceTimersByTime(1);
    await settled();
    expect(waited.isOver).toBe(true);
  });

  test("goes on where a timer fires before the clock says so", async () => {
    let nowMs = 0;
    const waited = start(1_000, () => nowMs);
    nowMs = 999.5;
    jest.advanceTimersByTime(1_000);
    await settled();
    expect([waited.isOver, jest.getTimerCount()]).toEqual([false, 1]);
    nowMs = 1_000;
    jest.advanceTimersByTime(1);
    await settled();
    expect(waited.isOver).toBe(true);
  });

  test.each(["caller", "drain"] as const)("is over at once for the %s, and leaves no timer", async (who) => {
    const waited = start(1_000);
    await settled();
    waited[who].abort();
    await settled();
    expect([waited.isOver, jest.getTimerCount()]).toEqual([true, 0]);
  });

  test("listens no longer than it waits, since the process's own signal outlives all requests", async () => {
    const { signal } = new AbortController();
    const listened = [spyOn(signal, "addEventListener"), spyOn(signal, "removeEventListener")];
    const waited = wait(1_000, now, [signal]);
    jest.advanceTimersByTime(1_000);
    await waited;
    expect(listened.map((spy) => spy.mock.calls.length)).toEqual([1, 1]);
    expect(listened[1]?.mock.calls[0]?.slice(0, 2)).toEqual(listened[0]?.mock.calls[0]?.slice(0, 2) ?? []);
  });

  test("is none where one of them went before, or there is nothing to wait for", async () => {
    await wait(1_000, now, [AbortSignal.abort()]);
    await wait(0, now, []);
    expect(jest.getTimerCount()).toBe(0);
  });
});

test("the back-off doubles with each retry up to a bound, and chance takes any part of it", () => {
  expect([0, 1, 2, 5, 6, 40].map((retry) => backOffMs(retry, 1))).toEqual([250, 500, 1_000, 8_000, 8_000, 8_000]);
  expect([backOffMs(1, 0), backOffMs(1, 0.5)]).toEqual([0, 250]);
});
