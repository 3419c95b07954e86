import { describe, expect, test } from "bun:test";
import { admit } from "../../../src/gateway/handle-chat.ts";
import { scanInTurns } from "../../../src/gateway/scan-in-turns.ts";
import { Turns } from "../../../src/gateway/turns.ts";
import { scan } from "../../../src/scan/scan.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";

const call = () => ({ requestId: Bun.randomUUIDv7(), signal: new AbortController().signal, caller: "a", labels: {} });
const mail = ["jane.roe", "mail.example.org"].join("@");
/** A megabyte of words, with something to find at its end. */
const LONG = chatRequest(`${"The tides of the Atlantic differ from port to port. ".repeat(20_000)}${mail}`);

/** Dependencies whose clock advances at each look, so that every step takes so long, and which count their pauses. */
function timed(msEachLook: number) {
  let nowMs = 0;
  let pauses = 0;
  const { deps } = fakeDeps({
    monotonicMs: () => {
      nowMs += msEachLook;
      return nowMs;
    },
    turns: new Turns(async () => {
      pauses++;
    }),
  });
  return { deps, pauses: () => pauses };
}

const never = () => false;

describe("scanInTurns", () => {
  test("finds what a scan at once finds", async () => {
    const { deps } = timed(100);
    expect(await scanInTurns(deps, deps.active().scan, LONG, never)).toEqual(scan(LONG, deps.active().scan));
    expect((await scanInTurns(deps, deps.active().scan, LONG, never))?.map(({ code }) => code)).toContain("pii.email");
  });

  test("gives others a turn after each step that took long, and none while steps are short", async () => {
    const long = timed(100);
    await scanInTurns(long.deps, long.deps.active().scan, LONG, never);
    expect(long.pauses()).toBeGreaterThan(5);
    const short = timed(0);
    await scanInTurns(short.deps, short.deps.active().scan, LONG, never);
    expect(short.pauses()).toBe(0);
  });

  test("counts the time since the last turn, not since the begin", async () => {
    const every = timed(8);
    await scanInTurns(every.deps, every.deps.active().scan, LONG, never);
    const everyFourth = timed(2);
    await scanInTurns(everyFourth.deps, everyFourth.deps.active().scan, LONG, never);
    expect(everyFourth.pauses()).toBeGreaterThan(0);
    expect(everyFourth.pauses()).toBeLessThan(every.pauses() / 2);
  });

  test("lets no time pass for a short request", async () => {
    const { deps, pauses } = timed(0.01);
    await scanInTurns(deps, deps.active().scan, chatRequest("hello"), never);
    expect(pauses()).toBe(0);
  });
});

describe("admit", () => {
  test("admits a short request while a long one is being scanned", async () => {
    const { deps, audit } = fakeDeps({ monotonicMs: tickingClock() });
    const [long, short] = [call(), call()];
    const both = [admit(deps, LONG, long), admit(deps, chatRequest("hello"), short)];
    await Promise.all(both);
    expect([...audit.intents.keys()]).toEqual([short.requestId, long.requestId]);
  });

  test("gives up a scan whose caller leaves meanwhile; nothing was decided, so there is no row", async () => {
    const { deps, audit, openai } = fakeDeps({ monotonicMs: tickingClock() });
    const caller = new AbortController();
    const admitting = admit(deps, LONG, { requestId: "left", signal: caller.signal, caller: "a", labels: {} });
    caller.abort();
    expect(await admitting).toMatchObject({ kind: "abandoned", error: { code: "request.aborted" } });
    expect(audit.intents.size).toBe(0);
    expect(openai.calls).toEqual([]);
  });

  test("gives up a scan when the process cannot wait any longer", async () => {
    const { deps, audit } = fakeDeps({ monotonicMs: tickingClock() });
    const admitting = admit(deps, LONG, call());
    deps.inFlight.cutAll();
    expect(await admitting).toMatchObject({ kind: "abandoned", error: { code: "gateway.stopping" } });
    expect(audit.intents.size).toBe(0);
  });
});

/** A clock of a slow machine, so that the test does not depend on how fast this one is. */
function tickingClock(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 5;
    return nowMs;
  };
}
