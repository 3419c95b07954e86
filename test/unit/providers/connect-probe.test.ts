import { describe, expect, test } from "bun:test";
import { ConnectProbe } from "../../../src/providers/connect-probe.ts";
import { fakeTransport } from "../../support/fake-transport.ts";
import { until } from "../../support/until.ts";

const LIMIT_MS = 40;

function setUp({ isReachable = false, names = { "gpu.lan": ["10.0.0.5"] } }: Partial<World> = {}) {
  const fake = fakeTransport(names);
  if (!isReachable) fake.network.unreachable.add("10.0.0.5");
  return { ...fake, probe: new ConnectProbe("gpu.lan", 8080, null, fake.transport) };
}
type World = { readonly isReachable: boolean; readonly names: Readonly<Record<string, readonly string[]>> };

/** How long a watch lasted that found nobody. */
async function unreachedAfterMs(probe: ConnectProbe, limitMs: number): Promise<number> {
  const sinceMs = performance.now();
  await new Promise<void>((resolve) => void probe.watch(limitMs, resolve));
  return performance.now() - sinceMs;
}

describe("a watch on a call", () => {
  test("tells of a server that takes no connection, not before the time for one is over", async () => {
    const { probe, dialled } = setUp();
    // Timers count whole milliseconds.
    expect(await unreachedAfterMs(probe, LIMIT_MS)).toBeGreaterThanOrEqual(LIMIT_MS - 3);
    expect(dialled).toEqual(["10.0.0.5 8080"]);
  });

  test("tells of a name that stands for nothing", async () => {
    await unreachedAfterMs(setUp({ names: {} }).probe, LIMIT_MS);
  });

  test("lets a server be that takes connections and is slow to answer", async () => {
    const { probe, dialled } = setUp({ isReachable: true });
    let told = false;
    const unwatch = probe.watch(LIMIT_MS, () => {
      told = true;
    });
    await Bun.sleep(2 * LIMIT_MS);
    unwatch();
    expect([told, dialled.length]).toEqual([false, 1]);
  });

  test("tries nothing where the call ended first, or the server answered another one meanwhile", async () => {
    const { probe, dialled } = setUp();
    const fail = () => {
      throw new Error("told of a call that is over");
    };
    probe.watch(LIMIT_MS, fail)();
    const unwatch = probe.watch(LIMIT_MS, fail);
    probe.answered();
    await Bun.sleep(2 * LIMIT_MS);
    unwatch();
    expect(dialled).toEqual([]);
  });

  test("says nothing once it is ended, even when a try is under way", async () => {
    const { probe, dialled } = setUp();
    const unwatch = probe.watch(LIMIT_MS, () => {
      throw new Error("told of a call that is over");
    });
    await until(() => dialled.length > 0, "a try");
    unwatch();
    await Bun.sleep(LIMIT_MS);
  });

  test("shares its try with all that wonder at the same time", async () => {
    const { probe, dialled } = setUp();
    await Promise.all(Array.from({ length: 50 }, () => unreachedAfterMs(probe, 5 * LIMIT_MS)));
    expect(dialled).toHaveLength(1);
    await unreachedAfterMs(probe, LIMIT_MS);
    expect(dialled).toHaveLength(2);
  });

  test("does not give up by the shorter time of another", async () => {
    const { probe } = setUp();
    const [short, long] = await Promise.all([unreachedAfterMs(probe, 10), unreachedAfterMs(probe, 6 * LIMIT_MS)]);
    expect(short).toBeLessThan(long);
    expect(long).toBeGreaterThanOrEqual(6 * LIMIT_MS - 3);
  });
});
