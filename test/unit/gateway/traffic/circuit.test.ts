import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BreakerSettings, DEFAULT_BREAKER } from "../../../../src/core/attempts.ts";
import type { Bearing } from "../../../../src/gateway/traffic/bearing.ts";
import { Circuit, type Passage } from "../../../../src/gateway/traffic/circuit.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

function watchedCircuit(overrides: Partial<BreakerSettings> = {}) {
  const clock = fakeClock();
  const changes: string[] = [];
  const circuit = new Circuit({
    settings: { ...DEFAULT_BREAKER, ...overrides },
    monotonicMs: clock.monotonicMs,
    onChange: (state, category) => changes.push(category === null ? state : `${state} ${category}`),
  });
  const call = (bearing: Bearing) => {
    expect(circuit.barredMs()).toBe(0);
    circuit.pass().end(bearing, bearing === "good" ? null : "upstream_error");
  };
  const calls = (bearing: Bearing, count: number) => {
    for (let done = 0; done < count; done += 1) call(bearing);
  };
  return { clock, circuit, changes, call, calls };
}

/** One whose provider is down, just opened for the first time. */
function openCircuit() {
  const watched = watchedCircuit();
  watched.calls("bad", 5);
  expect(watched.changes.splice(0)).toEqual(["open upstream_error"]);
  return watched;
}

describe("a circuit that is closed", () => {
  test("opens when half of at least five calls failed", () => {
    const { circuit, changes, calls } = watchedCircuit();
    calls("bad", 4);
    expect(circuit.status()).toEqual({ state: "closed", callCount: 4, failureCount: 4, opensAgainInMs: null });
    calls("bad", 1);
    expect(circuit.status()).toEqual({ state: "open", callCount: 5, failureCount: 5, opensAgainInMs: 5_000 });
    expect(circuit.barredMs()).toBe(5_000);
    expect(changes).toEqual(["open upstream_error"]);
  });

  test("stays so while more calls do well than fail", () => {
    const { circuit, calls } = watchedCircuit();
    for (let round = 0; round < 20; round += 1) {
      calls("good", 2);
      calls("bad", 1);
    }
    expect(circuit.isClosed).toBe(true);
    calls("good", 20);
    calls("bad", 39);
    expect(circuit.isClosed).toBe(true);
    calls("bad", 1);
    expect(circuit.isClosed).toBe(false);
  });

  test("forgets what failed a window ago", () => {
    const { clock, circuit, calls } = watchedCircuit();
    calls("bad", 4);
    clock.advance(30_000);
    calls("bad", 4);
    expect(circuit.isClosed).toBe(true);
  });

  test("counts nothing of calls that were cut or told to wait", () => {
    const { circuit, calls } = watchedCircuit();
    calls("bad", 4);
    calls("none", 10);
    calls("unproven", 10);
    expect(circuit.status()).toMatchObject({ state: "closed", callCount: 4 });
  });

  test("opens at once where credentials are refused, whatever went well before", () => {
    const { circuit, calls } = watchedCircuit();
    calls("good", 1_000);
    calls("refused", 1);
    expect(circuit.status().state).toBe("open");
  });

  test("counts a call once, however often it is told to have ended", () => {
    const { circuit } = watchedCircuit();
    const passage = circuit.pass();
    for (let times = 0; times < 10; times += 1) passage.end("bad", "timeout");
    expect(circuit.status().callCount).toBe(1);
  });
});

describe("a circuit that is open", () => {
  test("lets one call try when its time has come, and no other meanwhile", () => {
    const { clock, circuit, changes } = openCircuit();
    clock.advance(4_999);
    expect(circuit.barredMs()).toBe(1);
    clock.advance(1);
    expect(circuit.barredMs()).toBe(0);
    circuit.pass();
    expect(changes).toEqual(["half_open"]);
    expect(circuit.barredMs()).toBe(1_000);
    expect(circuit.status()).toMatchObject({ state: "half_open", opensAgainInMs: 15_000 });
  });

  test("closes as soon as that call begins to be answered", () => {
    const { clock, circuit, changes } = openCircuit();
    clock.advance(5_000);
    circuit.pass().began();
    expect(changes).toEqual(["half_open", "closed"]);
    expect(circuit.status()).toEqual({ state: "closed", callCount: 0, failureCount: 0, opensAgainInMs: null });
  });

  test("counts how that call ends as of any other", () => {
    const { clock, circuit } = openCircuit();
    clock.advance(5_000);
    const passage = circuit.pass();
    passage.began();
    passage.end("bad", "upstream_error");
    expect(circuit.status()).toMatchObject({ state: "closed", callCount: 1, failureCount: 1 });
  });

  test.each(["bad", "unproven", "refused"] as const)(
    "stays open where that call ends %s: twice and thrice as long",
    (bearing) => {
      const { clock, circuit, changes, call } = openCircuit();
      for (const openMs of [5_000, 10_000, 15_000, 15_000]) {
        expect(circuit.barredMs()).toBe(openMs);
        clock.advance(openMs);
        call(bearing);
        expect(changes.splice(0)).toEqual(["half_open", "open upstream_error"]);
      }
    },
  );

  test("stays so for no longer than 15 s, whatever its settings", () => {
    const { clock, circuit, call, calls } = watchedCircuit({ openMs: 10_000 });
    calls("bad", 5);
    for (const openMs of [10_000, 15_000, 15_000]) {
      expect(circuit.barredMs()).toBe(openMs);
      clock.advance(openMs);
      call("bad");
    }
  });

  test("lets another try where that call was cut", () => {
    const { clock, circuit, changes, call } = openCircuit();
    clock.advance(5_000);
    call("none");
    expect(circuit.status()).toMatchObject({ state: "half_open", opensAgainInMs: 0 });
    call("good");
    expect(changes).toEqual(["half_open", "closed"]);
  });

  test("lets another try where that call says nothing for as long as it may stay open", () => {
    const { clock, circuit, changes } = openCircuit();
    clock.advance(5_000);
    const silent = circuit.pass();
    clock.advance(14_999);
    expect(circuit.barredMs()).toBe(1);
    clock.advance(1);
    expect(circuit.barredMs()).toBe(0);
    const second = circuit.pass();
    expect(circuit.barredMs()).toBe(1_000);
    // Its end says nothing that the second one would not say better.
    silent.end("bad", "timeout");
    expect(circuit.status().state).toBe("half_open");
    second.began();
    expect(changes).toEqual(["half_open", "closed"]);
  });

  test("closes, too, where the silent one is answered in the end", () => {
    const { clock, circuit, changes } = openCircuit();
    clock.advance(5_000);
    const silent = circuit.pass();
    clock.advance(15_000);
    const second = circuit.pass();
    silent.began();
    second.end("bad", "timeout");
    expect(changes).toEqual(["half_open", "closed"]);
    expect(circuit.status()).toMatchObject({ state: "closed", callCount: 0 });
  });

  test("takes no word of calls that began before it opened, when they end at last", () => {
    const watched = watchedCircuit();
    const hanging = Array.from({ length: 100 }, () => watched.circuit.pass());
    watched.calls("bad", 5);
    hanging[0]?.end("good", null);
    hanging[1]?.end("refused", "authentication");
    expect(watched.circuit.barredMs()).toBe(5_000);
    watched.clock.advance(5_000);
    watched.call("good");
    for (const passage of hanging) passage.end("bad", "timeout");
    expect(watched.circuit.status()).toMatchObject({ state: "closed", failureCount: 0 });
  });
});

describe("a circuit that closed", () => {
  test("opens for longer where it fails again within a window", () => {
    const { clock, circuit, call, calls } = openCircuit();
    clock.advance(5_000);
    call("good");
    calls("bad", 4);
    expect(circuit.barredMs()).toBe(10_000);
  });

  test("has a new beginning after a window of peace", () => {
    const { clock, circuit, call, calls } = openCircuit();
    clock.advance(5_000);
    call("good");
    clock.advance(30_000);
    calls("bad", 5);
    expect(circuit.barredMs()).toBe(5_000);
  });
});

const settings = fc.record({
  failurePercent: fc.integer({ min: 1, max: 100 }),
  minimumCalls: fc.integer({ min: 1, max: 20 }),
  windowMs: fc.integer({ min: 1, max: 60 }).map((seconds) => seconds * 1_000),
  openMs: fc.integer({ min: 1, max: 10 }).map((seconds) => seconds * 1_000),
});
const BEARINGS = ["good", "bad", "refused", "unproven", "none"] as const satisfies readonly Bearing[];
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("call" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat(20), how: fc.constantFrom(...BEARINGS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("begin" as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(8_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Call = { readonly passage: Passage; readonly atMs: number };
type Watched = Pick<ReturnType<typeof watchedCircuit>, "circuit" | "clock">;

/** Plays steps; a call is made where the circuit lets one pass. `onCall` is told before of those that have not ended. */
function play(
  { circuit, clock }: Watched,
  steps: readonly Step[],
  onCall: (under: readonly Call[]) => void = () => {},
) {
  const under: Call[] = [];
  for (const one of steps) {
    if (one.do === "advance") clock.advance(one.ms);
    else if (one.do === "call") {
      if (circuit.barredMs() > 0) continue;
      onCall(under);
      under.push({ passage: circuit.pass(), atMs: clock.monotonicMs() });
    } else {
      const at = one.which % Math.max(1, under.length);
      if (one.do === "begin") under[at]?.passage.began();
      else under.splice(at, 1)[0]?.passage.end(one.how, one.how === "good" ? null : "timeout");
    }
  }
}

test("whatever happened, a provider that answers again is in use again within 15 s", () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 80 }), (breaker, steps) => {
      const watched = watchedCircuit(breaker);
      // What is under way still is never heard of again.
      play(watched, steps);
      const { circuit, clock } = watched;
      for (let waitedMs = 0; !circuit.isClosed && waitedMs <= 15_000; waitedMs += 100) {
        if (circuit.barredMs() === 0) circuit.pass().began();
        else clock.advance(100);
      }
      expect(circuit.isClosed).toBe(true);
    }),
  );
});

test("whatever happened, a call tries alone: long enough after the opening, and none that tries is under way or it hangs", () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 80 }), (breaker, steps) => {
      const openedAtMs: number[] = [];
      const clock = fakeClock();
      const circuit: Circuit = new Circuit({
        settings: breaker,
        monotonicMs: clock.monotonicMs,
        onChange: (state) => {
          if (state === "open") openedAtMs.push(clock.monotonicMs());
        },
      });
      play({ circuit, clock }, steps, (under) => {
        if (circuit.isClosed) return;
        const nowMs = clock.monotonicMs();
        const sinceMs = openedAtMs.at(-1) ?? Number.NaN;
        expect(nowMs - sinceMs).toBeGreaterThanOrEqual(breaker.openMs);
        const trying = under.filter(({ atMs }) => atMs > sinceMs);
        for (const { atMs } of trying) {
          expect(nowMs - atMs).toBeGreaterThanOrEqual(Math.min(15_000, 3 * breaker.openMs));
        }
      });
    }),
  );
});

test("a closed circuit opens exactly where a plain count says so", () => {
  const ended = fc.record({ afterMs: fc.nat(3_000), isFailure: fc.boolean() });
  fc.assert(
    fc.property(settings, fc.array(ended, { maxLength: 80 }), (breaker, calls) => {
      const { circuit, clock, call } = watchedCircuit(breaker);
      const all: { readonly slice: number; readonly isFailure: boolean }[] = [];
      for (const { afterMs, isFailure } of calls) {
        clock.advance(afterMs);
        call(isFailure ? "bad" : "good");
        const slice = Math.floor(clock.monotonicMs() / (breaker.windowMs / 10));
        all.push({ slice, isFailure });
        const lately = all.filter((one) => one.slice > slice - 10);
        const percent = (lately.filter((one) => one.isFailure).length / lately.length) * 100;
        const opens = isFailure && lately.length >= breaker.minimumCalls && percent >= breaker.failurePercent;
        expect(circuit.isClosed).toBe(!opens);
        if (opens) return;
      }
    }),
  );
});

test("a provider that flaps is asked by few calls while it is down, and used soon after each recovery", () => {
  const { circuit, clock, changes } = watchedCircuit();
  const failedByOutage: number[] = [];
  const backAfterMs: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    let failedCount = 0;
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 10) {
      if (circuit.barredMs() === 0) {
        circuit.pass().end("bad", "upstream_error");
        failedCount += 1;
      }
      clock.advance(10);
    }
    failedByOutage.push(failedCount);
    let elapsedMs = 0;
    for (; !circuit.isClosed; elapsedMs += 10) {
      if (circuit.barredMs() === 0) circuit.pass().end("good", null);
      clock.advance(10);
    }
    backAfterMs.push(elapsedMs);
    for (let more = 0; more < 1_000; more += 1) {
      if (circuit.barredMs() === 0) circuit.pass().end("good", null);
      clock.advance(40);
    }
  }
  // Half of what was answered within the window before must fail first.
  expect(Math.max(...failedByOutage)).toBeLessThan(800);
  expect(Math.max(...backAfterMs)).toBeLessThanOrEqual(15_000);
  expect(changes.length).toBeLessThan(10 * 14);
});
