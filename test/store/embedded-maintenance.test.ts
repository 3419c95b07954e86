import { describe, expect, test } from "bun:test";
import { startMaintenance } from "../../src/store/embedded/maintenance.ts";
import { MAINTENANCE_CONNECTION, SessionQueue } from "../../src/store/embedded/session-queue.ts";
import { fakeSession, message, READY_IDLE, READY_IN_TRANSACTION } from "../support/embedded-fake-session.ts";

describe("maintenance", () => {
  const times = {
    tickMs: 5,
    checkpointBytes: 1_000,
    checkpointEveryTicks: 1_000,
    firstVacuumTick: 2,
    vacuumEveryTicks: 4,
  };

  test("checkpoints after so many bytes, vacuums in its time, and rests while nobody works", async () => {
    const commands: string[] = [];
    const queue = new SessionQueue(fakeSession([], commands));
    const maintenance = startMaintenance(queue, times);
    await Bun.sleep(30);
    expect(commands).toEqual([]);
    await queue.enqueue(1, message("x".repeat(2_000)), () => {});
    const count = (command: string) => commands.filter((text) => text.endsWith(`${command};\n`)).length;
    while (count("checkpoint") === 0 || count("vacuum (analyze)") === 0) await Bun.sleep(5);
    await Bun.sleep(60);
    await maintenance.stop();
    expect([count("checkpoint"), count("vacuum (analyze)")]).toEqual([1, 1]);
  });

  test("waits until nobody is in the middle of something", async () => {
    const events: string[] = [];
    const queue = new SessionQueue({
      runExclusive: (work) => work(),
      async execProtocolRawStream(bytes, { onRawData }) {
        const text = new TextDecoder().decode(bytes.subarray(5, -1));
        events.push(text);
        onRawData(text === "begin" ? READY_IN_TRANSACTION : READY_IDLE);
      },
    });
    await queue.enqueue(1, message("begin"), () => {});
    const checkpoint = queue.enqueue(MAINTENANCE_CONNECTION, message("CHECKPOINT"), () => {});
    await queue.enqueue(1, message("commit"), () => {});
    await checkpoint;
    expect(events).toEqual(["begin", "commit", "CHECKPOINT"]);
  });
});
