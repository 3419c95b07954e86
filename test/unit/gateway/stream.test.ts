import { afterEach, describe, expect, jest, spyOn, test } from "bun:test";
import type { AttemptResult } from "../../../src/audit/event.ts";
import type { ChatRequest, Chunk, ContentChunk, EndChunk } from "../../../src/core/chat.ts";
import { NO_USAGE } from "../../../src/core/chat.ts";
import { MAX_STREAM_MS } from "../../../src/gateway/attempts/limits.ts";
import { CUT } from "../../../src/gateway/collect.ts";
import type { Deps } from "../../../src/gateway/deps.ts";
import { admit, answerStream } from "../../../src/gateway/handle-chat.ts";
import { InFlight } from "../../../src/gateway/in-flight.ts";
import type { AnswerStream, Judge, StreamEvent } from "../../../src/gateway/stream.ts";
import { attemptDefaults } from "../../support/attempt-defaults.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";
import { watchedTraffic } from "../../support/errands.ts";
import { answer, type Call, endOf, fails, text, thenWaits, untilAborted } from "../../support/fake-provider.ts";
import { until } from "../../support/until.ts";

const HELLO = chatRequest("hello", { streamed: true });
const USAGE = { promptTokens: 3, completionTokens: 1 };
const USED: Chunk = { kind: "usage", usage: USAGE };
const SHORT_MS = 20;

type Behaviour = (call: Call, signal: AbortSignal) => AsyncIterable<Chunk>;

/** The local provider behaves as told; `begin` runs both halves of the pipeline and must end with a stream. */
function setUp(behaviour: Behaviour, overrides: Partial<Deps> = {}, encoderOf: () => Judge = () => ({})) {
  const fakes = fakeDeps(overrides);
  const upstream: AbortSignal[] = [];
  fakes.local.behaves((call, signal) => {
    upstream.push(signal);
    return behaviour(call, signal);
  });
  const caller = new AbortController();
  const requestId = Bun.randomUUIDv7();
  const start = async (request: ChatRequest = HELLO) => {
    const admitted = await admit(fakes.deps, request, { requestId, signal: caller.signal, caller: "a", labels: {} });
    if (admitted.kind === "abandoned") throw new Error("abandoned too early");
    return admitted.kind === "refused" ? admitted : answerStream(fakes.deps, admitted, encoderOf);
  };
  const begin = async (): Promise<AnswerStream> => {
    const started = await start();
    if (started.kind !== "stream") throw new Error(`it did not begin: ${started.error.code}`);
    return started;
  };
  const outcome = () => fakes.audit.outcomes.get(requestId);
  return { ...fakes, caller, requestId, upstream, start, begin, outcome };
}

async function readAll(stream: AnswerStream, onEvent: (event: StreamEvent) => void = () => {}) {
  const events: StreamEvent[] = [];
  for (let event = await stream.next(); event !== null; event = await stream.next()) {
    onEvent(event);
    events.push(event);
  }
  return events;
}

/** Yields the chunks and stops, as a well-behaved provider does after `end` or `failure`. */
const yields = (...chunks: readonly Chunk[]) =>
  async function* (): AsyncIterable<Chunk> {
    yield* chunks;
  };

const GOOD = yields(text("one"), text("two"), USED, endOf("llama"));
const failure = (category: "upstream_error" | "timeout", message = "it failed"): Chunk => ({
  kind: "failure",
  failure: { category, message },
});

describe("a stream", () => {
  test("says who answers and why before anything of it is read", async () => {
    const { begin, requestId } = setUp(GOOD);
    expect((await begin()).head).toEqual({
      requestId,
      provider: "local",
      model: "local-default",
      reasonCodes: ["cost_prefer_local"],
      attemptCount: 1,
    });
  });

  test("gives every chunk as it came and the end last", async () => {
    const chunks: (ContentChunk | EndChunk)[] = [
      { kind: "thinking", text: "hm" },
      { kind: "text", text: "one", logprobs: [{ token: "one" }] },
      { kind: "tool_call", index: 0, id: "a", name: "weather" },
      { kind: "tool_arguments", index: 0, text: "{}" },
      { kind: "raw", bytes: new Uint8Array([1]) },
      { ...endOf("llama"), tail: new Uint8Array([2]) },
    ];
    const { begin } = setUp(yields(...chunks));
    expect(await readAll(await begin())).toEqual(chunks);
  });

  test("is on record with its intent before the call and its outcome before its end is given", async () => {
    const { begin, audit } = setUp(GOOD);
    await readAll(await begin(), (event) => audit.journal.push(event.kind));
    expect(audit.journal).toEqual(["intent", "call local", "text", "text", "outcome", "end"]);
  });

  test("has the model and the usage of its end on record, and is told of once", async () => {
    const { begin, requestId, outcome, telemetry, audit } = setUp(GOOD);
    await readAll(await begin());
    expect(audit.intents.get(requestId)?.streamed).toBe(true);
    expect(outcome()).toEqual({
      requestId,
      completedAt: expect.any(Date),
      status: "succeeded",
      provider: "local",
      zone: "local",
      model: "llama",
      costMicros: 0,
      failureCategory: null,
      attempts: [
        { provider: "local", model: "local-default", result: "answered", sent: true, durationMs: expect.any(Number) },
      ],
      usage: { promptTokens: 3, completionTokens: 5 },
      latencyMs: expect.any(Number),
    });
    expect(telemetry.finished).toEqual([
      {
        requestId,
        surface: "native",
        streamed: true,
        decision: "route",
        status: "succeeded",
        provider: "local",
        model: "llama",
        reasonCodes: ["cost_prefer_local"],
        findings: {},
        rule: "short-prompt",
        policyHash: expect.stringMatching(/^sha256:/),
        shadowDiffers: null,
        failureCategory: null,
        failureDetail: null,
        errorCode: null,
        attempts: [
          { provider: "local", model: "local-default", result: "answered", sent: true, durationMs: expect.any(Number) },
        ],
        durationsMs: expect.any(Object),
        totalMs: expect.any(Number),
      },
    ]);
  });

  test("gives an error in place of its end where that cannot be recorded", async () => {
    const { begin, audit, telemetry } = setUp(GOOD);
    audit.failing.outcome = true;
    expect(await readAll(await begin())).toEqual([
      text("one"),
      text("two"),
      {
        kind: "error",
        error: {
          code: "audit.unavailable",
          message:
            "The audit event could not be put on record, or cannot be read; an answer, or the rest of it, is withheld.",
          field: null,
          retryAfterMs: 1_000,
        },
      },
    ]);
    expect(telemetry.auditFailures.map(({ step }) => step)).toEqual(["outcome"]);
    expect(telemetry.finished.map(({ status }) => status)).toEqual(["audit_unavailable"]);
  });

  test("gives nothing any more after its end", async () => {
    const { begin } = setUp(GOOD);
    const stream = await begin();
    await readAll(stream);
    expect([await stream.next(), await stream.next()]).toEqual([null, null]);
  });

  test("reads of the provider only what is read of it", async () => {
    let pulled = 0;
    const { begin } = setUp(async function* () {
      while (pulled < 1_000) yield text(`${++pulled}`);
    });
    const stream = await begin();
    await Bun.sleep(5);
    expect(pulled).toBe(1);
    expect(await stream.next()).toEqual(text("1"));
    await Bun.sleep(5);
    expect(pulled).toBe(1);
    expect(await stream.next()).toEqual(text("2"));
    await Bun.sleep(5);
    expect(pulled).toBe(2);
    stream.cancel();
  });

  test.each([
    ["its end, and leaves its connection to the next", endOf("llama"), false],
    ["an error, and hangs up", failure("upstream_error"), true],
  ] as const)("lets the provider clean up after %s, without another read", async (_name, last, hangsUp) => {
    const seen: string[] = [];
    const { begin, upstream } = setUp(async function* (): AsyncIterable<Chunk> {
      try {
        yield text("one");
        yield last;
      } finally {
        seen.push("cleaned up");
      }
    });
    const stream = await begin();
    await stream.next();
    expect(await stream.next()).toHaveProperty("kind", hangsUp ? "error" : "end");
    await Bun.sleep(5);
    expect([seen, upstream[0]?.aborted]).toEqual([["cleaned up"], hangsUp]);
  });
});

describe("a stream whose client cannot be given what comes", () => {
  const UNFIT = {
    code: "provider.malformed_response",
    message: "no word for it",
    field: null,
    retryAfterMs: null,
  } as const;

  test.each([
    ["a chunk", "text", []],
    ["the end", "end", [text("one")]],
  ] as const)("for %s fails, and its row with it", async (_what, kind, before) => {
    const judge = { unfit: (next: { kind: string }) => (next.kind === kind ? UNFIT : null) };
    const { begin, outcome, upstream } = setUp(
      async function* (call) {
        yield text("one");
        yield USED;
        yield endOf(call.target.model);
      },
      {},
      () => judge,
    );
    const stream = await begin();
    const events = [];
    for (let event = await stream.next(); event !== null; event = await stream.next()) events.push(event);
    expect(events).toEqual([...before, { kind: "error", error: UNFIT }]);
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "malformed_response" });
    // At its end the upstream call is over by itself.
    expect(upstream[0]?.aborted).toBe(kind !== "end");
  });

  test("for a bug of who writes it fails, once, and hangs up", async () => {
    const { begin, outcome, upstream, telemetry } = setUp(thenWaits(text("one"), text("two")));
    const stream = await begin();
    await stream.next();
    stream.fail(new Error("bug"));
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: null });
    expect([telemetry.bugs.length, telemetry.finished.length, upstream[0]?.aborted]).toEqual([1, 1, true]);
  });

  test("keeps the row that it has once it is at its end", async () => {
    const { begin, outcome, telemetry } = setUp((call) => answer("one", call.target.model));
    const stream = await begin();
    while ((await stream.next()) !== null);
    stream.fail(new Error("bug"));
    expect(outcome()?.status).toBe("succeeded");
    expect([telemetry.bugs.length, telemetry.finished.length]).toEqual([1, 1]);
  });
});

describe("the end of the process", () => {
  const STOPPING = { kind: "error", error: expect.objectContaining({ code: "gateway.stopping" }) };

  test("tells a stream that it is over, and is not taken for the reader's doing", async () => {
    const { begin, outcome, deps, upstream } = setUp(thenWaits(text("one"), USED));
    const stream = await begin();
    expect(await stream.next()).toEqual(text("one"));
    const pending = stream.next();
    deps.inFlight.cutAll();
    expect<unknown>(await pending).toEqual(STOPPING);
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: null, usage: USAGE });
    expect(upstream[0]?.aborted).toBe(true);
  });

  test("settles a stream that nobody reads", async () => {
    const { begin, outcome, deps } = setUp(thenWaits(text("one"), text("two")));
    await begin();
    deps.inFlight.cutAll();
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("failed");
  });

  test("refuses a stream that has not begun", async () => {
    const { start, outcome, deps } = setUp(untilAborted);
    const pending = start();
    await Bun.sleep(0);
    deps.inFlight.cutAll();
    expect(await pending).toMatchObject({ kind: "refused", error: { code: "gateway.stopping" } });
    expect(outcome()?.status).toBe("failed");
  });

  test("leaves alone what is at its end, and keeps nothing of it", async () => {
    const { begin, outcome, deps } = setUp((call) => answer("one", call.target.model));
    const stream = await begin();
    while ((await stream.next()) !== null);
    deps.inFlight.cutAll();
    expect(outcome()?.status).toBe("succeeded");
  });
});

describe("a stream that fails", () => {
  test("before its first chunk is refused with its error and its row", async () => {
    const { start, outcome, requestId } = setUp(() => fails("rate_limited", "slow down"));
    expect(await start()).toEqual({
      kind: "refused",
      head: {
        requestId,
        provider: "local",
        model: "local-default",
        reasonCodes: ["cost_prefer_local"],
        attemptCount: 1,
      },
      overheadMs: expect.any(Number),
      error: { code: "provider.rate_limited", message: "slow down", field: null, retryAfterMs: null },
    });
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "rate_limited", usage: NO_USAGE });
  });

  test("before its first chunk is refused as not recorded where its row cannot be written", async () => {
    const { start, audit } = setUp(() => fails("rate_limited"));
    audit.failing.outcome = true;
    expect(await start()).toMatchObject({ kind: "refused", error: { code: "audit.unavailable" } });
  });

  test("later gives what came and then one error, and its row is failed with the usage known", async () => {
    const { begin, outcome, telemetry } = setUp(yields(text("one"), USED, failure("upstream_error")));
    expect(await readAll(await begin())).toEqual([
      text("one"),
      {
        kind: "error",
        error: { code: "provider.upstream_error", message: "it failed", field: null, retryAfterMs: null },
      },
    ]);
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "upstream_error", usage: USAGE });
    expect(telemetry.finished).toMatchObject([{ status: "failed", errorCode: "provider.upstream_error" }]);
  });

  test("by stopping without an end was cut, and is not taken for whole", async () => {
    const { begin, outcome } = setUp(yields(text("one")));
    expect(await readAll(await begin())).toEqual([
      text("one"),
      {
        kind: "error",
        error: { code: "provider.malformed_response", message: CUT.message, field: null, retryAfterMs: null },
      },
    ]);
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "malformed_response" });
  });

  test("by a bug of the provider's ends with an error that hides it, and a failed row", async () => {
    const { begin, outcome, telemetry } = setUp(async function* () {
      yield text("one");
      yield USED;
      throw new Error("bug with the prompt inside");
    });
    const events = await readAll(await begin());
    expect(events).toMatchObject([text("one"), { kind: "error", error: { code: "gateway.internal" } }]);
    expect(JSON.stringify(events)).not.toContain("bug with");
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: null, usage: USAGE });
    expect(telemetry.bugs).toHaveLength(1);
    expect(telemetry.finished).toHaveLength(1);
  });

  test.each([
    [
      "when it is called",
      () => {
        throw new Error("bug");
      },
    ],
    [
      "before its first chunk",
      // biome-ignore lint/correctness/useYield: the bug is that it never comes to that.
      async function* (): AsyncIterable<Chunk> {
        throw new Error("bug");
      },
    ],
  ] as const)("by a bug of the provider's %s is refused, and its row is failed", async (_name, behaviour) => {
    const { start, outcome, telemetry } = setUp(behaviour);
    expect(await start()).toMatchObject({ kind: "refused", error: { code: "gateway.internal" } });
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: null });
    expect(telemetry.bugs).toHaveLength(1);
  });

  test("by a bug of the provider's as it cleans up has given its end and throws nothing", async () => {
    const { begin, audit } = setUp(async function* () {
      try {
        yield text("one");
        yield endOf("llama");
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is the bug.
        throw new Error("bug");
      }
    });
    expect(await readAll(await begin())).toEqual([text("one"), endOf("llama")]);
    expect(audit.outcomes.size).toBe(1);
  });

  test("is refused without a call where a zone was forbidden after the plan was made", async () => {
    const { deps, audit, telemetry, local, active } = fakeDeps();
    const providers = new Map([...active.providers, ["local", { ...local.provider, zone: "cloud" }]]);
    const request = chatRequest("a secret", { streamed: true });
    const call = { requestId: Bun.randomUUIDv7(), signal: new AbortController().signal, caller: "a", labels: {} };
    const admitted = await admit(deps, request, call);
    if (admitted.kind !== "admitted") throw new Error("it was refused too early");
    const started = await answerStream(
      deps,
      { ...admitted, decided: { ...admitted.decided, active: { ...active, providers } } },
      () => ({}),
    );
    expect(started).toMatchObject({ kind: "refused", error: { code: "gateway.internal" } });
    expect([local.calls, telemetry.bugs.length]).toEqual([[], 1]);
    expect(audit.outcomes.get(call.requestId)?.status).toBe("failed");
  });

  test("whose writer cannot be made is refused, and its upstream call ends", async () => {
    const { start, telemetry, upstream, outcome } = setUp(thenWaits(text("one")), {}, () => {
      throw new Error("a bug");
    });
    expect(await start()).toMatchObject({ kind: "refused", error: { code: "gateway.internal" } });
    expect([upstream[0]?.aborted, telemetry.bugs.length]).toEqual([true, 1]);
    expect(outcome()).toMatchObject({ status: "failed", attempts: [{ result: "left" }] });
  });

  test("is in flight until its end, and no longer", async () => {
    const inFlight = new InFlight();
    const under = new Set<() => void>();
    spyOn(inFlight, "add").mockImplementation((cut) => {
      under.add(cut);
      return () => under.delete(cut);
    });
    const { begin } = setUp(GOOD, { inFlight });
    const stream = await begin();
    expect(under.size).toBe(1);
    await readAll(stream);
    expect(under.size).toBe(0);
  });

  test("is not begun where its intent cannot be recorded", async () => {
    const { start, audit, local } = setUp(GOOD);
    audit.failing.intent = true;
    expect(await start()).toMatchObject({ kind: "refused", error: { code: "audit.unavailable" } });
    expect(local.calls).toEqual([]);
  });
});

type Leave = (given: { readonly caller: AbortController; readonly stream: AnswerStream }) => void;
const WAYS_TO_LEAVE: readonly (readonly [string, Leave])[] = [
  ["hangs up", ({ caller }) => caller.abort()],
  ["cancels", ({ stream }) => stream.cancel()],
  [
    "does both",
    ({ caller, stream }) => {
      stream.cancel();
      caller.abort();
      stream.cancel();
    },
  ],
];

describe.each(WAYS_TO_LEAVE)("a reader who %s", (_name, leave) => {
  const WAITING = thenWaits(text("one"), USED, text("two"));

  async function leaving(behaviour: Behaviour, reads: number, bugs = 0) {
    const fakes = setUp(behaviour);
    const stream = await fakes.begin();
    for (let read = 0; read < reads; read++) await stream.next();
    const before = fakes.upstream[0]?.aborted;
    leave({ caller: fakes.caller, stream });
    expect([before, fakes.upstream[0]?.aborted]).toEqual([false, true]);
    await until(() => fakes.outcome() !== undefined, "the row");
    // A second outcome would come soon after the first, and the store takes none.
    await Bun.sleep(5);
    expect(fakes.telemetry.bugs).toHaveLength(bugs);
    expect(fakes.telemetry.finished.map(({ status }) => status)).toEqual(["client_aborted"]);
    return { ...fakes, stream };
  }

  test.each([
    ["before the first read", 0, NO_USAGE],
    ["while a chunk waits to be read", 1, USAGE],
    ["after the last chunk", 2, USAGE],
  ])("%s ends the upstream call and the row, without anybody reading on", async (_when, reads, usage) => {
    const { requestId, outcome } = await leaving(WAITING, reads);
    expect(outcome()).toEqual({
      requestId,
      completedAt: expect.any(Date),
      status: "client_aborted",
      provider: "local",
      zone: "local",
      model: "local-default",
      costMicros: 0,
      failureCategory: null,
      attempts: [
        { provider: "local", model: "local-default", result: "left", sent: true, durationMs: expect.any(Number) },
      ],
      usage,
      latencyMs: expect.any(Number),
    });
  });

  test("from a provider that goes on talking has its row all the same", async () => {
    const { outcome } = await leaving(async function* () {
      yield USED;
      // An end of its own, so that a stream that would not stop fails the test and does not hang it.
      for (let count = 0; count < 1_000; count++) yield text("more");
    }, 3);
    expect(outcome()).toMatchObject({ status: "client_aborted", usage: USAGE });
  });

  test("gets nothing any more", async () => {
    const { stream } = await leaving(WAITING, 1);
    expect(await stream.next()).toBeNull();
  });

  test("while a read is open ends that read and the row", async () => {
    const fakes = setUp(WAITING);
    const stream = await fakes.begin();
    await stream.next();
    await stream.next();
    const open = stream.next();
    leave({ caller: fakes.caller, stream });
    expect(await open).toMatchObject({ kind: "error", error: { code: "request.aborted" } });
    expect(await stream.next()).toBeNull();
    expect(fakes.outcome()).toMatchObject({ status: "client_aborted", usage: USAGE });
    expect(fakes.telemetry.finished).toHaveLength(1);
  });

  test("after the end changes nothing of what is on record", async () => {
    const fakes = setUp(GOOD);
    const stream = await fakes.begin();
    await readAll(stream);
    leave({ caller: fakes.caller, stream });
    await Bun.sleep(5);
    expect(fakes.outcome()?.status).toBe("succeeded");
    expect([fakes.telemetry.finished.length, fakes.telemetry.bugs.length]).toEqual([1, 0]);
  });

  test("is no unhandled error where the provider has a bug as it cleans up", async () => {
    const { outcome } = await leaving(
      async function* (call, signal) {
        try {
          yield* WAITING(call, signal);
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is the bug.
          throw new Error("bug");
        }
      },
      1,
      1,
    );
    expect(outcome()?.status).toBe("client_aborted");
  });

  test("is no unhandled error where the outcome cannot even be put together, and that is tried once", async () => {
    const fakes = setUp(WAITING);
    const stream = await fakes.begin();
    const recording = spyOn(fakes.audit.store, "recordOutcome").mockRejectedValue(new Error("bug"));
    leave({ caller: fakes.caller, stream });
    await stream.settled;
    await until(() => fakes.telemetry.bugs.length > 0, "the bug is told");
    expect(recording).toHaveBeenCalledTimes(1);
    expect(fakes.upstream[0]?.aborted).toBe(true);
  });

  test("is told of the row that could not be written by nobody, and telemetry is", async () => {
    const fakes = setUp(WAITING);
    const stream = await fakes.begin();
    fakes.audit.failing.outcome = true;
    leave({ caller: fakes.caller, stream });
    await until(() => fakes.telemetry.finished.length > 0, "the end is told");
    expect(fakes.telemetry.auditFailures.map(({ step }) => step)).toEqual(["outcome"]);
    expect(fakes.telemetry.finished.map(({ status }) => status)).toEqual(["audit_unavailable"]);
  });
});

describe("a caller who leaves while a stream opens", () => {
  test("ends the upstream call and the row", async () => {
    const called = Promise.withResolvers<AbortSignal>();
    const { start, caller, outcome } = setUp((call, signal) => {
      called.resolve(signal);
      return untilAborted(call, signal);
    });
    const starting = start();
    const signal = await called.promise;
    caller.abort();
    expect(signal.aborted).toBe(true);
    expect(await starting).toMatchObject({ kind: "refused", error: { code: "request.aborted" } });
    expect(outcome()?.status).toBe("client_aborted");
  });

  test("at the moment that it opens has a row that says so", async () => {
    const { start, caller, outcome } = setUp(async function* () {
      caller.abort();
      yield text("one");
      yield text("two");
    });
    await start();
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
  });
});

describe("what a stream leaves behind", () => {
  test("is settled only when its row is and its provider has cleaned up, read to its end or not", async () => {
    for (const finish of ["read", "cancel"] as const) {
      const seen: string[] = [];
      const fakes = setUp(async function* () {
        try {
          yield text("one");
          yield text("two");
          yield endOf("llama");
        } finally {
          await Bun.sleep(1);
          seen.push("cleaned up");
        }
      });
      const stream = await fakes.begin();
      void stream.settled.then(() => seen.push("settled"));
      await stream.next();
      expect(seen).toEqual([]);
      if (finish === "cancel") stream.cancel();
      else await readAll(stream);
      await stream.settled;
      expect(seen).toEqual(["cleaned up", "settled"]);
      expect(fakes.outcome()?.status).toBe(finish === "cancel" ? "client_aborted" : "succeeded");
    }
  });

  type Left = (given: ReturnType<typeof setUp>, stream: AnswerStream) => void;
  const leaves: Left = (_, stream) => stream.cancel();
  test.each<readonly [string, Behaviour, AttemptResult, Left | null]>([
    ["answered", GOOD, "answered", null],
    ["fails", yields(text("one"), failure("upstream_error")), "upstream_error", null],
    ["is cut", yields(text("one")), "malformed_response", null],
    ["is left", thenWaits(text("one")), "left", leaves],
    ["has a bug", thenWaits(text("one")), "left", (_, stream) => stream.fail(new Error("bug"))],
    ["is drained", thenWaits(text("one")), "left", ({ deps }) => deps.inFlight.cutAll()],
  ])("is one end of its call, and the same in its row: where it %s", async (_what, behaviour, result, leave) => {
    const watched = watchedTraffic();
    const fakes = setUp(behaviour, { traffic: watched.traffic });
    const stream = await fakes.begin();
    await stream.next();
    expect(watched.permits).toEqual([{ provider: "local", began: true, ends: [] }]);
    leave?.(fakes, stream);
    await readAll(stream);
    await stream.settled;
    const [end, ...others] = watched.permits[0]?.ends ?? [];
    expect([typeof end === "object" ? end.category : end, others]).toEqual([result, []]);
    expect(fakes.outcome()?.attempts).toMatchObject([{ result }]);
    expect(fakes.telemetry.finished[0]?.attempts).toMatchObject([{ result }]);
  });

  test("is told of events that were left out of it", async () => {
    const { begin, telemetry, requestId } = setUp(yields(text("one"), { ...endOf("llama"), skippedEvents: 2 }));
    await readAll(await begin());
    expect(telemetry.skipped).toEqual([{ requestId, provider: "local", model: "local-default", count: 2 }]);
  });
});

describe("two targets", () => {
  /** The plan of the built-in policy has one target only; this gives it a second. */
  async function startWithTwo(behaviour: Behaviour) {
    const fakes = fakeDeps();
    fakes.local.behaves(behaviour);
    const call = { requestId: Bun.randomUUIDv7(), signal: new AbortController().signal, caller: "a", labels: {} };
    const first = await admit(fakes.deps, HELLO, call);
    const second = await admit(fakes.deps, chatRequest("x".repeat(11)), { ...call, requestId: Bun.randomUUIDv7() });
    if (first.kind !== "admitted" || second.kind !== "admitted") throw new Error("refused too early");
    const started = await answerStream(
      fakes.deps,
      { ...first, targets: [first.targets[0], second.targets[0]] },
      () => ({}),
    );
    return { ...fakes, started, outcome: () => fakes.audit.outcomes.get(call.requestId) };
  }

  test("the second answers when the first fails before its first chunk", async () => {
    const { started, openai, telemetry, outcome } = await startWithTwo(() => fails("rate_limited"));
    if (started.kind !== "stream") throw new Error("it did not begin");
    expect(telemetry.attempts).toMatchObject([
      { provider: "local", category: "rate_limited", again: false, waitMs: 0 },
    ]);
    expect(started.head).toMatchObject({ provider: "openai", model: "openai-default", attemptCount: 2 });
    expect(await readAll(started)).toEqual([text("from openai"), endOf("openai-default")]);
    expect(openai.calls).toHaveLength(1);
    expect(outcome()).toMatchObject({
      provider: "openai",
      model: "openai-default",
      usage: { promptTokens: 3, completionTokens: 5 },
      attempts: [{ result: "rate_limited" }, { provider: "openai", model: "openai-default", result: "answered" }],
    });
  });

  test("the second is not asked when the first fails after its first chunk", async () => {
    const { started, openai } = await startWithTwo(yields(text("one"), failure("upstream_error")));
    if (started.kind !== "stream") throw new Error("it did not begin");
    expect(await readAll(started)).toMatchObject([text("one"), { kind: "error" }]);
    expect(openai.calls).toEqual([]);
  });
});

describe("time", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test("that the provider is silent is limited", async () => {
    const { begin, outcome, upstream } = setUp(thenWaits(text("one"), USED), {
      attemptDefaults: attemptDefaults(SHORT_MS),
    });
    expect(await readAll(await begin())).toEqual([
      text("one"),
      {
        kind: "error",
        error: {
          code: "provider.timeout",
          message: "The provider was silent for 0.02 s (PROVIDER_IDLE_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS).",
          field: null,
          retryAfterMs: null,
        },
      },
    ]);
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "timeout", usage: USAGE });
    expect(upstream[0]?.aborted).toBe(true);
  });

  test("that its reader takes is not", async () => {
    const { begin, upstream } = setUp(GOOD, { attemptDefaults: attemptDefaults(SHORT_MS) });
    const stream = await begin();
    const events: (StreamEvent | null)[] = [];
    for (let read = 0; read < 3; read++) {
      await Bun.sleep(SHORT_MS * 2);
      expect(upstream[0]?.aborted).toBe(false);
      events.push(await stream.next());
    }
    expect(events).toEqual([text("one"), text("two"), endOf("llama")]);
  });

  test("of a stream as a whole is limited, read or not, and its row does not stay pending", async () => {
    jest.useFakeTimers();
    const { begin, outcome, upstream, telemetry } = setUp(thenWaits(text("one"), USED, text("two")));
    const stream = await begin();
    await stream.next();
    await stream.next();
    jest.advanceTimersByTime(MAX_STREAM_MS - 1);
    expect(upstream[0]?.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(upstream[0]?.aborted).toBe(true);
    for (let turn = 0; turn < 100 && telemetry.finished.length === 0; turn++) await Promise.resolve();
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "timeout", usage: USAGE });
    expect(telemetry.finished).toMatchObject([{ status: "failed", errorCode: "provider.timeout" }]);
  });

  test("of a stream as a whole is told to a reader who waits just then", async () => {
    jest.useFakeTimers();
    const { begin } = setUp(thenWaits(text("one")), { attemptDefaults: attemptDefaults(2 * MAX_STREAM_MS) });
    const stream = await begin();
    await stream.next();
    const waiting = stream.next();
    jest.advanceTimersByTime(MAX_STREAM_MS);
    expect(await waiting).toEqual({
      kind: "error",
      error: {
        code: "provider.timeout",
        message: "The answer was not complete after 60 minutes.",
        field: null,
        retryAfterMs: null,
      },
    });
  });

  test("begins anew with every sign of life, though not for ever", async () => {
    jest.useFakeTimers();
    const signs: (() => void)[] = [];
    const { start, outcome, upstream } = setUp(
      async function* (_, signal) {
        while (!signal.aborted) {
          await new Promise<void>((resolve) => {
            signs.push(resolve);
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
          if (!signal.aborted) yield { kind: "alive", working: true };
        }
        yield { kind: "failure", failure: { category: "unreachable", message: "cut" } };
      },
      { attemptDefaults: attemptDefaults(60_000) },
    );
    const starting = start();
    const settled = async () => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    };
    await settled();
    // A sign every half of the time allowed, until the hour since the first is over.
    for (let waitedMs = 0; waitedMs <= MAX_STREAM_MS; waitedMs += 30_000) {
      expect(upstream[0]?.aborted).toBe(false);
      jest.advanceTimersByTime(30_000);
      signs.at(-1)?.();
      await settled();
    }
    expect(upstream[0]?.aborted).toBe(true);
    expect(await starting).toMatchObject({ kind: "refused", error: { code: "provider.timeout" } });
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "timeout" });
  });

  test("that a stream takes to open is the provider's failure, not the caller's leaving", async () => {
    jest.useFakeTimers();
    const called = Promise.withResolvers<void>();
    const { start, outcome } = setUp(
      (call, signal) => {
        called.resolve();
        return untilAborted(call, signal);
      },
      { attemptDefaults: attemptDefaults(MAX_STREAM_MS) },
    );
    const starting = start();
    await called.promise;
    jest.advanceTimersByTime(MAX_STREAM_MS);
    await starting;
    expect(outcome()).toMatchObject({ status: "failed", failureCategory: "timeout" });
  });

  test.each([
    ["its end", endOf("llama")],
    ["an error", failure("upstream_error")],
  ] as const)("is not watched any more once %s was given, without another read", async (_name, last) => {
    jest.useFakeTimers();
    const { begin } = setUp(yields(text("one"), last));
    const stream = await begin();
    await stream.next();
    expect(await stream.next()).toHaveProperty("kind", last.kind === "end" ? "end" : "error");
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is not watched any more once a stream was refused", async () => {
    jest.useFakeTimers();
    await setUp(() => fails("rate_limited")).start();
    expect(jest.getTimerCount()).toBe(0);
  });
});
