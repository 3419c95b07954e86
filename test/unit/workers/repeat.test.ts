import { describe, expect, test } from "bun:test";
import { repeat, repeatUntil } from "../../../src/workers/repeat.ts";

describe("repeat", () => {
  test("runs at once, again after its time, and never two at once", async () => {
    let running = 0;
    let runs = 0;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const worker = repeat(async () => {
      expect(++running).toBe(1);
      await Bun.sleep(2);
      running--;
      if (++runs === 4) resolve();
    }, 1);
    await enough;
    await worker.stop();
    const seen = runs;
    await Bun.sleep(20);
    expect(runs).toBe(seen);
  });

  test("does not run again once it is done", async () => {
    let runs = 0;
    const worker = repeatUntil(async () => {
      runs++;
      return runs === 2;
    }, 1);
    await Bun.sleep(30);
    await worker.stop();
    expect(runs).toBe(2);
  });

  test("stopping waits for the run that is under way", async () => {
    let finished = false;
    const worker = repeat(async () => {
      await Bun.sleep(10);
      finished = true;
    }, 1);
    await worker.stop();
    expect(finished).toBe(true);
  });
});
