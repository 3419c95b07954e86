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

/** As many requests of a caller as `count`. */
const many = (caller: string, count: number) => Array.from({ length: count }, (_, index) => `${caller}${index + 1}`);

describe("a gate whose places one caller would all take", () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [8, 6],
    [128, 96],
    [256, 192],
  ])("of %i places gives a caller that is alone %i", async (maxPlaces, alone) => {
    const { gate, asks } = watchedGate(maxPlaces, 300);
    await asks(...many("a", 300));
    expect(gate.status()).toEqual({ inFlightCount: alone, queuedCount: 300 - alone });
  });

  test.each([
    [256, 2, 110, 110],
    [256, 10, 24, 25],
    [128, 2, 55, 55],
    [128, 10, 12, 13],
    [8, 2, 3, 4],
    [8, 10, 0, 1],
    [4, 2, 2, 2],
  ])("of %i places gives %i callers that come together from %i to %i each", async (maxPlaces, callers, least, most) => {
    const { seen, asks } = watchedGate(maxPlaces, 10_000);
    const names = [..."abcdefghij"].slice(0, callers);
    await asks(...many("", maxPlaces).flatMap((index) => names.map((name) => `${name}${index}`)));
    const counts = names.map((name) => seen.filter((line) => line.startsWith(name)).length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([least, most]);
  });

  test("lets others in at once, each to less the less is left", async () => {
    const { seen, asks } = watchedGate(16, 100);
    await asks(...many("a", 16), ...many("b", 16), ...many("c", 16), ...many("d", 16));
    expect(seen).toEqual([...many("a", 12), ...many("b", 3), "c1"].map((name) => `${name} place`));
  });

  test("gives what comes free to those who hold little, though who holds more has waited longer", async () => {
    const { seen, asks, leave } = watchedGate(16, 100);
    await asks(...many("a", 16), ...many("b", 4), ...many("c", 2), "d1");
    seen.length = 0;
    for (const name of ["a1", "a2", "a3"]) await leave(name);
    expect(seen).toEqual(["c2 place", "d1 place"]);
    await leave("a4");
    // Two are free now: b holds three, and a, with eight, would have to leave three.
    expect(seen.slice(2)).toEqual(["b4 place"]);
  });

  test("lets in two where one place comes free, if its caller then holds little enough as well", async () => {
    const { seen, asks, leave } = watchedGate(7, 10);
    await asks("a1", "a2", "a3", "b1", "b2", "b3", "b4", "a4");
    seen.length = 0;
    await leave("a1");
    expect(seen).toEqual(["b4 place", "a4 place"]);
  });

  test("comes to equal shares as calls end, whoever was there first", async () => {
    const { gate, seen, asks, leave } = watchedGate(16, 300);
    await asks(...many("a", 40), ...many("b", 40), ...many("c", 40));
    let left = 0;
    // The oldest call ends, always.
    for (; left < 40; left += 1) await leave(seen[left]?.split(" ")[0] ?? "none");
    const holders = Map.groupBy(seen.slice(left), (line) => line.slice(0, 1));
    expect([...holders].map(([caller, held]) => [caller, held.length])).toEqual([
      ["a", 5],
      ["b", 5],
      ["c", 5],
    ]);
    expect(gate.status().inFlightCount).toBe(15);
  });

  test("forgets who holds nothing any more", async () => {
    const { gate, seen, asks, leave } = watchedGate(4, 10);
    for (let round = 0; round < 3; round += 1) {
      seen.length = 0;
      await asks("a1", "a2", "a3", "b1");
      expect(seen).toHaveLength(4);
      for (const name of ["a1", "a2", "a3", "b1"]) await leave(name);
      expect(gate.status()).toEqual({ inFlightCount: 0, queuedCount: 0 });
    }
  });
});

/** The same said plainly: one list of who is inside, one of who waits, and one of whose turn it is. */
class NaiveGate {
  readonly inside = new Map<number, string>();
  waiting: { readonly id: number; readonly caller: string; readonly untilMs: number }[] = [];
  #turns: string[] = [];
  readonly #maxPlaces: number;
  readonly #maxQueued: number;

  constructor(maxPlaces: number, maxQueued: number) {
    this.#maxPlaces = maxPlaces;
    this.#maxQueued = maxQueued;
  }

  heldBy(caller: string): number {
    return [...this.inside.values()].filter((one) => one === caller).length;
  }

  /** Whether what is free is more than a third of what the caller holds. */
  mayTake(caller: string): boolean {
    return this.#maxPlaces - this.inside.size > this.heldBy(caller) / 3;
  }

  enter(id: number, caller: string, untilMs: number): string[] {
    if (this.mayTake(caller)) {
      this.inside.set(id, caller);
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
    return this.inside.delete(id) ? this.#fill() : [];
  }

  #fill(): string[] {
    const caller = this.#turns.find((one) => this.mayTake(one));
    const next = this.waiting.find((one) => one.caller === caller);
    if (next === undefined || caller === undefined) return [];
    const told = this.drop(next.id, "place");
    this.inside.set(next.id, caller);
    if (this.#turns.includes(caller)) this.#turns = [...this.#turns.filter((one) => one !== caller), caller];
    return [...told, ...this.#fill()];
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
    weight: 6,
    // Some ask for more than others.
    arbitrary: fc.record({ do: fc.constant("enter" as const), caller: fc.constantFrom(..."aaaaabbcd") }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
);

test("a gate does as a plain list would, whatever happens in whatever order", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 0, max: 6 }),
    fc.array(step, { maxLength: 80, size: "max" }),
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
        // What the rule is for, whatever it is.
        for (const { caller } of naive.waiting)
          expect(naive.inside.size === maxPlaces || naive.heldBy(caller) > 0).toBe(true);
        for (const caller of "abcd") expect(naive.heldBy(caller)).toBeLessThanOrEqual(Math.ceil((maxPlaces * 3) / 4));
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});
