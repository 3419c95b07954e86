import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { attemptDefaults } from "../../../support/attempt-defaults.ts";
import {
  type Behaviour,
  CLOUD,
  failsWith,
  inTurn,
  LOCAL,
  settle,
  setUpErrand,
  yields,
} from "../../../support/errands.ts";
import { answer, endOf, fails, text, untilAborted } from "../../../support/fake-provider.ts";

const TWO = [CLOUD, LOCAL] as const;
const RETRYING = { defaults: attemptDefaults(1_000, { retries: 2, deadlineMs: 10_000 }) };
const SHAKY = failsWith("upstream_error", { transient: true });
const answers = () => answer("from openai", "gpt");

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

/** When each call was made, in milliseconds since the first. */
function timed(behaviour: Behaviour) {
  const atMs: number[] = [];
  return {
    since: () => atMs.map((ms) => Math.round(ms - (atMs[0] ?? 0))),
    behaviour: ((call, signal) => {
      atMs.push(performance.now());
      return behaviour(call, signal);
    }) satisfies Behaviour,
  };
}

describe("a zone that the decision forbids", () => {
  const ways = ["attempt", "open"] as const;

  test.each(ways)("is not reached by a target that was planned all the same (%s)", async (way) => {
    const { openai, permits, ...walk } = setUpErrand({ forbiddenZones: ["cloud"] });
    await expect(walk[way]([CLOUD])).rejects.toThrow("forbidden");
    expect(openai.calls).toEqual([]);
    expect(permits).toMatchObject([{ ends: ["left"] }]);
  });

  test.each(ways)("is not reached by a later target either (%s)", async (way) => {
    const { local, openai, ...walk } = setUpErrand({ forbiddenZones: ["cloud"] });
    local.behaves(() => fails("unreachable"));
    await expect(walk[way]([LOCAL, CLOUD])).rejects.toThrow("forbidden");
    expect(openai.calls).toEqual([]);
  });

  test.each(ways)("is the provider's own, whatever the target says (%s)", async (way) => {
    const { local, providers, ...walk } = setUpErrand({ forbiddenZones: ["cloud"] });
    const moved = new Map([...providers, ["local", { ...local.provider, zone: "cloud" }]]);
    await expect(walk[way]([LOCAL], moved)).rejects.toThrow("forbidden");
    expect(local.calls).toEqual([]);
  });

  test("keeps no other zone from being reached", async () => {
    const { attempt, local } = setUpErrand({ forbiddenZones: ["cloud"] });
    expect(await attempt([LOCAL])).toMatchObject({ kind: "answered", target: LOCAL });
    expect(local.calls).toHaveLength(1);
  });
});

test("who is silent for longer than the settings give a request leaves the next target its time", async () => {
  const { attempt, openai, results } = setUpErrand({
    defaults: attemptDefaults(1_000, { deadlineMs: 2_000 }),
    attempts: { timeoutMs: 3_000 },
  });
  openai.behaves(untilAborted);
  expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: LOCAL });
  expect(results()).toEqual([
    ["openai", "timeout"],
    ["local", "answered"],
  ]);
});

test("a stream that has not begun by the deadline fails by that, however long its provider may take", async () => {
  const { open, openai } = setUpErrand({ attempts: { deadlineMs: 300, firstTokenTimeoutMs: 1_000 } });
  openai.behaves(untilAborted);
  const failure = { category: "timeout", message: expect.stringContaining("within the 0.3 s of the request") };
  expect(await settle(open(TWO), jest)).toMatchObject({ kind: "failed", failure });
});

test("a place that comes free only after the deadline is of no use", async () => {
  const { attempt, openai, permits, traffic } = setUpErrand({ attempts: { deadlineMs: 300 } });
  const { of } = traffic;
  traffic.of = (active, id) => ({
    ...of(active, id),
    async enter(...asked) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return of(active, id).enter(...asked);
    },
  });
  expect(await settle(attempt([CLOUD]), jest)).toMatchObject({ kind: "failed", failure: { category: "timeout" } });
  expect(openai.calls).toEqual([]);
  expect(permits).toMatchObject([{ ends: ["left"] }]);
});

describe("two targets", () => {
  test("the second is asked after the first failed, and its answer is the request's", async () => {
    const { attempt, openai, results, passedOver } = setUpErrand();
    openai.behaves(() => fails("model_not_found"));
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL, answer: { content: "from local" } });
    expect(results()).toEqual([
      ["openai", "model_not_found"],
      ["local", "answered"],
    ]);
    expect(passedOver).toMatchObject([
      { target: CLOUD, failure: { category: "model_not_found" }, called: true, again: false, waitMs: 0 },
    ]);
  });

  test("the second is not asked after the first answered", async () => {
    const { attempt, local, permits } = setUpErrand();
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: CLOUD });
    expect(local.calls).toEqual([]);
    expect(permits).toMatchObject([{ provider: "openai", ends: ["answered"] }]);
  });

  test("the last failure is the request's, and nobody is told that it was passed over", async () => {
    const { attempt, local, openai, passedOver } = setUpErrand();
    openai.behaves(() => fails("rate_limited", "first"));
    local.behaves(() => fails("unreachable", "last"));
    expect(await attempt(TWO)).toEqual({
      kind: "failed",
      target: LOCAL,
      failure: { category: "unreachable", message: "last" },
    });
    expect(passedOver.map(({ target }) => target)).toEqual([CLOUD]);
  });

  test("the second is not asked where the rule wants only one", async () => {
    const { attempt, local, openai } = setUpErrand({ attempts: { maxTargets: 1 } });
    openai.behaves(() => fails("unreachable"));
    expect(await attempt(TWO)).toMatchObject({ kind: "failed", target: CLOUD });
    expect(local.calls).toEqual([]);
  });

  test("the second has its own time, however long the first took", async () => {
    const { attempt, local, openai, results } = setUpErrand();
    openai.behaves(untilAborted);
    const given: boolean[] = [];
    local.behaves((_, signal) => {
      given.push(signal.aborted);
      return answer("late", "llama");
    });
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: LOCAL });
    expect([given, results()]).toEqual([
      [false],
      [
        ["openai", "timeout"],
        ["local", "answered"],
      ],
    ]);
  });
});

describe("a failure that may pass", () => {
  test("has the same target asked again after a back-off, and then its answer counts", async () => {
    const { attempt, local, openai, passedOver, results, permits } = setUpErrand(RETRYING);
    const { behaviour, since } = timed(inTurn(SHAKY, SHAKY, answers));
    openai.behaves(behaviour);
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: CLOUD });
    expect(since()).toEqual([0, 250, 750]);
    expect(local.calls).toEqual([]);
    expect(passedOver).toMatchObject([
      { target: CLOUD, failure: { category: "upstream_error" }, called: true, again: true, waitMs: 250 },
      { target: CLOUD, failure: { category: "upstream_error" }, called: true, again: true, waitMs: 500 },
    ]);
    expect(results().map(([, result]) => result)).toEqual(["upstream_error", "upstream_error", "answered"]);
    expect(permits.map(({ ends }) => ends.length)).toEqual([1, 1, 1]);
  });

  test("has the next target asked once the retries are used up", async () => {
    const { attempt, openai } = setUpErrand(RETRYING);
    openai.behaves(SHAKY);
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: LOCAL });
    expect(openai.calls).toHaveLength(3);
  });

  test("has the next target asked at once where the retries of all requests are used up", async () => {
    const { attempt, openai, state } = setUpErrand(RETRYING);
    state.retriesLeft = 1;
    openai.behaves(SHAKY);
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: LOCAL });
    expect(openai.calls).toHaveLength(2);
  });

  test("has as many retries as the rule says", async () => {
    const { attempt, openai } = setUpErrand({ ...RETRYING, attempts: { retries: 0 } });
    openai.behaves(SHAKY);
    expect(await attempt([CLOUD])).toMatchObject({ kind: "failed", failure: { category: "upstream_error" } });
    expect(openai.calls).toHaveLength(1);
  });

  test("keeps no place at the provider while it waits", async () => {
    const { attempt, openai, permits, caller } = setUpErrand(RETRYING);
    openai.behaves(SHAKY);
    const pending = attempt([CLOUD]);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect([permits.length, permits[0]?.ends.length, jest.getTimerCount()]).toEqual([1, 1, 1]);
    caller.abort();
    expect(await pending).toEqual({ kind: "aborted", target: CLOUD });
  });

  test("is passed over to the next target where the process drains", async () => {
    const { attempt, openai, local, drain } = setUpErrand(RETRYING);
    openai.behaves(SHAKY);
    const pending = attempt(TWO);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect(local.calls).toEqual([]);
    drain.abort();
    expect(await pending).toMatchObject({ kind: "answered", target: LOCAL });
    expect(openai.calls).toHaveLength(1);
  });
});

describe("a provider that says when to come back", () => {
  const later = (retryAfterMs: number) => failsWith("rate_limited", { transient: true, retryAfterMs });

  test("is left alone for as long, and then asked again, without a retry of all requests", async () => {
    const { attempt, openai, state } = setUpErrand({ ...RETRYING, chance: () => 0 });
    state.retriesLeft = 0;
    const { behaviour, since } = timed(inTurn(later(3_000), later(4_000), answers));
    openai.behaves(behaviour);
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: CLOUD });
    expect(since()).toEqual([0, 3_000, 7_000]);
  });

  test("is not asked again where that is after the deadline: the next target is, at once", async () => {
    const { attempt, openai } = setUpErrand(RETRYING);
    openai.behaves(later(10_000));
    const startedMs = performance.now();
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: LOCAL });
    expect([openai.calls.length, performance.now() - startedMs]).toEqual([1, 0]);
  });

  test("is passed over without a call by who finds its circuit open", async () => {
    const { attempt, bar, openai, passedOver } = setUpErrand();
    bar("openai", { kind: "circuit_open", retryAfterMs: 5_000 });
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
    expect(openai.calls).toEqual([]);
    expect(passedOver).toMatchObject([
      { target: CLOUD, failure: { category: "circuit_open" }, called: false, again: false },
    ]);
  });

  test("without another target is the request's failure, with the time to come back", async () => {
    const { attempt, openai } = setUpErrand(RETRYING);
    openai.behaves(later(10_000));
    expect(await attempt([CLOUD])).toMatchObject({ failure: { category: "rate_limited", retryAfterMs: 10_000 } });
  });

  test("is waited for longer where it told others to stay away longer", async () => {
    const { attempt, openai, bar, results } = setUpErrand({ ...RETRYING, chance: () => 0 });
    const { behaviour, since } = timed(
      inTurn(() => {
        const asked = { kind: "paused", by: "rate_limited" } as const;
        bar("openai", { ...asked, retryAfterMs: 500 }, { ...asked, retryAfterMs: 250 });
        return later(1_000)();
      }, answers),
    );
    openai.behaves(behaviour);
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: CLOUD });
    expect(since()).toEqual([0, 1_750]);
    expect(results()).toEqual([
      ["openai", "rate_limited"],
      ["openai", "answered"],
    ]);
  });
});

describe("a target that nothing may be sent to", () => {
  const SHUT = { kind: "circuit_open", retryAfterMs: 4_000.2 } as const;
  const FULL = { kind: "busy", retryAfterMs: 1_000 } as const;
  const PAUSED = { kind: "paused", by: "rate_limited", retryAfterMs: 2_000 } as const;

  test.each([
    [SHUT, "circuit_open"],
    [FULL, "busy"],
    [PAUSED, "paused"],
    [{ ...PAUSED, by: "upstream_error" }, "paused"],
  ] as const)("(%j) is passed over, on record as %s and no call", async (barred, result) => {
    const { attempt, bar, openai, results, journal } = setUpErrand();
    bar("openai", barred);
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
    expect(openai.calls).toEqual([]);
    expect(results()).toEqual([
      ["openai", result],
      ["local", "answered"],
    ]);
    expect(journal.sentCount).toBe(1);
  });

  test("does not count among the targets that a rule lets be tried", async () => {
    const { attempt, bar } = setUpErrand({ attempts: { maxTargets: 1 } });
    bar("openai", SHUT);
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
  });

  test("is the request's failure where there is no other, with the shortest time to come back", async () => {
    const { attempt, bar } = setUpErrand();
    bar("openai", SHUT);
    bar("local", FULL);
    expect(await attempt(TWO)).toEqual({
      kind: "failed",
      target: LOCAL,
      failure: { category: "busy", message: expect.any(String), retryAfterMs: 1_000, toldAs: "busy" },
    });
    bar("openai", SHUT);
    expect(await attempt([CLOUD])).toMatchObject({ failure: { category: "circuit_open", retryAfterMs: 4_001 } });
  });

  test("is not the request's failure where another one really failed", async () => {
    const { attempt, bar, openai } = setUpErrand();
    openai.behaves(() => fails("unreachable"));
    bar("local", SHUT);
    expect(await attempt(TWO)).toMatchObject({ target: CLOUD, failure: { category: "unreachable" } });
  });

  test("since it asked for peace is waited for where there is no other", async () => {
    const { attempt, bar, openai, results, passedOver } = setUpErrand();
    bar("openai", PAUSED);
    const startedMs = performance.now();
    expect(await settle(attempt([CLOUD]), jest)).toMatchObject({ kind: "answered", target: CLOUD });
    expect(performance.now() - startedMs).toBe(2_000);
    expect([openai.calls.length, results()]).toEqual([1, [["openai", "answered"]]]);
    expect(passedOver).toEqual([]);
  });

  test("since it asked for peace is come back to where the others fail", async () => {
    const { attempt, bar, local } = setUpErrand();
    bar("openai", PAUSED);
    local.behaves(() => fails("unreachable"));
    expect(await settle(attempt(TWO), jest)).toMatchObject({ kind: "answered", target: CLOUD });
  });

  test("since it asked others for peace is not come back to by who has called it already", async () => {
    const { attempt, bar, openai, local } = setUpErrand(RETRYING);
    openai.behaves(
      inTurn(() => {
        bar("openai", PAUSED);
        return SHAKY();
      }, answers),
    );
    local.behaves(() => fails("bad_request"));
    expect(await settle(attempt(TWO), jest)).toMatchObject({ target: LOCAL, failure: { category: "bad_request" } });
    expect(openai.calls).toHaveLength(1);
  });

  test.each([
    ["rate_limited", "rate_limited"],
    ["upstream_error", "paused"],
  ] as const)(
    "until after the deadline since it failed as %s is told as %s, and not waited for",
    async (by, toldAs) => {
      const { attempt, bar, openai, results } = setUpErrand({
        defaults: attemptDefaults(1_000, { deadlineMs: 2_000 }),
      });
      bar("openai", { ...PAUSED, by });
      expect(await attempt([CLOUD])).toMatchObject({ failure: { category: "paused", toldAs, retryAfterMs: 2_000 } });
      expect(openai.calls).toEqual([]);
      expect(results()).toEqual([["openai", "paused"]]);
    },
  );

  test("is not waited for by a process that drains, or for a caller that leaves", async () => {
    for (const who of ["drain", "caller"] as const) {
      const { attempt, bar, openai, results, ...controllers } = setUpErrand();
      bar("openai", PAUSED);
      const pending = attempt([CLOUD]);
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      controllers[who].abort();
      const kind = who === "drain" ? "failed" : "aborted";
      expect(await pending).toMatchObject({ kind, target: CLOUD });
      expect(openai.calls).toEqual([]);
      expect(results()).toEqual([["openai", "paused"]]);
    }
  });

  test("in time, or before its caller left, has its turn on record, and got nothing", async () => {
    for (const how of ["deadline", "caller"] as const) {
      const { attempt, caller, openai, journal, state, permits } = setUpErrand({
        defaults: attemptDefaults(1_000, { deadlineMs: 300 }),
      });
      const entered = Promise.withResolvers<void>();
      state.line = entered.promise;
      const pending = attempt(TWO);
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      if (how === "caller") caller.abort();
      else jest.advanceTimersByTime(300);
      entered.resolve();
      expect(await pending).toMatchObject(
        how === "caller" ? { kind: "aborted", target: CLOUD } : { target: CLOUD, failure: { category: "timeout" } },
      );
      expect([openai.calls, journal.sentCount]).toEqual([[], 0]);
      const durationMs = how === "caller" ? 0 : 300;
      const result = how === "caller" ? "left" : "timeout";
      expect(journal.attempts).toEqual([{ provider: "openai", model: "gpt", result, sent: false, durationMs }]);
      for (const { ends } of permits) expect(ends).toEqual(["left"]);
    }
  });

  test("may be waited for in line for some seconds, but not beyond the deadline", async () => {
    const { attempt, waits } = setUpErrand({ defaults: attemptDefaults(1_000, { deadlineMs: 60_000 }) });
    await attempt([CLOUD]);
    const short = setUpErrand({ defaults: attemptDefaults(1_000, { deadlineMs: 300 }) });
    await short.attempt([CLOUD]);
    expect([waits, short.waits]).toEqual([[5_000], [300]]);
  });
});

describe("a target that does not get the request, as its key is not set", () => {
  test("is on record, and does not count as a call", async () => {
    const { attempt, openai, journal } = setUpErrand();
    openai.sendsNothing();
    openai.behaves(() => fails("authentication"));
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
    expect(journal.attempts).toMatchObject([
      { provider: "openai", result: "authentication", sent: false },
      { provider: "local", result: "answered", sent: true },
    ]);
    expect(journal.sentCount).toBe(1);
  });

  test("counts among the targets that a rule lets be tried, as one that is down does", async () => {
    const { attempt, openai } = setUpErrand({ attempts: { maxTargets: 1 } });
    openai.sendsNothing();
    openai.behaves(() => fails("unreachable"));
    expect(await attempt(TWO)).toMatchObject({ target: CLOUD, failure: { category: "unreachable" } });
  });

  test("is the request's failure only where nobody got it", async () => {
    const { attempt, openai, local } = setUpErrand();
    local.sendsNothing();
    local.behaves(() => fails("not_local"));
    openai.behaves(() => fails("bad_request"));
    expect(await attempt(TWO)).toMatchObject({ target: CLOUD, failure: { category: "bad_request" } });
    openai.sendsNothing();
    expect(await attempt(TWO)).toMatchObject({ target: LOCAL, failure: { category: "not_local" } });
  });
});

describe("a prompt that is too long for a model", () => {
  const tooLong = () => fails("context_length", "too long");

  test.each([
    ["larger", { gpt: 8_000, llama: 16_000 }, true],
    ["as large", { gpt: 8_000, llama: 8_000 }, false],
    ["smaller", { gpt: 8_000, llama: 4_000 }, false],
    ["unknown", { gpt: 8_000 }, false],
    ["known, where the first one's is not,", { llama: 4_000 }, true],
    ["unknown like the first one's", { gpt: null, llama: null }, false],
  ] as const)("goes on to one whose context is %s only if that helps", async (_what, context, goesOn) => {
    const { attempt, openai, local } = setUpErrand({ ...RETRYING, context });
    openai.behaves(tooLong);
    const attempted = await attempt(TWO);
    expect(attempted).toMatchObject(
      goesOn ? { kind: "answered", target: LOCAL } : { target: CLOUD, failure: { category: "context_length" } },
    );
    expect([openai.calls.length, local.calls.length]).toEqual([1, goesOn ? 1 : 0]);
  });
});

test("a refusal by a content filter is passed on, and nobody else is asked", async () => {
  const { attempt, openai, local } = setUpErrand(RETRYING);
  openai.behaves(failsWith("content_filter", { transient: true }));
  expect(await attempt(TWO)).toMatchObject({ kind: "failed", target: CLOUD, failure: { category: "content_filter" } });
  expect([openai.calls.length, local.calls.length]).toEqual([1, 0]);
});

test("refused credentials are not shown again, and the next target is asked", async () => {
  const { attempt, openai, permits } = setUpErrand(RETRYING);
  openai.behaves(() => fails("authentication"));
  expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
  expect(openai.calls).toHaveLength(1);
  expect(permits[0]?.ends).toMatchObject([{ category: "authentication" }]);
});

describe("a caller that leaves", () => {
  test.each(["attempt", "open"] as const)(
    "ends the upstream call at once (%s), and nobody else is asked",
    async (way) => {
      const { caller, local, openai, permits, results, ...walk } = setUpErrand(RETRYING);
      const called = Promise.withResolvers<AbortSignal>();
      openai.behaves((call, signal) => {
        called.resolve(signal);
        return untilAborted(call, signal);
      });
      const pending = walk[way](TWO);
      const upstream = await called.promise;
      expect(upstream.aborted).toBe(false);
      caller.abort();
      expect(upstream.aborted).toBe(true);
      expect(await pending).toEqual({ kind: "aborted", target: CLOUD });
      expect([local.calls, permits.length]).toEqual([[], 1]);
      expect([permits[0]?.ends, results()]).toEqual([["left"], [["openai", "left"]]]);
    },
  );

  test("is not reported as a failure of the provider", async () => {
    const { attempt, caller, openai, permits } = setUpErrand(RETRYING);
    openai.behaves(() => {
      caller.abort();
      return fails("upstream_error");
    });
    expect(await attempt(TWO)).toEqual({ kind: "aborted", target: CLOUD });
    expect(permits[0]?.ends).toEqual(["left"]);
  });

  test.each(["attempt", "open"] as const)("before the first call (%s) has nobody asked", async (way) => {
    const { caller, local, openai, journal, ...walk } = setUpErrand();
    caller.abort();
    expect(await walk[way](TWO)).toEqual({ kind: "aborted", target: CLOUD });
    expect([openai.calls, local.calls, journal.attempts]).toEqual([[], [], []]);
  });
});

describe("a provider", () => {
  test("that takes too long is cut and has timed out, whatever it says of that itself, and is not asked again", async () => {
    const { attempt, openai, permits } = setUpErrand(RETRYING);
    openai.behaves(untilAborted);
    expect(await settle(attempt([CLOUD]), jest)).toEqual({
      kind: "failed",
      target: CLOUD,
      failure: { category: "timeout", message: "The provider did not answer within 1 s (PROVIDER_TIMEOUT_SECONDS)." },
    });
    expect([openai.calls.length, permits[0]?.ends]).toMatchObject([1, [{ category: "timeout" }]]);
  });

  test("is told how long a connection may take", async () => {
    const { attempt, openai, providers } = setUpErrand({ attempts: { connectTimeoutMs: 77 } });
    const limits: unknown[] = [];
    const listening = {
      ...openai.provider,
      answer: (...[target, request, signal, given]: Parameters<typeof openai.provider.answer>) => {
        limits.push(given);
        return openai.provider.answer(target, request, signal);
      },
    };
    await attempt([CLOUD], new Map([...providers, ["openai", listening]]));
    expect(limits).toEqual([{ connectTimeoutMs: 77, onSend: expect.any(Function) }]);
  });

  test.each([
    ["nothing", []],
    ["text and no end", [text("half of")]],
  ] as const)("that yields %s was cut, and is asked again", async (_name, chunks) => {
    const { attempt, openai } = setUpErrand(RETRYING);
    openai.behaves(inTurn(yields(...chunks), yields(text("all"), endOf("gpt"))));
    const result = await settle(attempt([CLOUD]), jest);
    expect(result).toMatchObject({ kind: "answered", answer: { content: "all" } });
    expect(JSON.stringify(result)).not.toContain("half of");
  });

  test("that has a bug ends the walk, and its place is free again", async () => {
    const { attempt, openai, permits, results } = setUpErrand(RETRYING);
    openai.behaves(() => {
      throw new Error("bug");
    });
    await expect(attempt(TWO)).rejects.toThrow("bug");
    expect([permits[0]?.ends, results()]).toEqual([["left"], [["openai", "left"]]]);
  });
});

describe("the deadline", () => {
  const tight = (deadlineMs: number) => ({ defaults: attemptDefaults(1_000, { retries: 2, deadlineMs }) });

  test("ends a call, and nobody is asked after it", async () => {
    const { attempt, openai, local, permits } = setUpErrand(tight(600));
    openai.behaves(untilAborted);
    expect(await settle(attempt(TWO), jest)).toEqual({
      kind: "failed",
      target: CLOUD,
      failure: {
        category: "timeout",
        message: "No provider answered within the 0.6 s of the request (PROVIDER_DEADLINE_SECONDS).",
      },
    });
    expect(local.calls).toEqual([]);
    expect(permits[0]?.ends).toMatchObject([{ category: "timeout" }]);
  });

  test("is not held against a provider that had little of it", async () => {
    const { attempt, openai, local, permits, results } = setUpErrand(tight(1_500));
    openai.behaves(untilAborted);
    local.behaves(untilAborted);
    await settle(attempt(TWO), jest);
    expect(permits.map(({ ends }) => ends)).toMatchObject([[{ category: "timeout" }], ["left"]]);
    expect(results()).toEqual([
      ["openai", "timeout"],
      ["local", "timeout"],
    ]);
  });

  test("goes before a retry that would come after it", async () => {
    const { attempt, openai, local } = setUpErrand(tight(200));
    openai.behaves(SHAKY);
    expect(await attempt(TWO)).toMatchObject({ kind: "answered", target: LOCAL });
    expect([openai.calls.length, local.calls.length]).toEqual([1, 1]);
  });
});
