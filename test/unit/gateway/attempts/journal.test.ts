import { describe, expect, test } from "bun:test";
import { type HowEnded, Journal } from "../../../../src/gateway/attempts/journal.ts";
import { target } from "../../../support/target.ts";

const LOCAL = target("local", "llama");
const CLOUD = target("openai", "gpt");

function setUp() {
  const told: string[] = [];
  const clock = { nowMs: 0 };
  const journal = new Journal(() => clock.nowMs);
  const permit = {
    kind: "permit",
    began: () => told.push("began"),
    end: (how: HowEnded) => told.push(typeof how === "string" ? how : how.category),
  } as const;
  return { told, clock, journal, permit };
}

describe("a journal", () => {
  test("has the attempts in their order, each with whole milliseconds, and counts those whose request was sent", () => {
    const { clock, journal, permit } = setUp();
    journal.pass(CLOUD, "circuit_open", 0);
    const turn = journal.begin(LOCAL, permit);
    expect([journal.attempts.length, journal.sentCount]).toEqual([1, 0]);
    turn.sent();
    turn.sent();
    expect([journal.attempts.length, journal.sentCount]).toEqual([1, 1]);
    clock.nowMs = 12.6;
    turn.end({ category: "timeout", message: "late" });
    turn.sent();
    journal.begin(LOCAL, permit).end({ category: "not_local", message: "elsewhere" });
    expect(journal.sentCount).toBe(1);
    expect(journal.attempts).toEqual([
      { provider: "openai", model: "gpt", result: "circuit_open", sent: false, durationMs: 0 },
      { provider: "local", model: "llama", result: "timeout", sent: true, durationMs: 13 },
      { provider: "local", model: "llama", result: "not_local", sent: false, durationMs: 0 },
    ]);
  });

  test("is bounded, and keeps the last one", () => {
    const { journal, permit } = setUp();
    for (let call = 0; call < 100; call++) {
      const turn = journal.begin(CLOUD, permit);
      turn.sent();
      turn.end("left");
    }
    journal.begin(LOCAL, permit).end("answered");
    expect([journal.attempts.length, journal.sentCount]).toEqual([64, 100]);
    expect(journal.attempts.at(-1)).toMatchObject({ provider: "local", result: "answered" });
  });

  test("ends what is under way after a bug, once", () => {
    const { told, journal, permit } = setUp();
    const turn = journal.begin(LOCAL, permit);
    journal.abandon();
    journal.abandon();
    turn.end("answered");
    expect(told).toEqual(["left"]);
    expect(journal.attempts).toMatchObject([{ result: "left" }]);
  });
});

describe("a turn", () => {
  test("tells once that it began, and not after its end", () => {
    const { told, journal, permit } = setUp();
    const turn = journal.begin(LOCAL, permit);
    turn.sent();
    turn.began();
    turn.began();
    turn.end("answered");
    journal.begin(LOCAL, permit).end("left");
    turn.began();
    expect(told).toEqual(["began", "answered", "left"]);
  });

  test("that says nothing of its provider is on record all the same", () => {
    const { told, journal, permit } = setUp();
    journal.begin(LOCAL, permit).end({ category: "timeout", message: "late" }, false);
    expect(told).toEqual(["left"]);
    expect(journal.attempts).toMatchObject([{ result: "timeout" }]);
  });

  test("that is answered without a call says nothing of its provider, and is on record all the same", () => {
    const { told, journal, permit } = setUp();
    journal.begin(LOCAL, permit).end("answered");
    expect(told).toEqual(["left"]);
    expect(journal.attempts).toMatchObject([{ result: "answered", sent: false }]);
  });
});
