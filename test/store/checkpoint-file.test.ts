import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openCheckpointFile } from "../../src/store/checkpoint-file.ts";

const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-checkpoint-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let path = "";
beforeEach(() => {
  path = join(mkdtempSync(join(scratch, "x-")), "log", "checkpoint");
});

test("there is none before the first one", async () => {
  expect(await openCheckpointFile(path).read()).toEqual({ ok: true, value: null });
});

test("the last one that was written is there whole, for anybody to read, and nothing beside it", async () => {
  const file = openCheckpointFile(path);
  for (const note of ["first\n", "a longer second\n", "3\n"]) {
    expect(await file.replace(note)).toEqual({ ok: true, value: undefined });
    expect(await file.read()).toEqual({ ok: true, value: note });
  }
  expect(readdirSync(dirname(path))).toEqual(["checkpoint"]);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test("a reader beside a writer never sees half of one", async () => {
  const file = openCheckpointFile(path);
  const notes = ["a", "b"].map((letter) => `${letter.repeat(50_000)}\n`);
  await file.replace(notes[0] ?? "");
  const writing = (async () => {
    for (let at = 0; at < 30; at++) await file.replace(notes[at % 2] ?? "");
  })();
  const seen = new Set<unknown>();
  for (let at = 0; at < 60; at++) {
    const read = await file.read();
    seen.add(read.ok && read.value);
  }
  await writing;
  for (const note of seen) expect(notes).toContain(String(note));
});

test("what is kept aside stays under its new name", async () => {
  const file = openCheckpointFile(path);
  await file.replace("evidence\n");
  expect(await file.setAside("20-abcd")).toEqual({ ok: true, value: undefined });
  await file.replace("next\n");
  expect(readFileSync(`${path}.20-abcd`, "utf8")).toBe("evidence\n");
});

test("what cannot be read or written is said, and nothing is thrown or left over", async () => {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "inside"), "");
  const file = openCheckpointFile(path);
  for (const failed of [
    await file.read(),
    await file.replace("x\n"),
    await openCheckpointFile(`${path}x`).setAside("y"),
  ]) {
    expect(failed).toMatchObject({ ok: false, error: { message: expect.stringContaining(path) } });
  }
  expect(readdirSync(dirname(path))).toEqual(["checkpoint"]);
  rmSync(path, { recursive: true });
  writeFileSync(path, "x".repeat(1_000_001));
  expect(await file.read()).toMatchObject({ ok: false, error: { message: expect.stringContaining("larger") } });
});
