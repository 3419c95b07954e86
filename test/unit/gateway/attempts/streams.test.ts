import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import type { Chunk, Logprob } from "../../../../src/core/chat.ts";
import type { OpenedStream, Unanswered } from "../../../../src/gateway/attempts/errand.ts";
import { MAX_STREAM_MS } from "../../../../src/gateway/attempts/limits.ts";
import { attemptDefaults } from "../../../support/attempt-defaults.ts";
import {
  type Behaviour,
  CLOUD,
  failsWith,
  inTurn,
  LOCAL,
  readRest,
  settle,
  setUpErrand,
  yields,
} from "../../../support/errands.ts";
import { endOf, fails, text, thenWaits, untilAborted } from "../../../support/fake-provider.ts";

const TWO = [CLOUD, LOCAL] as const;
const TIMES = { defaults: attemptDefaults(1_000, { firstTokenTimeoutMs: 500, idleTimeoutMs: 200, deadlineMs: 2_000 }) };
const HELD = { ...TIMES, delivery: "whole" } as const;
const RETRYING = { ...TIMES, attempts: { retries: 2 } };

const ROLE: Chunk = { kind: "raw", bytes: new Uint8Array([1]), opening: true };
const USED: Chunk = { kind: "usage", usage: { promptTokens: 1, completionTokens: 2 } };
const LIKELY: Chunk = { kind: "text", text: "x", logprobs: [{ token: "x".repeat(1_000_000) }] };
const LONG_CALL: Chunk = { kind: "tool_call", index: 0, id: "1", name: "x".repeat(1_000_000) };
const WHOLE = yields(text("whole"), endOf("llama"));

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

function opened(result: OpenedStream | Unanswered): OpenedStream {
  if (result.kind !== "opened") throw new Error(`it was not opened: ${result.kind}`);
  return result;
}

/** The chunks, each after so long. */
function slowly(...chunks: readonly (readonly [number, Chunk])[]): Behaviour {
  return async function* (call, signal) {
    for (const [waitMs, chunk] of chunks) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
      if (signal.aborted) break;
      yield chunk;
    }
    yield* untilAborted(call, signal);
  };
}

describe("a live stream", () => {
  test("is open once its model has written something, and its rest follows", async () => {
    const { open, openai, permits, journal } = setUpErrand(TIMES);
    openai.behaves(yields(text("one"), text("two"), endOf("gpt")));
    const stream = opened(await open(TWO));
    expect(stream.target).toEqual(CLOUD);
    expect<unknown>(await readRest(stream.rest)).toEqual([text("one"), text("two"), endOf("gpt")]);
    expect(permits).toEqual([{ provider: "openai", began: true, ends: [] }]);
    stream.turn.end("answered");
    expect([permits[0]?.ends, journal.attempts.length]).toEqual([["answered"], 1]);
  });

  test("gives what came before its first word with it, in order", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(yields(ROLE, USED, ROLE, text("one"), endOf("gpt")));
    const { rest } = opened(await open(TWO));
    expect<unknown>(await readRest(rest)).toEqual([ROLE, USED, ROLE, text("one"), endOf("gpt")]);
  });

  test("that is complete without a word is open too", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(yields(ROLE, endOf("gpt")));
    expect<unknown>(await readRest(opened(await open(TWO)).rest)).toEqual([ROLE, endOf("gpt")]);
  });

  test.each([
    ["fails", yields(ROLE, { kind: "failure", failure: { category: "upstream_error", message: "overloaded" } })],
    ["is cut", yields(ROLE, USED)],
    ["falls silent", thenWaits(ROLE)],
    ["says nothing", untilAborted],
    ["fails at once", () => fails("rate_limited")],
  ] as const)(
    "that %s before its first word goes to the next target, and shows nothing of the first",
    async (_, behaviour) => {
      const { open, openai, local, permits } = setUpErrand(TIMES);
      openai.behaves(behaviour);
      local.behaves(WHOLE);
      const stream = opened(await settle(open(TWO), jest));
      expect(stream.target).toEqual(LOCAL);
      expect<unknown>(await readRest(stream.rest)).toEqual([text("whole"), endOf("llama")]);
      expect(permits.map(({ began, ends }) => [began, ends.length])).toEqual([
        [false, 1],
        [true, 0],
      ]);
    },
  );

  test("that is cut before its first word is asked for again", async () => {
    const { open, openai } = setUpErrand(RETRYING);
    openai.behaves(inTurn(yields(ROLE), yields(ROLE, text("one"), endOf("gpt"))));
    const stream = opened(await settle(open(TWO), jest));
    expect(stream.target).toEqual(CLOUD);
    expect<unknown>(await readRest(stream.rest)).toEqual([ROLE, text("one"), endOf("gpt")]);
  });

  test("leaves no timer and no call behind where a bug comes up before its first word", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const endless: Record<string, Logprob> = {};
    endless["inner"] = endless;
    let upstream: AbortSignal | undefined;
    openai.behaves((call, signal) => {
      upstream = signal;
      return thenWaits({ kind: "text", text: "", logprobs: [endless], opening: true })(call, signal);
    });
    await expect(open(TWO)).rejects.toThrow();
    expect(upstream?.aborted).toBe(true);
  });

  test("that no target opens has failed as the last one", async () => {
    const { open, local, openai } = setUpErrand(TIMES);
    openai.behaves(() => fails("rate_limited", "first"));
    local.behaves(() => fails("unreachable", "last"));
    expect(await open(TWO)).toMatchObject({ kind: "failed", target: LOCAL, failure: { message: "last" } });
  });

  test("keeps back only so much before its first word", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const big: Chunk = { kind: "raw", bytes: new Uint8Array(400_000), opening: true };
    openai.behaves(thenWaits(big, big, big));
    const { rest } = opened(await open(TWO));
    expect([await rest.next(), await rest.next(), await rest.next()].map(({ kind }) => kind)).toEqual([
      "raw",
      "raw",
      "raw",
    ]);
    await rest.close();
  });

  test("that is hung up on gives nothing of what was kept back any more", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(thenWaits(ROLE, text("one"), text("two")));
    const { rest } = opened(await open(TWO));
    rest.hangUp();
    expect((await rest.next()).kind).not.toBe("raw");
    await rest.close();
  });
});

describe("the limits of a live stream", () => {
  test("let a bare keep-alive not stand for a first word", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(slowly([300, { kind: "alive" }], [150, { kind: "alive" }], [100, text("late")]));
    const startedMs = performance.now();
    expect(await settle(open([CLOUD]), jest)).toMatchObject({
      kind: "failed",
      failure: {
        category: "timeout",
        message:
          "The provider did not begin to answer within 0.5 s (PROVIDER_FIRST_TOKEN_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
      },
    });
    expect(performance.now() - startedMs).toBe(500);
  });

  test("let what opens a stream not stand for a first word either", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(slowly([300, ROLE], [250, text("late")]));
    expect(await settle(open([CLOUD]), jest)).toMatchObject({ failure: { category: "timeout" } });
  });

  test("count silences only, once the model is at work unseen, and also beyond the deadline", async () => {
    const { open, openai, permits } = setUpErrand(TIMES);
    const thinking = Array.from({ length: 20 }, () => [150, { kind: "alive", working: true }] as const);
    openai.behaves(slowly(...thinking, [150, text("at last")], [10, endOf("gpt")]));
    const startedMs = performance.now();
    const stream = opened(await settle(open([CLOUD]), jest));
    expect(performance.now() - startedMs).toBe(3_150);
    expect(permits[0]?.began).toBe(true);
    expect<unknown>(await settle(readRest(stream.rest), jest)).toEqual([text("at last"), endOf("gpt")]);
  });

  test("end it where the model at work falls silent, and then nobody is asked after the deadline", async () => {
    const { open, openai, local } = setUpErrand(TIMES);
    const thinking = Array.from({ length: 20 }, () => [150, { kind: "alive", working: true }] as const);
    openai.behaves(slowly(...thinking));
    expect(await settle(open(TWO), jest)).toMatchObject({
      target: CLOUD,
      failure: {
        category: "timeout",
        message: "The provider was silent for 0.2 s (PROVIDER_IDLE_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
      },
    });
    expect(local.calls).toEqual([]);
  });

  test("let no stream be alive for ever", async () => {
    const { open, openai } = setUpErrand(TIMES);
    let isOver = false;
    openai.behaves(async function* (call, signal) {
      yield { kind: "alive", working: true };
      while (!signal.aborted) yield* slowlyAlive(call, signal);
      isOver = true;
      yield { kind: "failure", failure: { category: "unreachable", message: "cut" } };
    });
    const startedMs = performance.now();
    expect(await settle(open([CLOUD]), jest)).toMatchObject({
      failure: { category: "timeout", message: "The answer was not complete after 60 minutes." },
    });
    expect([isOver, performance.now() - startedMs]).toEqual([true, MAX_STREAM_MS]);
  });

  async function* slowlyAlive(_: unknown, signal: AbortSignal): AsyncIterable<Chunk> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 199);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    if (!signal.aborted) yield { kind: "alive", working: true };
  }

  test("let a bare keep-alive stand for words no longer than for a first one", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const kept = Array.from({ length: 10 }, () => [150, { kind: "alive" }] as const);
    openai.behaves(slowly([0, text("one")], ...kept, [0, text("two")], [0, endOf("gpt")]));
    const { rest } = opened(await settle(open([CLOUD]), jest));
    const startedMs = performance.now();
    expect<unknown>(await settle(readRest(rest), jest)).toEqual([
      text("one"),
      {
        kind: "failure",
        failure: {
          category: "timeout",
          message:
            "The provider kept the stream open and said no more for 0.5 s (PROVIDER_FIRST_TOKEN_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
        },
      },
    ]);
    expect(performance.now() - startedMs).toBe(650);
  });

  test("let it stand for words again after each, and after each sign of work", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const kept = Array.from({ length: 3 }, () => [150, { kind: "alive" }] as const);
    const working = [150, { kind: "alive", working: true }] as const;
    openai.behaves(slowly([0, text("one")], ...kept, [40, text("two")], ...kept, working, ...kept, [40, endOf("gpt")]));
    const { rest } = opened(await settle(open([CLOUD]), jest));
    expect<unknown>(await settle(readRest(rest), jest)).toEqual([text("one"), text("two"), endOf("gpt")]);
  });

  test("end one that begins and falls silent, and its upstream call with it", async () => {
    const { open, openai } = setUpErrand(TIMES);
    let upstream: AbortSignal | undefined;
    openai.behaves((call, signal) => {
      upstream = signal;
      return thenWaits(text("one"))(call, signal);
    });
    const { rest } = opened(await open([CLOUD]));
    expect<unknown>(await settle(readRest(rest), jest)).toMatchObject([
      text("one"),
      { failure: { category: "timeout" } },
    ]);
    expect(upstream?.aborted).toBe(true);
    await rest.close();
  });

  test("do not count the time that its reader takes", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(async function* (_, signal) {
      yield text("one");
      yield signal.aborted ? text("too late") : endOf("gpt");
    });
    const { rest } = opened(await open([CLOUD]));
    await rest.next();
    jest.advanceTimersByTime(60_000);
    expect(await rest.next()).toEqual(endOf("gpt"));
  });

  test("that were over give no word that comes just then", async () => {
    const { open, openai } = setUpErrand(TIMES);
    openai.behaves(async function* (_, signal) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield text("too late");
    });
    expect(await settle(open([CLOUD]), jest)).toMatchObject({ failure: { category: "timeout" } });
  });
});

describe("a stream that is closed", () => {
  function watched(...chunks: readonly Chunk[]) {
    const seen: string[] = [];
    const behaviour: Behaviour = async function* (_, signal) {
      signal.addEventListener("abort", () => seen.push("hung up"));
      try {
        yield* chunks;
      } finally {
        seen.push("cleaned up");
      }
    };
    return { seen, behaviour };
  }

  test("ends its upstream call and lets the provider clean up", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const { seen, behaviour } = watched(text("one"), text("two"));
    openai.behaves(behaviour);
    await opened(await open([CLOUD])).rest.close();
    expect(seen).toEqual(["hung up", "cleaned up"]);
  });

  test("since it failed before it began ends its upstream call too", async () => {
    const { open, openai } = setUpErrand(TIMES);
    const { seen, behaviour } = watched(
      { kind: "failure", failure: { category: "upstream_error", message: "said in the stream" } },
      text("never read"),
    );
    openai.behaves(behaviour);
    expect(await open([CLOUD])).toMatchObject({ kind: "failed" });
    expect(seen).toEqual(["hung up", "cleaned up"]);
  });
});

describe("a stream that is delivered whole", () => {
  test("gives the same pieces as it came in, once it is complete, and its place is free by then", async () => {
    const { open, openai, permits } = setUpErrand(HELD);
    const chunks: Chunk[] = [ROLE, text("one"), USED, text("two")];
    openai.behaves(yields(...chunks, endOf("gpt")));
    const stream = opened(await open(TWO));
    expect([stream.target, permits]).toEqual([CLOUD, [{ provider: "openai", began: true, ends: ["answered"] }]]);
    expect<unknown>(await readRest(stream.rest)).toEqual([...chunks, endOf("gpt")]);
    stream.turn.end("left");
    expect(permits[0]?.ends).toEqual(["answered"]);
  });

  test.each([
    ["is cut", yields(text("half an answ"))],
    ["fails", yields(text("half"), { kind: "failure", failure: { category: "upstream_error", message: "broken" } })],
    ["fails at once", failsWith("unreachable")],
    ["stalls", thenWaits(text("half"))],
    ["is too large", yields(...Array.from({ length: 20 }, () => text("x".repeat(1_000_000))), endOf("gpt"))],
    ["has too many other tokens beside its own", yields(...Array.from({ length: 20 }, () => LIKELY), endOf("gpt"))],
    ["calls too long a name", yields(...Array.from({ length: 20 }, () => LONG_CALL), endOf("gpt"))],
  ] as const)("starts again at the next target where one %s, and shows nothing of the first", async (_, behaviour) => {
    const { open, openai, local } = setUpErrand(HELD);
    openai.behaves(behaviour);
    local.behaves(WHOLE);
    const stream = opened(await settle(open(TWO), jest));
    expect(stream.target).toEqual(LOCAL);
    expect<unknown>(await readRest(stream.rest)).toEqual([text("whole"), endOf("llama")]);
  });

  test("starts again at the same target where one is cut, and at the next where it stalls then", async () => {
    const { open, openai, local, results } = setUpErrand({ ...HELD, attempts: { retries: 2 } });
    openai.behaves(inTurn(yields(text("half an answ")), thenWaits(text("half"))));
    local.behaves(WHOLE);
    expect(opened(await settle(open(TWO), jest)).target).toEqual(LOCAL);
    expect(results()).toEqual([
      ["openai", "malformed_response"],
      ["openai", "timeout"],
      ["local", "answered"],
    ]);
  });

  test("fails where every target does, with the last one's failure", async () => {
    const { open, openai, local } = setUpErrand(HELD);
    openai.behaves(yields(text("half")));
    local.behaves(() => fails("rate_limited"));
    expect(await open(TWO)).toMatchObject({ kind: "failed", target: LOCAL, failure: { category: "rate_limited" } });
  });

  test("has until the deadline for all of it, however lively it is", async () => {
    const { open, openai, local } = setUpErrand(HELD);
    openai.behaves(slowly(...Array.from({ length: 30 }, () => [100, text("word ")] as const)));
    const startedMs = performance.now();
    expect(await settle(open(TWO), jest)).toMatchObject({
      kind: "failed",
      target: CLOUD,
      failure: { category: "timeout", message: expect.stringContaining("2 s of the request") },
    });
    expect([performance.now() - startedMs, local.calls]).toEqual([2_000, []]);
  });

  test("is aborted with its caller while it is held", async () => {
    const { open, openai, local, caller, permits } = setUpErrand(HELD);
    openai.behaves(thenWaits(text("half")));
    const opening = open(TWO);
    setTimeout(() => caller.abort(), 5);
    expect(await settle(opening, jest)).toMatchObject({ kind: "aborted", target: CLOUD });
    expect([local.calls, permits[0]?.ends]).toEqual([[], ["left"]]);
  });

  test("ends as cut for whoever hangs up on it", async () => {
    const { open, openai } = setUpErrand(HELD);
    openai.behaves(yields(text("one"), text("two"), endOf("gpt")));
    const { rest } = opened(await open(TWO));
    rest.hangUp();
    expect(await rest.next()).toMatchObject({ kind: "failure" });
  });
});
