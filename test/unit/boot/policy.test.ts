import { expect, test } from "bun:test";
import { recordPolicy } from "../../../src/boot/policy.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { err, ok } from "../../../src/core/result.ts";
import { activeOf } from "../../support/deps.ts";
import { documentOf } from "../../support/policy.ts";

const active = activeOf({ ...documentOf(), name: "ours", version: 4 }, new Map());

/** The part of a store that keeps policies; null is one that cannot be reached. */
function storeWith(newest: number | null) {
  const activated: JsonObject[] = [];
  const policies = {
    activate: async (stored: JsonObject) => {
      activated.push(stored);
      return ok(undefined);
    },
    newestVersion: async () =>
      newest === null
        ? err({ message: "away", code: null, table: null })
        : ok({ version: newest, hash: `sha256:${"0".repeat(64)}` }),
    find: async () => ok(null),
  };
  return { policies, activated };
}

test.each([
  ["is put on record where it is the newest", 3, false, true, []],
  ["is, and told of, where a newer one was in force while nobody could say", 5, false, true, ["from 5 back to 4"]],
  ["is put on record where going back is forced", 5, true, true, []],
  ["is tried again later while the database is away", null, false, false, []],
])("a policy %s", async (_, newest, allowDowngrade, stored, told) => {
  const store = storeWith(newest);
  const messages: string[] = [];
  const recorded = await recordPolicy(store, active, { allowDowngrade }, (message) => messages.push(message));
  expect([recorded.ok, store.activated.length]).toEqual([stored, stored ? 1 : 0]);
  expect(messages).toEqual(told.map((part) => expect.stringContaining(part)));
});
