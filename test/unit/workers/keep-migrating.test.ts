import { describe, expect, test } from "bun:test";
import { keepMigrating, type Tried } from "../../../src/workers/keep-migrating.ts";
import { until } from "../../support/until.ts";

function setUp(...results: Tried[]) {
  const seen: Tried[] = [];
  let tries = 0;
  const migrating = keepMigrating(
    async () => results[Math.min(tries++, results.length - 1)] ?? { problem: null, fatal: false },
    1,
    (tried) => seen.push(tried),
  );
  return { migrating, seen, tries: () => tries };
}

const AWAY: Tried = { problem: "away", fatal: false };
const DONE: Tried = { problem: null, fatal: false };
const WRONG: Tried = { problem: "wrong", fatal: true };

describe("keepMigrating", () => {
  test("tries again while the database is away, and no more once it is done", async () => {
    const { migrating, seen, tries } = setUp(AWAY, AWAY, DONE);
    expect(await migrating.first).toEqual(AWAY);
    await until(() => tries() === 3, "three tries");
    await Bun.sleep(20);
    await migrating.stop();
    expect(seen).toEqual([AWAY, AWAY, DONE]);
  });

  test("does not try again what fails for good, and says so", async () => {
    const { migrating, seen } = setUp(AWAY, WRONG);
    expect(await migrating.broken).toBe("wrong");
    await Bun.sleep(20);
    await migrating.stop();
    expect(seen).toEqual([AWAY, WRONG]);
  });
});
