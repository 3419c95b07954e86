import { expect, test } from "bun:test";
import { Turns } from "../../../src/gateway/turns.ts";

/** Turns whose pauses end when they are told to. */
function heldTurns() {
  const pauses: (() => void)[] = [];
  const turns = new Turns(() => new Promise((resolve) => pauses.push(resolve)));
  const endPause = async () => {
    pauses.shift()?.();
    await Bun.sleep(0);
  };
  return { turns, pauses, endPause };
}

test("one has its turn after each pause, in the order of asking", async () => {
  const { turns, pauses, endPause } = heldTurns();
  const had: string[] = [];
  for (const name of ["first", "second", "third"]) void turns.next().then(() => had.push(name));
  expect(pauses).toHaveLength(1);
  await endPause();
  expect(had).toEqual(["first"]);
  await endPause();
  expect(had).toEqual(["first", "second"]);
  void turns.next().then(() => had.push("first again"));
  await endPause();
  await endPause();
  expect(had).toEqual(["first", "second", "third", "first again"]);
});

test("nothing goes on while nobody waits, and then it begins again", async () => {
  const { turns, pauses, endPause } = heldTurns();
  const turn = turns.next();
  await endPause();
  await turn;
  expect(pauses).toHaveLength(0);
  const next = turns.next();
  expect(pauses).toHaveLength(1);
  await endPause();
  await next;
});
