import { expect, test } from "bun:test";
import { rootOf } from "../../../src/audit/merkle.ts";
import { err, ok } from "../../../src/core/result.ts";
import type { Telemetry } from "../../../src/gateway/deps.ts";
import { startIntegrating } from "../../../src/workers/integrate-log.ts";
import type { LogWorld } from "../../../src/workers/log-world.ts";
import { leavesOf } from "../../support/log-database.ts";
import { signerNamed } from "../../support/signed-log.ts";
import { until } from "../../support/until.ts";

const SIGNER = signerNamed("log.example/one");

/** A log in memory, with one replica at work. */
function memoryLog() {
  const now = { nextIndex: 0, treeSize: 0, away: false, broken: false, heads: 0 };
  const checkpoints: { size: number; rootHash: Uint8Array; note: string }[] = [];
  const tiles = new Map<string, { level: number; index: number; hashes: Uint8Array }>();
  const file = { note: null as string | null };
  const world: LogWorld = {
    signer: SIGNER,
    oldKeys: [],
    tree: {
      async head() {
        now.heads++;
        if (now.broken) throw new Error("a bug");
        if (now.away) return err({ message: "the database is away" });
        const newest = checkpoints.at(-1);
        const checkpoint = newest === undefined ? null : { ...newest, ageMs: 1_000_000 };
        return ok({ nextIndex: now.nextIndex, treeSize: now.treeSize, checkpoint });
      },
      leaves: async (from, maxCount) =>
        ok({
          hashes: Buffer.concat(leavesOf(from, Math.min(maxCount, now.nextIndex - from))),
          brokenAt: null,
        }),
      tiles: async (wanted) => ok(wanted.flatMap(({ level, index }) => tiles.get(`${level}/${index}`) ?? [])),
      async grow({ fromSize, size, rootHash, note, tiles: changed }) {
        if (fromSize !== now.treeSize) return ok(false);
        now.treeSize = size;
        checkpoints.push({ size, rootHash, note });
        for (const tile of changed) tiles.set(`${tile.level}/${tile.index}`, tile);
        return ok(true);
      },
    },
    outside: {
      path: "FILE",
      read: async () => ok(file.note),
      async replace(note) {
        file.note = note;
        return ok(undefined);
      },
      setAside: async () => ok(undefined),
    },
  };
  const signed: number[] = [];
  const states: Parameters<Telemetry["signerState"]>[0][] = [];
  const bugs: unknown[] = [];
  const telemetry = {
    checkpointSigned: ({ treeSize }: { treeSize: number }) => signed.push(treeSize),
    signerState: (state: (typeof states)[number]) => states.push(state),
    bug: ({ error }: { error: unknown }) => bugs.push(error),
  };
  return { now, checkpoints, file, world, telemetry, signed, states, bugs };
}

/** Longer than any test: what happens did not wait for it. */
const NEVER_MS = 3_600_000;
const SLOW = { lookEveryMs: NEVER_MS, minAgeMs: 1, retryAfterMs: NEVER_MS };

test("leaves are signed as soon as somebody says that there are some", async () => {
  const { world, telemetry, now, signed, checkpoints } = memoryLog();
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW });
  await until(() => integrating.state().treeSize === 0, "the first look");
  for (const size of [3, 300, 301]) {
    now.nextIndex = size;
    integrating.kick();
    await until(() => signed.includes(size), `a checkpoint of ${size} leaves`);
  }
  await integrating.stop();
  expect(checkpoints.map(({ size, rootHash }) => rootOf(leavesOf(0, size)).equals(rootHash))).toEqual([
    true,
    true,
    true,
  ]);
  expect(integrating.state()).toEqual({ treeSize: 301, problem: null, refuses: false });
});

test("leaves that nobody speaks of are found by looking", async () => {
  const { world, telemetry, now, signed } = memoryLog();
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW, lookEveryMs: 1 });
  await until(() => now.heads > 2, "several looks");
  now.nextIndex = 5;
  await until(() => signed.includes(5), "a checkpoint");
  await integrating.stop();
  const looks = now.heads;
  integrating.kick();
  await Bun.sleep(5);
  expect(now.heads).toBe(looks);
});

test("what was sequenced until it stops is signed", async () => {
  const { world, telemetry, now, signed } = memoryLog();
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW, minAgeMs: NEVER_MS });
  await until(() => integrating.state().treeSize === 0, "the first look");
  now.nextIndex = 7;
  await integrating.stop();
  expect(signed).toEqual([7]);
});

test("a database that is away is told once, is no refusal, and is tried again", async () => {
  const { world, telemetry, now, signed, states } = memoryLog();
  Object.assign(now, { away: true, nextIndex: 4 });
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW, retryAfterMs: 1 });
  await until(() => now.heads > 3, "several tries");
  expect(states).toEqual([{ problem: "the database is away", refuses: false }]);
  now.away = false;
  await until(() => signed.includes(4), "a checkpoint");
  expect(states.slice(1)).toEqual([{ problem: null, refuses: false }]);
  await integrating.stop();
});

test("a signer that refuses says so once, signs nothing, and goes on when a person has resolved it", async () => {
  const { world, telemetry, now, signed, states, file } = memoryLog();
  now.nextIndex = 4;
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW, retryAfterMs: 1 });
  await until(() => signed.includes(4), "a checkpoint");
  const kept = file.note;
  file.note = "nothing\n";
  now.nextIndex = 5;
  integrating.kick();
  await until(() => integrating.state().refuses, "a refusal");
  const looks = now.heads;
  await until(() => now.heads > looks || states.length > 0, "more looks");
  expect(states).toEqual([{ problem: expect.stringContaining("What stands in FILE is no checkpoint"), refuses: true }]);
  expect(signed).toEqual([4]);
  file.note = kept;
  await until(() => signed.includes(5), "the next checkpoint");
  expect(states.at(-1)).toEqual({ problem: null, refuses: false });
  await integrating.stop();
});

test("a signer that refuses does not sign when it is stopped", async () => {
  const { world, telemetry, now, signed, file } = memoryLog();
  file.note = "nothing\n";
  now.nextIndex = 5;
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW });
  await until(() => integrating.state().refuses, "a refusal");
  file.note = null;
  await integrating.stop();
  expect(signed).toEqual([]);
});

test("a bug is told, and does not end the work", async () => {
  const { world, telemetry, now, signed, bugs } = memoryLog();
  Object.assign(now, { broken: true, nextIndex: 2 });
  const integrating = startIntegrating({ ...world, telemetry, ...SLOW, retryAfterMs: 1 });
  await until(() => bugs.length > 0, "a bug");
  now.broken = false;
  await until(() => signed.includes(2), "a checkpoint");
  await integrating.stop();
});
