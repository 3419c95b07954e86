import { expect, test } from "bun:test";
import type { ActivePolicy } from "../../../src/gateway/active-policy.ts";
import { PolicyRecorder } from "../../../src/workers/record-policy.ts";
import { fakeDeps } from "../../support/deps.ts";

const { active } = fakeDeps();

/** A store that is away for so many tries, and says when one succeeded. */
function awayFor(tries: number) {
  const asked: ActivePolicy[] = [];
  const stored = Promise.withResolvers<void>();
  const store = async (policy: ActivePolicy) => {
    asked.push(policy);
    const ok = asked.length > tries;
    if (ok) stored.resolve();
    return { ok };
  };
  return { asked, store, stored: stored.promise };
}

test("a policy is put on record once", async () => {
  const { asked, store, stored } = awayFor(0);
  const recorder = new PolicyRecorder(store, 1);
  recorder.record(active);
  await stored;
  await recorder.stop();
  expect(asked).toEqual([active]);
});

test("a policy is put on record as soon as the database is there", async () => {
  const { asked, store, stored } = awayFor(3);
  const recorder = new PolicyRecorder(store, 1);
  recorder.record(active);
  await stored;
  expect(asked).toHaveLength(4);
  await recorder.stop();
});

test("a recorder that is stopped does not try again", async () => {
  const { asked, store } = awayFor(Number.POSITIVE_INFINITY);
  const recorder = new PolicyRecorder(store, 60_000);
  recorder.record(active);
  await recorder.stop();
  expect(asked).toHaveLength(1);
});
