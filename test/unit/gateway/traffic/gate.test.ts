import { describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { afterTimeout, type Entrance, Gate } from "../../../../src/gateway/traffic/gate.ts";
import { fakeClock } from "../../../support/fake-clock.ts";

const NEVER = new AbortController().signal;

/** A gate with what became of all that asked, by the name they asked under, in the order in which it did. */
function watchedGate(maxPlaces: number, maxQueued: number) {
  const clock = fakeClock();
  const gate = new Gate({ maxPlaces, maxQueued, after: clock.after });
  const seen: string[] = [];
  const entrances = new Map<string, Entrance>();
  const ask = async (name: string, { waitMs = 1_000, signal = NEVER } = {}) => {
    const entrance = await gate.enter(name.slice(0, 1), waitMs, signal);
    entrances.set(name, entrance);
    seen.push(`${name} ${entrance.kind}`);
  };
  const asks = (...names: string[]) => {
    for (const name of names) void ask(name);
    return Bun.sleep(0);
  };
  const leave = (name: string) => {
    const entrance = entrances.get(name);
    if (entrance?.kind !== "place") throw new Error(`${name} has no place`);
    entrance.leave();
    return Bun.sleep(0);
  };
  return { gate, clock, seen, ask, asks, leave };
}

describe("a gate", () => {
  test("lets in who finds a place, at once", async () => {
    const { gate, seen, asks } = watchedGate(2, 10);
    await asks("a1", "a2", "a3");
    expect(seen).toEqual(["a1 place", "a2 place"]);
    expect(gate.status()).toEqual({ inFlightCount: 2, queuedCount: 1 });
  });

  test("gives a place that comes free to the callers in turn, whoever has more in line", async () => {
    const { seen, asks, leave } = watchedGate(1, 10);
    await asks("a1", "a2", "a3", "a4", "b1", "b2", "c1");
    for (const name of ["a1", "a2", "b1", "c1", "a3", "b2"]) await leave(name);
    expect(seen.map((line) => line.slice(0, 2))).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  test("takes a place back once", async () => {
    const { gate, asks, leave } = watchedGate(2, 10);
    await asks("a1", "a2", "a3");
    await leave("a1");
    await leave("a1");
    expect(gate.status()).toEqual({ inFlightCount: 2, queuedCount: 0 });
  });

  test("refuses who waited in vain, and keeps no timer of those who did not", async () => {
    const { clock, seen, asks, leave } = watchedGate(1, 10);
    await asks("a1", "a2", "b1");
    await leave("a1");
    clock.advance(999);
    await Bun.sleep(0);
    expect(seen).toEqual(["a1 place", "a2 place"]);
    clock.advance(1);
    await Bun.sleep(0);
    expect(seen).toEqual(["a1 place", "a2 place", "b1 full"]);
    expect(clock.timerCount()).toBe(0);
  });

  test("lets nobody wait who has no time", async () => {
    const { seen, ask } = watchedGate(1, 10);
    await ask("a1");
    await ask("a2", { waitMs: 0 });
    expect(seen).toEqual(["a1 place", "a2 full"]);
  });

  test("waits by the real clock unless there is another", async () => {
    const gate = new Gate({ maxPlaces: 1, maxQueued: 1, after: afterTimeout });
    await gate.enter("a", 1, NEVER);
    expect((await gate.enter("a", 1, NEVER)).kind).toBe("full");
  });

  test("forgets who goes away, before and while waiting", async () => {
    const { gate, clock, seen, ask, leave } = watchedGate(1, 10);
    const gone = new AbortController();
    await ask("a1");
    const waiting = ask("a2", { signal: gone.signal });
    gone.abort();
    await waiting;
    await ask("a3", { signal: gone.signal });
    expect(seen).toEqual(["a1 place", "a2 left", "a3 left"]);
    expect(clock.timerCount()).toBe(0);
    await leave("a1");
    expect(gate.status()).toEqual({ inFlightCount: 0, queuedCount: 0 });
  });

  test("listens to nobody's leaving any more who has stopped waiting", async () => {
    const { clock, ask, leave } = watchedGate(1, 10);
    const { signal } = new AbortController();
    const listened = [spyOn(signal, "addEventListener"), spyOn(signal, "removeEventListener")];
    await ask("a1", { signal });
    const waiting = [ask("a2", { signal }), ask("a3", { signal })];
    await leave("a1");
    clock.advance(1_000);
    await Promise.all(waiting);
    expect(listened.map((spy) => spy.mock.calls.length)).toEqual([2, 2]);
    expect(listened[1]?.mock.calls).toEqual(listened[0]?.mock.calls ?? []);
  });

  test("with a full line, puts the newest of the longest out for a caller that has fewer", async () => {
    const { seen, asks } = watchedGate(1, 3);
    await asks("a1", "a2", "a3", "a4", "b1");
    expect(seen).toEqual(["a1 place", "a4 full"]);
    // b would have as many as a then: swapping would help nobody.
    await asks("b2", "a5");
    expect(seen.slice(2)).toEqual(["b2 full", "a5 full"]);
    await asks("c1");
    expect(seen.slice(4)).toEqual(["a3 full"]);
    await asks("d1", "c2");
    expect(seen.slice(5)).toEqual(["d1 full", "c2 full"]);
  });

  test("without a line, refuses at once", async () => {
    const { seen, asks } = watchedGate(1, 0);
    await asks("a1", "b1");
    expect(seen).toEqual(["a1 place", "b1 full"]);
  });
});

/** The same said plainly: one list of who waits, and one of whose turn it is. */
class NaiveGate {
  readonly inside = new Set<number>();
  waiting: { readonly id: number; readonly caller: string; readonly untilMs: number }[] = [];
  #turns: string[] = [];
  readonly #maxPlaces: number;
  readonly #maxQueued: number;

  constructor(maxPlaces: number, maxQueued: number) {
    this.#maxPlaces = maxPlaces;
    this.#maxQueued = maxQueued;
  }

  enter(id: number, caller: string, untilMs: number): string[] {
    if (this.inside.size < this.#maxPlaces) {
      this.inside.add(id);
      return [`${id} place`];
    }
    const told: string[] = [];
    if (this.waiting.length >= this.#maxQueued) {
      const sizes = Map.groupBy(this.waiting, (one) => one.caller);
      const most = Math.max(0, ...[...sizes.values()].map((line) => line.length));
      if (most <= (sizes.get(caller)?.length ?? 0) + 1) return [`${id} full`];
      const longest = this.#turns.find((one) => sizes.get(one)?.length === most);
      const out = this.waiting.findLast((one) => one.caller === longest);
      if (out !== undefined) told.push(...this.drop(out.id, "full"));
    }
    if (!this.#turns.includes(caller)) this.#turns.push(caller);
    this.waiting.push({ id, caller, untilMs });
    return told;
  }

  drop(id: number, how: string): string[] {
    if (!this.waiting.some((one) => one.id === id)) return [];
    this.waiting = this.waiting.filter((one) => one.id !== id);
    this.#turns = this.#turns.filter((caller) => this.waiting.some((one) => one.caller === caller));
    return [`${id} ${how}`];
  }

  leave(id: number): string[] {
    if (!this.inside.delete(id)) return [];
    const [caller] = this.#turns;
    const next = this.waiting.find((one) => one.caller === caller);
    if (next === undefined || caller === undefined) return [];
    const told = this.drop(next.id, "place");
    this.inside.add(next.id);
    if (this.#turns.includes(caller)) this.#turns = [...this.#turns.filter((one) => one !== caller), caller];
    return told;
  }

  advanceTo(nowMs: number): string[] {
    const due = this.waiting
      .filter((one) => one.untilMs <= nowMs)
      .toSorted((one, other) => one.untilMs - other.untilMs || one.id - other.id);
    return due.flatMap(({ id }) => this.drop(id, "full"));
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("enter" as const), caller: fc.constantFrom("a", "b", "c", "d") }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
);

test("a gate does as a plain list would, whatever happens in whatever order", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 0, max: 6 }),
    fc.array(step, { maxLength: 60, size: "max" }),
    async (maxPlaces, maxQueued, steps) => {
      const clock = fakeClock();
      const gate = new Gate({ maxPlaces, maxQueued, after: clock.after });
      const naive = new NaiveGate(maxPlaces, maxQueued);
      const asked: { readonly controller: AbortController; entrance: Entrance | null }[] = [];
      const seen: string[] = [];
      const expected: string[] = [];
      for (const one of steps) {
        if (one.do === "enter") {
          const id = asked.length;
          const mine = { controller: new AbortController(), entrance: null as Entrance | null };
          asked.push(mine);
          expected.push(...naive.enter(id, one.caller, clock.monotonicMs() + 300));
          void gate.enter(one.caller, 300, mine.controller.signal).then((entrance) => {
            mine.entrance = entrance;
            seen.push(`${id} ${entrance.kind}`);
          });
        } else if (one.do === "advance") {
          clock.advance(one.ms);
          expected.push(...naive.advanceTo(clock.monotonicMs()));
        } else {
          const id = one.which % Math.max(1, asked.length);
          const mine = asked[id];
          if (one.do === "abort") {
            mine?.controller.abort();
            expected.push(...naive.drop(id, "left"));
          } else {
            if (mine?.entrance?.kind === "place") mine.entrance.leave();
            expected.push(...naive.leave(id));
          }
        }
        // For all that a place, once free, sets off.
        for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
        expect(seen).toEqual(expected);
        const status = { inFlightCount: naive.inside.size, queuedCount: naive.waiting.length };
        expect(gate.status()).toEqual(status);
        expect(clock.timerCount()).toBe(status.queuedCount);
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});
