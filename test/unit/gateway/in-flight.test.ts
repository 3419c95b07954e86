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
