import { expect, test } from "bun:test";
import { proveNoLeak } from "../support/leak/leak-model.ts";

test("no failure, departure, reload or field of a client's carries a request where it is forbidden", async () => {
  const tally = await proveNoLeak({ requests: 20_000 });
  // A run in which nothing was at stake would prove nothing.
  expect(tally.constrained).toBeGreaterThan(5_000);
  expect(tally.constrainedSends).toBeGreaterThan(1_000);
  expect(tally.freeSendsAbroad).toBeGreaterThan(1_000);
  expect(tally.denied).toBeGreaterThan(500);
  expect(tally.answered).toBeGreaterThan(1_000);
  expect(tally.failed).toBeGreaterThan(1_000);
  expect(tally.left).toBeGreaterThan(300);
  expect(tally.reloads).toBeGreaterThan(200);
  // So many requests take as long as they take: this ends what hangs.
}, 600_000);
