import { expect, test } from "bun:test";
import { createAdmission } from "../../../../src/gateway/traffic/admission.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

const NEVER = new AbortController().signal;

test("requests beyond the places wait, and are turned away after five seconds with a word when to come back", async () => {
  const clock = fakeClock();
  const admission = createAdmission({ maxConcurrent: 1, maxQueued: 2, after: clock.after });
  const first = await admission.enter("a", NEVER);
  const second = admission.enter("a", NEVER);
  const third = admission.enter("a", NEVER);
  expect(await admission.enter("a", NEVER)).toEqual({ kind: "overloaded", retryAfterMs: 5_000 });
  expect(admission.status()).toEqual({ inFlightCount: 1, queuedCount: 2 });
  if (first.kind !== "place") throw new Error("no place");
  first.leave();
  expect((await second).kind).toBe("place");
  clock.advance(5_000);
  expect(await third).toEqual({ kind: "overloaded", retryAfterMs: 5_000 });
});

test("a flood of one caller keeps nobody else out of the line", async () => {
  const clock = fakeClock();
  const admission = createAdmission({ maxConcurrent: 1, maxQueued: 50, after: clock.after });
  const served = await admission.enter("flood", NEVER);
  const flood = Array.from({ length: 1_000 }, () => admission.enter("flood", NEVER));
  const other = admission.enter("other", NEVER);
  if (served.kind !== "place") throw new Error("no place");
  served.leave();
  const next = await flood[0];
  if (next?.kind !== "place") throw new Error("no place");
  next.leave();
  expect((await other).kind).toBe("place");
});

test("one caller's long streams do not take every place, however many it asks for", async () => {
  const admission = createAdmission({ maxConcurrent: 8, maxQueued: 4, after: fakeClock().after });
  const streams = Array.from({ length: 50 }, () => admission.enter("streams", NEVER));
  expect(admission.status()).toEqual({ inFlightCount: 6, queuedCount: 4 });
  expect((await admission.enter("other", NEVER)).kind).toBe("place");
  expect(await streams[49]).toEqual({ kind: "overloaded", retryAfterMs: 5_000 });
});

test("who goes away while waiting is not told that there was no place", async () => {
  const admission = createAdmission({ maxConcurrent: 1, maxQueued: 1, after: fakeClock().after });
  await admission.enter("a", NEVER);
  const gone = new AbortController();
  const waiting = admission.enter("a", gone.signal);
  gone.abort();
  expect(await waiting).toEqual({ kind: "left", retryAfterMs: 0 });
  expect(admission.status()).toEqual({ inFlightCount: 1, queuedCount: 0 });
});

test("without a line nobody waits", async () => {
  const admission = createAdmission({ maxConcurrent: 1, maxQueued: 0 });
  await admission.enter("a", NEVER);
  expect((await admission.enter("b", NEVER)).kind).toBe("overloaded");
});
