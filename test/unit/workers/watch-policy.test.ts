import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type PolicySource, PolicyWatch, type Seen, watchPolicy } from "../../../src/workers/watch-policy.ts";

/** A policy file that is what it is told to be. Every write shows in a look, as the system's times do. */
function fakeFile(content: string | null = "one") {
  const file = { content, writes: 0, changing: false, reads: 0 };
  const reloads: string[] = [];
  const missing: string[] = [];
  const source: PolicySource = {
    look: async () => (file.content === null ? "gone" : String(file.writes)),
    async read(): Promise<Seen> {
      file.reads++;
      if (file.changing) return { kind: "changing" };
      return file.content === null ? { kind: "missing", message: "gone" } : { kind: "there", stamp: file.content };
    },
  };
  const watchWith = (stamp: string | null) =>
    new PolicyWatch({
      source,
      stamp,
      reload: async (reason) => {
        reloads.push(`${reason} ${file.content}`);
      },
      onMissing: (message) => missing.push(message),
    });
  return {
    file,
    source,
    reloads,
    missing,
    watchWith,
    write(written: string | null) {
      file.content = written;
      file.writes++;
    },
  };
}

describe("PolicyWatch", () => {
  test("says nothing of a file that nobody changes, and reads it once", async () => {
    const { watchWith, reloads, file } = fakeFile();
    const watch = watchWith("one");
    for (let look = 0; look < 5; look++) await watch.look();
    expect(reloads).toEqual([]);
    expect(file.reads).toBe(1);
  });

  test("reloads once for a change, when two looks in a row see the same", async () => {
    const { watchWith, write, reloads } = fakeFile();
    const watch = watchWith("one");
    await watch.look();
    write("two");
    await watch.look();
    expect(reloads).toEqual([]);
    for (let look = 0; look < 3; look++) await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("waits for a file that is being written", async () => {
    const { watchWith, write, reloads } = fakeFile();
    const watch = watchWith("one");
    for (const part of ["t", "tw", "two"]) {
      write(part);
      await watch.look();
    }
    expect(reloads).toEqual([]);
    await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("waits while the file changes under its hands", async () => {
    const { watchWith, write, reloads, file } = fakeFile();
    const watch = watchWith("one");
    write("two");
    file.changing = true;
    for (let look = 0; look < 3; look++) await watch.look();
    file.changing = false;
    await watch.look();
    expect(reloads).toEqual([]);
    await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("takes a file that was only touched, or changed and changed back, for the same", async () => {
    const { watchWith, write, reloads } = fakeFile();
    const watch = watchWith("one");
    await watch.look();
    write("one");
    await watch.look();
    await watch.look();
    write("two");
    await watch.look();
    write("one");
    await watch.look();
    await watch.look();
    expect(reloads).toEqual([]);
  });

  test("sees what changed between the start and its first look", async () => {
    const { watchWith, reloads } = fakeFile("two");
    const watch = watchWith("one");
    await watch.look();
    await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("takes the first content that it sees for the one in force where nobody says", async () => {
    const { watchWith, write, reloads } = fakeFile();
    const watch = watchWith(null);
    await watch.look();
    await watch.look();
    expect(reloads).toEqual([]);
    write("two");
    await watch.look();
    await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("keeps what is in force when the file is gone, and says so once each time", async () => {
    const { watchWith, write, reloads, missing } = fakeFile();
    const watch = watchWith("one");
    await watch.look();
    write(null);
    for (let look = 0; look < 5; look++) await watch.look();
    expect([missing, reloads]).toEqual([["gone"], []]);
    write("one");
    for (let look = 0; look < 3; look++) await watch.look();
    expect(reloads).toEqual([]);
    write(null);
    for (let look = 0; look < 3; look++) await watch.look();
    expect(missing).toEqual(["gone", "gone"]);
    write("two");
    for (let look = 0; look < 3; look++) await watch.look();
    expect(reloads).toEqual(["changed two"]);
  });

  test("does not mind a file that is away for one look, as while it is replaced", async () => {
    const { watchWith, write, reloads, missing } = fakeFile();
    const watch = watchWith("one");
    await watch.look();
    write(null);
    await watch.look();
    write("two");
    await watch.look();
    await watch.look();
    expect([missing, reloads]).toEqual([[], ["changed two"]]);
  });

  test("reloads at a signal whatever is there, and not again for the same content", async () => {
    const { watchWith, write, reloads } = fakeFile();
    const watch = watchWith("one");
    await watch.signal();
    write("two");
    await watch.signal();
    for (let look = 0; look < 3; look++) await watch.look();
    write(null);
    await watch.signal();
    expect(reloads).toEqual(["signal one", "signal two", "signal null"]);
  });

  test("takes signals that come in a row for one", async () => {
    const { watchWith, reloads } = fakeFile();
    const watch = watchWith("one");
    await Promise.all([watch.signal(), watch.signal(), watch.signal()]);
    expect(reloads).toEqual(["signal one"]);
    await watch.signal();
    expect(reloads).toHaveLength(2);
  });

  test("never reloads twice at once, and forgets no signal that comes meanwhile", async () => {
    const { source, write } = fakeFile();
    const ended: (() => void)[] = [];
    let running = 0;
    const reasons: string[] = [];
    const watch = new PolicyWatch({
      source,
      stamp: "one",
      async reload(reason) {
        expect(++running).toBe(1);
        reasons.push(reason);
        await new Promise<void>((resolve) => ended.push(resolve));
        running--;
      },
      onMissing: () => {},
    });
    write("two");
    await watch.look();
    const looked = watch.look();
    await Bun.sleep(0);
    const signalled = [watch.signal(), watch.signal(), watch.look()];
    await Bun.sleep(0);
    expect(reasons).toEqual(["changed"]);
    ended.shift()?.();
    await looked;
    await Bun.sleep(0);
    expect(reasons).toEqual(["changed", "signal"]);
    ended.shift()?.();
    await Promise.all(signalled);
    expect(reasons).toHaveLength(2);
  });

  test("whatever happens to the file, the last content is reloaded, and nothing twice in a row", async () => {
    const step = fc.oneof(
      fc.constantFrom("a", "b", "c").map((content) => ({ write: content as string | null })),
      fc.constant({ write: null }),
      fc.constant("look" as const),
      fc.constant("signal" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { watchWith, write, reloads, file } = fakeFile("a");
        const watch = watchWith("a");
        for (const next of steps) {
          if (next === "look") await watch.look();
          else if (next === "signal") await watch.signal();
          else write(next.write);
        }
        write("z");
        for (let look = 0; look < 3; look++) await watch.look();
        expect(file.content).toBe("z");
        expect(reloads.at(-1)).toBe("changed z");
        const changes = reloads.filter((reload) => reload.startsWith("changed"));
        expect(changes.filter((reload) => reload === "changed z")).toHaveLength(1);
        const contents = reloads.map((reload) => reload.split(" ")[1]);
        for (const [at, reload] of reloads.entries()) {
          if (reload.startsWith("changed")) expect(contents[at]).not.toBe(at === 0 ? "a" : contents[at - 1]);
        }
      }),
    );
  });
});

describe("watchPolicy", () => {
  test("looks by itself until it is stopped", async () => {
    const { source, write, file } = fakeFile();
    const reloaded = Promise.withResolvers<void>();
    const worker = watchPolicy(
      { source, stamp: "one", reload: async () => reloaded.resolve(), onMissing: () => {} },
      1,
    );
    write("two");
    await reloaded.promise;
    await worker.stop();
    const { reads } = file;
    write("three");
    await Bun.sleep(20);
    expect(file.reads).toBe(reads);
  });
});
