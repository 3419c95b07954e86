import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireLock, type Lock } from "../../src/store/lock.ts";
import { type Child, runChild } from "../support/embedded-child.ts";

const scratch: string[] = [];
const children: Child[] = [];
const locks: Lock[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "policy-mesh-lock-"));
  scratch.push(directory);
  return join(directory, "data");
}

function take(directory: string): Lock {
  const lock = acquireLock(directory);
  if (!lock.ok) throw new Error(lock.error.message);
  locks.push(lock.value);
  return lock.value;
}

async function holder(directory: string): Promise<{ child: Child; held: boolean; message: string }> {
  const child = runChild("embedded-lock-holder.ts", [directory]);
  children.push(child);
  return { child, ...JSON.parse((await child.nextLine()) ?? "null") };
}

afterEach(async () => {
  for (const lock of locks.splice(0)) lock.release();
  for (const child of children.splice(0)) await child.killAndDrain();
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
});

test("creates the directory for its owner alone and notes who holds it", () => {
  const directory = newDirectory();
  take(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(directory, "lock.pid"), "utf8")).toBe(`${process.pid}\n`);
});

test("refuses a second process while the first lives, naming directory and pid", async () => {
  const directory = newDirectory();
  take(directory);
  const second = await holder(directory);
  expect(second.held).toBe(false);
  expect(second.message).toContain(directory);
  expect(second.message).toContain(`process ${process.pid}`);
});

test("refuses in the same turn, without waiting", async () => {
  const directory = newDirectory();
  const first = await holder(directory);
  const second = acquireLock(directory);
  expect(second).toMatchObject({ ok: false, error: { kind: "held", directory, pid: first.child.pid } });
});

test("refuses a second holder in the same process", () => {
  const directory = newDirectory();
  take(directory);
  expect(acquireLock(directory).ok).toBe(false);
});

test("a refused attempt does not loosen the lock it met", async () => {
  const directory = newDirectory();
  take(directory);
  expect(acquireLock(directory).ok).toBe(false);
  expect((await holder(directory)).held).toBe(false);
});

test("is free the moment its holder is killed", async () => {
  const directory = newDirectory();
  const first = await holder(directory);
  expect(first.held).toBe(true);
  await first.child.killAndDrain();
  take(directory);
});

test("is free after release, whose note of the pid is gone", async () => {
  const directory = newDirectory();
  const lock = take(directory);
  lock.release();
  lock.release();
  expect(existsSync(join(directory, "lock.pid"))).toBe(false);
  expect((await holder(directory)).held).toBe(true);
});

test("says 'another process' when the note of the pid cannot be read", async () => {
  const directory = newDirectory();
  await holder(directory);
  writeFileSync(join(directory, "lock.pid"), "not a number");
  const second = acquireLock(directory);
  expect(second).toMatchObject({ ok: false, error: { pid: null } });
  expect(second.ok ? "" : second.error.message).toContain("another process");
});

test("says what is wrong with a directory that cannot be used", () => {
  const directory = newDirectory();
  writeFileSync(directory, "a file");
  const lock = acquireLock(directory);
  expect(lock).toMatchObject({ ok: false, error: { kind: "unusable", pid: null } });
  expect(lock.ok ? "" : lock.error.message).toContain(directory);
});

test("survives bun --watch, which replaces the process in place", async () => {
  const directory = newDirectory();
  const program = join(scratch[0] ?? "", "watched.ts");
  const lockModule = join(import.meta.dir, "../../src/store/lock.ts");
  const version = (n: number) =>
    `import { acquireLock } from ${JSON.stringify(lockModule)};
     const lock = acquireLock(${JSON.stringify(directory)});
     console.log(${n}, process.pid, lock.ok);
     setInterval(() => lock, 1000);`;
  writeFileSync(program, version(1));
  const child = runChild(program, [], ["--watch", "--no-clear-screen"]);
  children.push(child);
  expect(await child.nextLine()).toBe(`1 ${child.pid} true`);
  await Bun.sleep(200);
  writeFileSync(program, version(2));
  expect(await child.nextLine()).toBe(`2 ${child.pid} true`);
  expect(acquireLock(directory).ok).toBe(false);
});
