import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DEFAULT_BREAKER } from "../../../../src/core/attempts.ts";
import { FAILURE_CATEGORIES, type FailureCategory, type ProviderFailure } from "../../../../src/core/chat.ts";
import type { Barred, Permit } from "../../../../src/gateway/traffic/contract.ts";
import { createProviderTraffic } from "../../../../src/gateway/traffic/provider-traffic.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

const NEVER = new AbortController().signal;

const failure = (category: FailureCategory, more: Partial<ProviderFailure> = {}): ProviderFailure => ({
  category,
  message: "It failed.",
  ...more,
});

function watchedTraffic(maxConcurrency = 10) {
  const clock = fakeClock();
  const changes: string[] = [];
  const traffic = createProviderTraffic(
    { breaker: DEFAULT_BREAKER, maxConcurrency },
    {
      monotonicMs: clock.monotonicMs,
      after: clock.after,
      onCircuitChanged: (model, state, category) => changes.push(`${model} ${state} ${category}`),
      onPaused: () => {},
    },
  );
  const enter = (model = "m", caller = "a", waitMs = 1_000) => traffic.enter(model, caller, waitMs, NEVER);
  const permit = async (model = "m"): Promise<Permit> => permitted(await enter(model));
  const call = async (how: Parameters<Permit["end"]>[0], model = "m") => (await permit(model)).end(how);
  const fail = async (times: number, model = "m") => {
    for (let done = 0; done < times; done += 1) await call(failure("upstream_error"), model);
  };
  return { clock, changes, traffic, enter, permit, call, fail };
}

function permitted(entered: Permit | Barred): Permit {
  if (entered.kind !== "permit") throw new Error(`barred: ${entered.kind}`);
  return entered;
}

function pauseMsOf(entered: Permit | Barred): number {
  if (entered.kind !== "paused") throw new Error(`not paused: ${entered.kind}`);
  return entered.retryAfterMs;
}

describe("a model that fails", () => {
  test("is barred, and the provider's other models are not", async () => {
    const { changes, enter, fail, traffic } = watchedTraffic();
    await fail(5);
    expect(await enter()).toEqual({ kind: "circuit_open", retryAfterMs: 5_000 });
    expect((await enter("other")).kind).toBe("permit");
    expect(changes).toEqual(["m open upstream_error"]);
    expect(traffic.status().circuits).toEqual([
      { model: "m", state: "open", callCount: 5, failureCount: 5, opensAgainInMs: 5_000 },
    ]);
  });

  test("is tried by one call, which closes its circuit when it begins to be answered", async () => {
    const { changes, clock, enter, fail, permit } = watchedTraffic();
    await fail(5);
    clock.advance(5_000);
    const trial = await permit();
    expect((await enter()).kind).toBe("circuit_open");
    trial.began();
    expect((await enter()).kind).toBe("permit");
    expect(changes).toEqual(["m open upstream_error", "m half_open null", "m closed null"]);
  });

  test("is tried by another call where the first was left", async () => {
    const { clock, enter, fail, permit } = watchedTraffic();
    await fail(5);
    clock.advance(5_000);
    (await permit()).end("left");
    expect((await enter()).kind).toBe("permit");
  });
});

test("a provider that was not even asked is as well as before, whatever the failure", async () => {
  const { changes, call, enter, fail, clock, permit } = watchedTraffic();
  for (let asked = 0; asked < 10; asked++) await call(failure("authentication", { unasked: true }));
  expect((await enter()).kind).toBe("permit");
  await fail(5);
  clock.advance(5_000);
  (await permit()).end(failure("remote_model", { unasked: true }));
  expect(changes).toEqual(["m open upstream_error", "m half_open null"]);
});

test.each([
  ["timeout", "circuit_open"],
  ["unreachable", "circuit_open"],
  ["upstream_error", "circuit_open"],
  ["malformed_response", "circuit_open"],
  ["rate_limited", "circuit_open"],
  ["authentication", "circuit_open"],
  ["bad_request", "permit"],
  ["content_filter", "permit"],
  ["context_length", "permit"],
  ["model_not_found", "permit"],
  ["remote_model", "permit"],
  ["not_local", "permit"],
  ["circuit_open", "permit"],
  ["paused", "permit"],
  ["busy", "permit"],
] as const satisfies readonly (readonly [FailureCategory, string])[])(
  "after ten failures for %s, the next call finds: %s",
  async (category, kind) => {
    const { enter } = watchedTraffic(100);
    const permits = await Promise.all(Array.from({ length: 10 }, () => enter()));
    for (const one of permits) permitted(one).end(failure(category));
    expect((await enter()).kind).toBe(kind);
  },
);

test("a caller's own mistakes outweigh failures, as answers do", async () => {
  const { call, enter, fail } = watchedTraffic();
  for (let done = 0; done < 6; done += 1) await call(failure("bad_request"));
  await fail(5);
  expect((await enter()).kind).toBe("permit");
  await fail(1);
  expect((await enter()).kind).toBe("circuit_open");
});

test("requests that a provider does not take close it to nobody, and keep nobody from trying", async () => {
  const { call, clock, enter, fail } = watchedTraffic();
  for (let done = 0; done < 20; done += 1) await call(failure("upstream_error", { ofRequest: true }));
  expect((await enter()).kind).toBe("permit");
  await fail(5);
  expect((await enter()).kind).toBe("circuit_open");
  clock.advance(5_000);
  await call(failure("upstream_error", { ofRequest: true }));
  await call("answered");
  expect((await enter()).kind).toBe("permit");
});

describe("refused credentials", () => {
  test("bar all models of the provider at once", async () => {
    const { call, changes, enter, traffic } = watchedTraffic();
    await call(failure("authentication"));
    expect(await enter("other")).toEqual({ kind: "circuit_open", retryAfterMs: 5_000 });
    expect(changes).toEqual(["null open authentication"]);
    expect(traffic.status().circuits).toEqual([
      { model: null, state: "open", callCount: 1, failureCount: 1, opensAgainInMs: 5_000 },
    ]);
  });

  test("are tried again by one call of any model", async () => {
    const { call, clock, enter, permit } = watchedTraffic();
    await call(failure("authentication"));
    clock.advance(5_000);
    const trial = await permit("one");
    expect((await enter("other")).kind).toBe("circuit_open");
    trial.end(failure("authentication"));
    expect(await enter("other")).toEqual({ kind: "circuit_open", retryAfterMs: 10_000 });
    clock.advance(10_000);
    await call(failure("context_length"), "other");
    expect((await enter("one")).kind).toBe("permit");
  });

  test("are found good as soon as a call begins to be answered", async () => {
    const { call, clock, enter, permit } = watchedTraffic();
    await call(failure("authentication"));
    clock.advance(5_000);
    (await permit()).began();
    expect((await enter("other")).kind).toBe("permit");
  });

  test.each([failure("unreachable"), failure("rate_limited", { retryAfterMs: 60_000 })])(
    "are not found good by a call that failed otherwise, nor bad: the next call may try (%j)",
    async (otherwise) => {
      const { call, changes, clock, enter, permit } = watchedTraffic();
      await call(failure("authentication"));
      clock.advance(5_000);
      await call(otherwise, "one");
      expect(changes).toEqual(["null open authentication", "null half_open null"]);
      const trial = await permit("other");
      expect((await enter("third")).kind).toBe("circuit_open");
      trial.end("answered");
      expect((await enter("third")).kind).toBe("permit");
    },
  );
});

describe("a provider that says when to come back", () => {
  test("is left alone by everybody until then, for that model", async () => {
    const { call, clock, enter, traffic } = watchedTraffic();
    await call(failure("rate_limited", { retryAfterMs: 7_000 }));
    expect(await enter()).toEqual({ kind: "paused", by: "rate_limited", retryAfterMs: 7_000 });
    expect((await enter("other")).kind).toBe("permit");
    clock.advance(6_999.5);
    expect((await enter()).kind).toBe("paused");
    // No circuit is open, and operators want to know all the same why nobody asks it.
    expect(traffic.status()).toMatchObject({ circuits: [], pauses: [{ model: "m", leftMs: 0.5 }] });
    clock.advance(0.5);
    expect((await enter()).kind).toBe("permit");
    expect(traffic.status().pauses).toEqual([]);
  });

  test("gets those back who wait for it one after another, within a second, and none too early", async () => {
    const { call, clock, enter } = watchedTraffic();
    await call(failure("rate_limited", { retryAfterMs: 7_000 }));
    clock.advance(999.5);
    const told = await Promise.all(Array.from({ length: 200 }, () => enter()));
    const waits = told.map(pauseMsOf);
    expect(waits.slice(0, 3)).toEqual([6_001, 6_021, 6_041]);
    expect(waits.every((waitMs) => waitMs >= 6_001 && waitMs < 7_001)).toBe(true);
    expect(new Set(waits).size).toBe(50);
  });

  test("for a moment only, gets them back within another", async () => {
    const { call, enter } = watchedTraffic();
    await call(failure("rate_limited", { retryAfterMs: 30 }));
    const told = [await enter(), await enter(), await enter()];
    expect(told).toEqual([30, 50, 40].map((retryAfterMs) => ({ kind: "paused", by: "rate_limited", retryAfterMs })));
  });

  test("is held to its longest word, whatever calls that were under way bring", async () => {
    const { call, enter, permit } = watchedTraffic();
    const others = [await permit(), await permit()];
    await call(failure("upstream_error", { retryAfterMs: 7_000 }));
    others[0]?.end(failure("rate_limited", { retryAfterMs: 1_000 }));
    others[1]?.end("answered");
    expect(await enter()).toEqual({ kind: "paused", by: "upstream_error", retryAfterMs: 7_000 });
  });

  test("is shown, with what it had failed with and until when", async () => {
    const { call, clock, traffic } = watchedTraffic();
    await call(failure("upstream_error", { retryAfterMs: 7_000 }), "n");
    await call(failure("rate_limited", { retryAfterMs: 5_000 }));
    clock.advance(4_000);
    expect(traffic.status().pauses).toEqual([
      { model: "m", by: "rate_limited", leftMs: 1_000 },
      { model: "n", by: "upstream_error", leftMs: 3_000 },
    ]);
    clock.advance(1_000);
    expect(traffic.status().pauses).toEqual([{ model: "n", by: "upstream_error", leftMs: 2_000 }]);
  });

  test("does not count as broken, however often", async () => {
    const { call, clock, traffic } = watchedTraffic();
    for (let times = 0; times < 20; times += 1) {
      await call(failure("rate_limited", { retryAfterMs: 10 }));
      clock.advance(10);
    }
    expect(traffic.status().circuits).toEqual([]);
  });

  test("is not asked earlier because its circuit lets a call try", async () => {
    const { call, clock, enter, fail } = watchedTraffic();
    await fail(4);
    await call(failure("upstream_error", { retryAfterMs: 9_000 }));
    expect(await enter()).toEqual({ kind: "circuit_open", retryAfterMs: 9_000 });
    clock.advance(5_000);
    expect((await enter()).kind).toBe("paused");
    clock.advance(3_999);
    expect((await enter()).kind).toBe("paused");
    clock.advance(1);
    expect((await enter()).kind).toBe("permit");
  });
});

describe("the places of a provider", () => {
  test("are as many as the policy says; who waits too long finds it busy", async () => {
    const { clock, enter, permit, traffic } = watchedTraffic(2);
    await permit("one");
    await permit("other");
    const waiting = enter("one");
    expect(traffic.status()).toMatchObject({ inFlightCount: 2, queuedCount: 1, maxConcurrency: 2 });
    clock.advance(1_000);
    expect(await waiting).toEqual({ kind: "busy", retryAfterMs: 1_000 });
    expect(await enter("one", "a", 0)).toEqual({ kind: "busy", retryAfterMs: 1_000 });
  });

  test("come free at the end of a call, once", async () => {
    const { enter, permit, traffic } = watchedTraffic(1);
    const first = await permit();
    const second = enter();
    first.end("answered");
    first.end("answered");
    first.end(failure("timeout"));
    permitted(await second);
    expect(traffic.status()).toMatchObject({ inFlightCount: 1, queuedCount: 0, circuits: [] });
  });

  test("go to the callers in turn", async () => {
    const { enter, permit } = watchedTraffic(1);
    const order: string[] = [];
    let under = await permit();
    for (const caller of ["a", "a", "a", "b"]) {
      void enter("m", caller).then((entered) => {
        order.push(caller);
        under = permitted(entered);
      });
    }
    for (let turn = 0; turn < 4; turn += 1) {
      under.end("answered");
      await Bun.sleep(0);
    }
    expect(order).toEqual(["a", "b", "a", "a"]);
  });

  test("are not all one caller's, however long its calls take", async () => {
    const { enter, traffic } = watchedTraffic(4);
    for (let asked = 0; asked < 3; asked += 1) permitted(await enter("one", "a"));
    void enter("other", "a");
    expect(traffic.status()).toMatchObject({ inFlightCount: 3, queuedCount: 1 });
    permitted(await enter("one", "b", 0));
  });

  test("are of no use to those in line once the circuit opens", async () => {
    const { enter, permit, traffic } = watchedTraffic(6);
    const under = await Promise.all([1, 2, 3, 4, 5].map(() => permit()));
    const waiting = [1, 2, 3, 4].map(() => enter());
    for (const one of under) one.end(failure("timeout"));
    const entered = await Promise.all(waiting);
    expect(entered.map(({ kind }) => kind)).toEqual(["circuit_open", "circuit_open", "circuit_open", "circuit_open"]);
    expect(traffic.status()).toMatchObject({ inFlightCount: 0, queuedCount: 0 });
  });

  test("are not kept by who left while the place was on its way", async () => {
    const { permit, traffic } = watchedTraffic(1);
    const first = await permit();
    const gone = new AbortController();
    const waiting = traffic.enter("m", "a", 1_000, gone.signal);
    first.end("answered");
    gone.abort();
    expect(await waiting).toEqual({ kind: "left", retryAfterMs: 0 });
    expect(traffic.status().inFlightCount).toBe(0);
    expect(await traffic.enter("m", "a", 1_000, gone.signal)).toEqual({ kind: "left", retryAfterMs: 0 });
  });

  test("come free for two that waited for a circuit to let them try: one does", async () => {
    const { clock, enter, fail, permit, traffic } = watchedTraffic(2);
    await fail(5);
    const others = [await permit("other"), await permit("other")];
    clock.advance(5_000);
    const waiting = [enter("m", "a"), enter("m", "b")];
    for (const other of others) other.end("answered");
    const entered = await Promise.all(waiting);
    expect(entered.map(({ kind }) => kind)).toEqual(["permit", "circuit_open"]);
    expect(traffic.status().inFlightCount).toBe(1);
  });
});

test("retries are of a model, for all requests together, and earned by answers", async () => {
  const { call, permit: permitOf, traffic } = watchedTraffic();
  const takeAll = (model: string) => {
    let count = 0;
    while (traffic.takeRetry(model)) count += 1;
    return count;
  };
  expect([takeAll("m"), takeAll("m"), takeAll("other")]).toEqual([10, 0, 10]);
  for (let done = 0; done < 11; done += 1) await call("answered");
  for (let done = 0; done < 11; done += 1) await call("left", "other");
  for (let done = 0; done < 11; done += 1) await call(failure("bad_request"), "other");
  const permit = await permitOf("other");
  for (let times = 0; times < 11; times += 1) permit.end("answered");
  expect([takeAll("m"), takeAll("other")]).toEqual([1, 0]);
});

describe("names of models that clients make up", () => {
  test("are forgotten beyond five hundred", async () => {
    const { call, traffic } = watchedTraffic();
    for (let name = 0; name < 2_000; name += 1) await call(failure("upstream_error"), `made-up-${name}`);
    expect(traffic.status().circuits).toHaveLength(500);
  });

  test("are forgotten before those that are used", async () => {
    const { call, traffic } = watchedTraffic();
    for (let name = 0; name < 2_000; name += 1) {
      await call(failure("upstream_error"), `made-up-${name}`);
      if (name % 400 === 0) await call("answered", "used");
      if (name === 0) await call(failure("upstream_error"), "used");
    }
    expect(traffic.status().circuits.map(({ model }) => model)).toContain("used");
  });

  test("do not make it forget what is barred or paused", async () => {
    const { call, enter, fail } = watchedTraffic();
    await fail(5, "broken");
    await call(failure("rate_limited", { retryAfterMs: 1_000 }), "resting");
    for (let name = 0; name < 2_000; name += 1) await call("answered", `made-up-${name}`);
    expect((await enter("broken")).kind).toBe("circuit_open");
    expect((await enter("resting")).kind).toBe("paused");
  });

  test("are bounded even where all are barred", async () => {
    const { fail, traffic } = watchedTraffic();
    for (let name = 0; name < 600; name += 1) await fail(5, `made-up-${name}`);
    expect(traffic.status().circuits).toHaveLength(500);
  });
});

const HOWS = ["answered", "left", ...FAILURE_CATEGORIES] as const;
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("enter" as const),
      model: fc.constantFrom("m", "n"),
      caller: fc.constantFrom("a", "b"),
      waitMs: fc.nat(3_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      which: fc.nat(20),
      how: fc.constantFrom(...HOWS),
      retryAfterMs: fc.option(fc.nat(5_000), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(6_000) }) },
);

test("whatever happens, places are never exceeded nor lost, nobody is let through in a pause, and all are told", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 6 }),
    fc.array(step, { maxLength: 60 }),
    async (maxConcurrency, steps) => {
      const { clock, traffic } = watchedTraffic(maxConcurrency);
      const under: { readonly model: string; readonly permit: Permit }[] = [];
      const asked: AbortController[] = [];
      const pausedUntilMs = new Map<string, number>();
      let toldCount = 0;
      for (const one of steps) {
        if (one.do === "enter") {
          const controller = new AbortController();
          asked.push(controller);
          void traffic.enter(one.model, one.caller, one.waitMs, controller.signal).then((entered) => {
            toldCount += 1;
            if (entered.kind !== "permit") return;
            expect(clock.monotonicMs()).toBeGreaterThanOrEqual(pausedUntilMs.get(one.model) ?? 0);
            under.push({ model: one.model, permit: entered });
          });
        } else if (one.do === "end") {
          const [ended] = under.splice(one.which % Math.max(1, under.length), 1);
          const { how, retryAfterMs } = one;
          if (ended === undefined) continue;
          if (how === "answered" || how === "left") ended.permit.end(how);
          else {
            const waitMs = retryAfterMs ?? 0;
            const untilMs = Math.max(pausedUntilMs.get(ended.model) ?? 0, clock.monotonicMs() + waitMs);
            pausedUntilMs.set(ended.model, untilMs);
            ended.permit.end(failure(how, retryAfterMs === undefined ? {} : { retryAfterMs }));
          }
        } else if (one.do === "leave") asked[one.which % Math.max(1, asked.length)]?.abort();
        else clock.advance(one.ms);
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        const { inFlightCount, queuedCount } = traffic.status();
        expect(under.length).toBeLessThanOrEqual(maxConcurrency);
        expect({ inFlightCount, queuedCount }).toEqual({
          inFlightCount: under.length,
          queuedCount: asked.length - toldCount,
        });
      }
      for (const { permit } of under) permit.end("left");
      for (const controller of asked) controller.abort();
      await Bun.sleep(0);
      expect(traffic.status()).toMatchObject({ inFlightCount: 0, queuedCount: 0 });
      expect(clock.timerCount()).toBe(0);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});
