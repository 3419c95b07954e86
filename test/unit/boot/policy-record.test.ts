import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepOnRecord } from "../../../src/boot/policy-record.ts";
import { ok } from "../../../src/core/result.ts";
import { openPolicyOutbox } from "../../../src/store/policy-outbox.ts";
import { fakeDeps } from "../../support/deps.ts";
import { until } from "../../support/until.ts";

const { active } = fakeDeps();

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "policy-mesh-record-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A database that takes every policy, and keeps it over a power failure or not. */
function storeThatFlushes(isDurable: boolean) {
  const flushes = { count: 0 };
  const store = {
    policies: { activate: async () => ok(undefined), newestVersion: async () => ok(null), find: async () => ok(null) },
    async flush() {
      flushes.count++;
      return isDurable;
    },
  };
  return { store, flushes };
}

const leftovers = () => openPolicyOutbox(join(dataDir, "policies")).leftovers();

test.each([
  [true, 0],
  [false, 1],
])("a policy stays in its file until the database has it on stable storage: %p", async (isDurable, left) => {
  const first = storeThatFlushes(isDurable);
  const recorder = keepOnRecord(dataDir, first.store, { allowDowngrade: false }, () => {});
  recorder.record(active);
  await until(() => first.flushes.count === 1, "it is in the database");
  await recorder.stop();
  expect(leftovers()).toHaveLength(left);

  const next = storeThatFlushes(isDurable);
  const again = keepOnRecord(dataDir, next.store, { allowDowngrade: false }, () => {});
  await until(() => next.flushes.count === left, "what was left is in the database");
  await again.stop();
  expect(leftovers()).toHaveLength(left);
});
