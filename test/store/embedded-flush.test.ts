import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFlusher } from "../../src/store/embedded/flush-data.ts";

let directory: string;
let flushed: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "policy-mesh-flush-"));
  mkdirSync(join(directory, "pg_wal"));
  for (const name of ["a", "b", "pg_wal/1"]) writeFileSync(join(directory, name), name);
  flushed = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const noting = () =>
  dataFlusher(directory, async (path) => {
    flushed.push(path.slice(directory.length));
  });
const longAgo = new Date("2026-01-01T00:00:00.000Z");
const setTime = (name: string, time = longAgo) => utimesSync(join(directory, name), time, time);

test("every file and directory is flushed, and one that has not changed since only once", async () => {
  for (const name of ["a", "b", "pg_wal/1", "pg_wal", "."]) setTime(name);
  const flush = noting();
  expect(await flush()).toBe(true);
  expect(flushed.toSorted()).toEqual(["", "/a", "/b", "/pg_wal", "/pg_wal/1"]);
  flushed = [];
  setTime("b", new Date("2026-01-02T00:00:00.000Z"));
  expect(await flush()).toBe(true);
  expect(flushed).toEqual(["/b"]);
});

test("a file that was written just now may be written again in the same tick of the clock, so it is flushed again", async () => {
  for (const name of ["b", "pg_wal/1", "pg_wal", "."]) setTime(name);
  const flush = noting();
  await flush();
  flushed = [];
  await flush();
  expect(flushed).toEqual(["/a"]);
});

test("real files are flushed; what cannot be is said, and a file that has gone meanwhile is no fault", async () => {
  expect(await dataFlusher(directory)()).toBe(true);
  const failing = (code: string) =>
    dataFlusher(directory, async () => {
      throw Object.assign(new Error(code), { code });
    });
  expect(await failing("EIO")()).toBe(false);
  expect(await failing("ENOENT")()).toBe(true);
  rmSync(directory, { recursive: true, force: true });
  expect(await dataFlusher(directory)()).toBe(false);
});
