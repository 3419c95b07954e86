import { expect, test } from "bun:test";
import { InFlight } from "../../../src/gateway/in-flight.ts";

test("what is in flight is cut, what has left is not, and what comes later is at once", () => {
  const inFlight = new InFlight();
  const cut: string[] = [];
  inFlight.add(() => cut.push("one"));
  const leave = inFlight.add(() => cut.push("left"));
  leave();
  inFlight.cutAll();
  inFlight.add(() => cut.push("late"));
  expect(cut).toEqual(["one", "late"]);
});

test("nobody waits any more once it drains, and what is in flight goes on", () => {
  const inFlight = new InFlight();
  const cut: string[] = [];
  inFlight.add(() => cut.push("one"));
  expect(inFlight.drainSignal.aborted).toBe(false);
  inFlight.drain();
  expect([inFlight.drainSignal.aborted, cut]).toEqual([true, []]);
});

test("to cut all is to drain, too", () => {
  const inFlight = new InFlight();
  inFlight.cutAll();
  expect(inFlight.drainSignal.aborted).toBe(true);
});
