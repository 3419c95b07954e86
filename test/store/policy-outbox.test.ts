import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OutboxPolicy, openPolicyOutbox } from "../../src/store/policy-outbox.ts";

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "policy-mesh-outbox-")), "policies");
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

const policy = (digit: string): OutboxPolicy => ({
  meta: { hash: `sha256:${digit.repeat(64)}`, name: "ours", version: 3 },
  stored: { name: "ours", version: 3, signals: { keep: { keywords: { count: 1, sha256: "0".repeat(64) } } } },
  loadedAt: new Date("2026-11-22T10:00:00.000Z"),
});

test("a policy that was put there is found by the next process, until it is removed", () => {
  openPolicyOutbox(directory).put(policy("1"));
  openPolicyOutbox(directory).put(policy("2"));
  const next = openPolicyOutbox(directory);
  expect(next.leftovers().toSorted((one, other) => (one.meta.hash < other.meta.hash ? -1 : 1))).toEqual([
    policy("1"),
    policy("2"),
  ]);
  next.remove(policy("1").meta.hash);
  expect(next.leftovers()).toEqual([policy("2")]);
});

test("there is nothing where nothing was put, and to remove it again is no fault", () => {
  const outbox = openPolicyOutbox(directory);
  expect(outbox.leftovers()).toEqual([]);
  outbox.remove(policy("1").meta.hash);
});

test.each([
  "",
  "{",
  "[]",
  '{"meta":{"hash":"sha256:1","name":"ours"},"stored":{},"loadedAt":"2026-11-22T10:00:00.000Z"}',
])("a file that holds %p is none", (text) => {
  const outbox = openPolicyOutbox(directory);
  outbox.put(policy("1"));
  writeFileSync(join(directory, `${"2".repeat(64)}.json`), text);
  writeFileSync(join(directory, `${"3".repeat(64)}.json.partial`), text);
  expect(outbox.leftovers()).toEqual([policy("1")]);
  expect(readdirSync(directory)).toHaveLength(3);
});
