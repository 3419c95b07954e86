import { describe, expect, test } from "bun:test";
import { ok } from "../../../src/core/result.ts";
import type { Deps } from "../../../src/gateway/deps.ts";
import { admit, answerWhole } from "../../../src/gateway/handle-chat.ts";
import { Unsettled } from "../../../src/gateway/unsettled.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";

const LONG_MS = 60_000;

async function setUp() {
  const fakes = fakeDeps();
  const unsettled = new Unsettled();
  const deps: Deps = { ...fakes.deps, audit: unsettled.watch(fakes.audit.store) };
  const admitOne = async () => {
    const call = { requestId: Bun.randomUUIDv7(), signal: new AbortController().signal, caller: "a", labels: {} };
    const admitted = await admit(deps, chatRequest("hello"), call);
    if (admitted.kind !== "admitted") throw new Error("refused too early");
    return () => answerWhole(deps, admitted, ok);
  };
  const isDone = async () => {
    const waiting = unsettled.none(LONG_MS).then(() => true);
    return await Promise.race([waiting, Bun.sleep(30).then(() => false)]);
  };
  return { ...fakes, deps, unsettled, admitOne, isDone };
}

describe("requests without their outcome", () => {
  test("are none at first", async () => {
    const { isDone } = await setUp();
    expect(await isDone()).toBe(true);
  });

  test("are waited for until each has its own", async () => {
    const { admitOne, isDone, audit } = await setUp();
    const [first, second] = [await admitOne(), await admitOne()];
    expect(await isDone()).toBe(false);
    await first();
    expect(await isDone()).toBe(false);
    await second();
    expect(await isDone()).toBe(true);
    expect(audit.outcomes.size).toBe(2);
  });

  test("are not waited for where the outcome could not be written", async () => {
    const { admitOne, isDone, audit } = await setUp();
    const settle = await admitOne();
    audit.failing.outcome = true;
    await settle();
    expect(await isDone()).toBe(true);
  });

  test("are not waited for where the intent was not written", async () => {
    const { admitOne, isDone, audit } = await setUp();
    audit.failing.intent = true;
    await expect(admitOne()).rejects.toThrow("refused");
    expect(await isDone()).toBe(true);
  });

  test("are waited for no longer than told", async () => {
    const { admitOne, unsettled } = await setUp();
    await admitOne();
    expect(await unsettled.none(1)).toBeUndefined();
  });
});
