import { afterEach, describe, expect, test } from "bun:test";
import { watchDescriptors } from "../../../src/boot/descriptors.ts";
import { Doors } from "../../../src/http/doors.ts";
import { listen } from "../../../src/http/listen.ts";
import { until } from "../../support/until.ts";

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** Answers at once, or on `/slow` when it is told to. */
function open(crowd: { isFull(wasFull: boolean): boolean }) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const handle = async (request: Request) => {
    if (new URL(request.url).pathname === "/slow") await released;
    return new Response("answered");
  };
  const moves: string[] = [];
  const told = { onDrainOver: () => {}, onDoors: (moved: string) => void moves.push(moved) };
  const server = listen(handle, { host: "127.0.0.1", port: 0, crowd, ...told });
  ending.push(async () => {
    release();
    await server.drain();
  });
  return { url: server.url, moves, release, drain: () => server.drain() };
}

const ask = (url: string) =>
  fetch(url, { keepalive: false }).then(
    (response) => response.text(),
    () => "refused",
  );

describe("a server with too many connections", () => {
  test("refuses more, answers what it has, and takes more on the same port when there is room again", async () => {
    let isFull = false;
    const { url, moves, release } = open({ isFull: () => isFull });
    const waiting = ask(`${url}/slow`);
    expect(await ask(url)).toBe("answered");
    isFull = true;
    await until(async () => (await ask(url)) === "refused", "the doors are shut");
    release();
    expect(await waiting).toBe("answered");
    expect(await ask(url)).toBe("refused");
    isFull = false;
    await until(async () => (await ask(url)) === "answered", "the doors are open");
    expect(moves).toEqual(["closed", "opened"]);
  });

  test("drains what it had before and after", async () => {
    let isFull = false;
    const { url, release, drain } = open({ isFull: () => isFull });
    const before = ask(`${url}/slow`);
    expect(await ask(url)).toBe("answered");
    isFull = true;
    await until(async () => (await ask(url)) === "refused", "the doors are shut");
    isFull = false;
    await until(async () => (await ask(url)) === "answered", "the doors are open");
    const after = ask(`${url}/slow`);
    expect(await ask(url)).toBe("answered");
    const drained = drain();
    release();
    expect(await Promise.all([before, after])).toEqual(["answered", "answered"]);
    await drained;
  });

  test("tries again where somebody has taken the port meanwhile", () => {
    let isTaken = false;
    let opened = 0;
    const doors = new Doors(() => {
      if (isTaken) throw new Error("EADDRINUSE");
      opened++;
      return { port: 1, url: new URL("http://127.0.0.1:1/"), stop: async () => {} };
    }, 0);
    expect(doors.mind({ isFull: () => true })).toBe("closed");
    isTaken = true;
    expect(doors.mind({ isFull: () => false })).toBeNull();
    expect(opened).toBe(1);
    isTaken = false;
    expect(doors.mind({ isFull: () => false })).toBe("opened");
    expect(opened).toBe(2);
  });
});

describe("descriptors", () => {
  test("are too many at three quarters of the limit", () => {
    let free: number | null = 0;
    const crowd = watchDescriptors(1_000, { lowest: () => free });
    const at = (lowest: number | null) => {
      free = lowest;
      return crowd?.isFull(false);
    };
    expect([at(0), at(749), at(750), at(null)]).toEqual([false, false, true, true]);
  });

  test("are too many until six tenths are counted, whatever number is free", () => {
    let counted: number | null = 0;
    const crowd = watchDescriptors(1_000, { lowest: () => 3, count: () => counted });
    const at = (count: number | null) => {
      counted = count;
      return Array.from({ length: 10 }, () => crowd?.isFull(true)).at(-1);
    };
    expect([at(749), at(600), at(null), at(599)]).toEqual([true, true, true, false]);
  });

  test("are watched by the limit of this process, where it says", () => {
    expect(watchDescriptors()?.isFull(false)).toBe(false);
    expect(watchDescriptors(null)).toBeNull();
  });
});
