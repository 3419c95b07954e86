import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import type { AnswerHead } from "../../../src/gateway/chat-result.ts";
import { admit, answerStream } from "../../../src/gateway/handle-chat.ts";
import { streamBody } from "../../../src/http/stream-body.ts";
import type { StreamEncoder } from "../../../src/http/surface.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";
import { type Call, endOf, fails, text, thenWaits, untilAborted } from "../../support/fake-provider.ts";
import { until } from "../../support/until.ts";

/** Writes each event as a word, and nothing at all for thinking. */
const wordsFor = ({ provider }: AnswerHead): StreamEncoder => ({
  contentType: "text/plain",
  ping: "ping ",
  open: () => `open(${provider}) `,
  chunk: (chunk) => {
    if (chunk.kind === "raw") return chunk.bytes;
    return chunk.kind === "text" ? `${chunk.text} ` : "";
  },
  end: ({ model }) => `end(${model})`,
  failure: ({ code }) => `failure(${code})`,
});

type Behaviour = (call: Call, signal: AbortSignal) => AsyncIterable<Chunk>;
type Options = {
  readonly pingEveryMs?: number;
  readonly readerTimeoutMs?: number;
  readonly encoder?: (head: AnswerHead) => StreamEncoder;
};

/** The body of a stream by the whole pipeline, its local provider behaving as told. */
async function setUp(
  behaviour: Behaviour,
  { pingEveryMs = 60_000, readerTimeoutMs = 60_000, encoder = wordsFor }: Options = {},
) {
  const fakes = fakeDeps();
  fakes.local.behaves(behaviour);
  const caller = new AbortController();
  const call = { requestId: Bun.randomUUIDv7(), signal: caller.signal, caller: "", labels: {} };
  const admitted = await admit(fakes.deps, chatRequest("hello", { streamed: true }), call);
  if (admitted.kind !== "admitted") throw new Error("refused too early");
  const opening = answerStream(fakes.deps, admitted, encoder);
  const over: string[] = [];
  const body = streamBody(opening, encoder(admitted.head), {
    pingEveryMs,
    readerTimeoutMs,
    onOver: () => over.push("over"),
  });
  const outcome = () => fakes.audit.outcomes.get(call.requestId);
  return { ...fakes, caller, opening, body, over, outcome, whole: () => new Response(body).text() };
}

const yields = (...chunks: readonly Chunk[]) =>
  async function* (): AsyncIterable<Chunk> {
    yield* chunks;
  };

/** A provider that waits between its first chunk and its end until it is released. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* behaviour(): AsyncIterable<Chunk> {
    yield text("one");
    await promise;
    yield text("two");
    yield endOf("m");
  }
  return { behaviour, release: resolve };
}

const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("the body of a stream", () => {
  test("is its opening, each chunk and its end", async () => {
    const { whole, outcome } = await setUp(yields(text("one"), text("two"), endOf("m")));
    expect(await whole()).toBe("open(local) one two end(m)");
    expect(outcome()?.status).toBe("succeeded");
  });

  test("hands bytes on as they are", async () => {
    const bytes = new TextEncoder().encode("raw ");
    const { whole } = await setUp(yields({ kind: "raw", bytes }, endOf("m")));
    expect(await whole()).toBe("open(local) raw end(m)");
  });

  test("has a write of its own for each chunk", async () => {
    const { body } = await setUp(yields(text("one"), text("two"), endOf("m")));
    const writes: string[] = [];
    for await (const bytes of body) writes.push(decode(bytes));
    expect(writes).toEqual(["open(local) ", "one ", "two ", "end(m)"]);
  });

  test("does not stall at chunks of which nothing is written", async () => {
    const silent: Chunk[] = Array.from({ length: 100 }, () => ({ kind: "thinking", text: "hm" }));
    const { whole } = await setUp(yields(...silent, text("one"), ...silent, endOf("m")));
    expect(await whole()).toBe("open(local) one end(m)");
  });

  test("does not stall where nothing is written before the end and at the end", async () => {
    const mute = (head: AnswerHead): StreamEncoder => ({ ...wordsFor(head), open: () => "", end: () => "" });
    const { whole } = await setUp(yields({ kind: "thinking", text: "hm" }, endOf("m")), { encoder: mute });
    expect(await whole()).toBe("");
  });

  test("says what went wrong in place of the end, and closes", async () => {
    const failure = { category: "upstream_error", message: "it failed" } as const;
    const { whole, outcome } = await setUp(yields(text("one"), { kind: "failure", failure }));
    expect(await whole()).toBe("open(local) one failure(provider.upstream_error)");
    expect(outcome()?.status).toBe("failed");
  });

  test("says so where the end is not on record", async () => {
    const { whole, audit } = await setUp(yields(text("one"), endOf("m")));
    audit.failing.outcome = true;
    expect(await whole()).toBe("open(local) one failure(audit.unavailable)");
  });

  test("of a stream that is refused after its headers are gone says it in band", async () => {
    const { whole } = await setUp(() => fails("rate_limited"));
    expect(await whole()).toBe("open(local) failure(provider.rate_limited)");
  });

  test("is written by who opened it, not by who was planned", async () => {
    const { deps, local } = fakeDeps();
    local.behaves(() => fails("unreachable"));
    const call = { requestId: Bun.randomUUIDv7(), signal: new AbortController().signal, caller: "", labels: {} };
    const first = await admit(deps, chatRequest("hello", { streamed: true }), call);
    const second = await admit(deps, chatRequest("x".repeat(11)), { ...call, requestId: Bun.randomUUIDv7() });
    if (first.kind !== "admitted" || second.kind !== "admitted") throw new Error("refused too early");
    const opening = answerStream(deps, { ...first, targets: [first.targets[0], second.targets[0]] }, wordsFor);
    const body = streamBody(opening, wordsFor(first.head));
    expect(await new Response(body).text()).toBe("open(openai) from openai end(openai-default)");
  });
});

describe("a stream that is cut", () => {
  test("is an error for its reader, never a clean end", async () => {
    const { body, caller, outcome } = await setUp(thenWaits(text("one"), text("two")));
    const reader = body.getReader();
    expect(decode((await reader.read()).value)).toBe("open(local) ");
    expect(decode((await reader.read()).value)).toBe("one ");
    caller.abort();
    await until(() => outcome() !== undefined, "the row");
    await expect(reader.read()).rejects.toThrow("cut");
  });

  test("by a bug of its encoder is an error for its reader, and ends the upstream call and the row", async () => {
    const signals: AbortSignal[] = [];
    const broken = (head: AnswerHead): StreamEncoder => ({
      ...wordsFor(head),
      chunk: () => {
        throw new Error("bug");
      },
    });
    const { whole, outcome, telemetry } = await setUp(
      (call, signal) => {
        signals.push(signal);
        return thenWaits(text("one"))(call, signal);
      },
      { encoder: broken },
    );
    await expect(whole()).rejects.toThrow();
    await until(() => outcome() !== undefined, "the row");
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(outcome()?.status).toBe("failed");
    expect(telemetry.bugs).toHaveLength(1);
  });
});

describe("a reader who takes its time", () => {
  test("has nothing read ahead for it", async () => {
    let pulled = 0;
    const { body, opening } = await setUp(async function* () {
      while (pulled < 1_000) yield text(`${++pulled}`);
    });
    await opening;
    await Bun.sleep(5);
    expect(pulled).toBe(1);
    const reader = body.getReader();
    const pulls: [string, number][] = [];
    for (let read = 0; read < 4; read++) {
      const { value } = await reader.read();
      await Bun.sleep(2);
      pulls.push([decode(value), pulled]);
    }
    expect(pulls).toEqual([
      ["open(local) ", 1],
      ["1 ", 1],
      ["2 ", 2],
      ["3 ", 3],
    ]);
    await reader.cancel();
  });

  test("gets no pings for that", async () => {
    const { body } = await setUp(yields(text("one"), text("two"), endOf("m")), { pingEveryMs: 1 });
    const writes: string[] = [];
    for await (const bytes of body) {
      writes.push(decode(bytes));
      await Bun.sleep(5);
    }
    expect(writes).toEqual(["open(local) ", "one ", "two ", "end(m)"]);
  });
});

describe("a reader who takes nothing", () => {
  test("is given up, and the row and the upstream call with it", async () => {
    const signals: AbortSignal[] = [];
    const { body, outcome, over } = await setUp(
      (call, signal) => {
        signals.push(signal);
        return thenWaits(text("one"), text("two"))(call, signal);
      },
      { readerTimeoutMs: 20 },
    );
    const reader = body.getReader();
    await reader.read();
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(over).toEqual(["over"]);
    await expect(reader.read()).rejects.toThrow("cut");
  });

  test("is not one who waits for a provider", async () => {
    const { behaviour, release } = held();
    const { body, over } = await setUp(behaviour, { readerTimeoutMs: 5 });
    const reader = body.getReader();
    const writes = [await reader.read(), await reader.read()];
    const waiting = reader.read();
    await Bun.sleep(30);
    expect(over).toEqual([]);
    release();
    writes.push(await waiting, await reader.read());
    expect(writes.map(({ value }) => decode(value))).toEqual(["open(local) ", "one ", "two ", "end(m)"]);
    expect(over).toEqual(["over"]);
  });

  test("is one also after it has waited for a provider", async () => {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    const { body, outcome } = await setUp(
      async function* (call, signal) {
        yield text("one");
        await promise;
        yield* thenWaits(text("two"), text("three"))(call, signal);
      },
      { readerTimeoutMs: 20 },
    );
    const reader = body.getReader();
    await reader.read();
    await reader.read();
    const waiting = reader.read();
    await Bun.sleep(60);
    release();
    expect(decode((await waiting).value)).toBe("two ");
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
  });
});

describe("the end of a body", () => {
  test("is told once, however it came", async () => {
    const whole = await setUp(yields(text("one"), endOf("m")));
    await whole.whole();
    const left = await setUp(thenWaits(text("one")));
    await left.body.cancel();
    const cut = await setUp(thenWaits(text("one")));
    const reader = cut.body.getReader();
    await reader.read();
    await reader.read();
    cut.caller.abort();
    await expect(reader.read()).rejects.toThrow("cut");
    expect([whole.over, left.over, cut.over]).toEqual([["over"], ["over"], ["over"]]);
  });
});

describe("pings", () => {
  test("come while the next chunk is waited for, and no more after it", async () => {
    const { behaviour, release } = held();
    const { body } = await setUp(behaviour, { pingEveryMs: 1 });
    const writes: string[] = [];
    for await (const bytes of body) {
      writes.push(decode(bytes));
      if (writes.filter((word) => word === "ping ").length === 2) release();
    }
    expect(writes.join("")).toMatch(/^open\(local\) one (ping ){2,}two end\(m\)$/);
  });

  test("come while a stream opens", async () => {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    const { body } = await setUp(
      async function* () {
        await promise;
        yield endOf("m");
      },
      { pingEveryMs: 1 },
    );
    const writes: string[] = [];
    for await (const bytes of body) {
      writes.push(decode(bytes));
      if (writes.length === 2) release();
    }
    expect(writes.join("")).toMatch(/^(ping ){2,}open\(local\) end\(m\)$/);
  });

  test("do not come where the protocol has none", async () => {
    const { behaviour, release } = held();
    const without = (head: AnswerHead): StreamEncoder => ({ ...wordsFor(head), ping: null });
    const { whole } = await setUp(behaviour, { pingEveryMs: 1, encoder: without });
    const reading = whole();
    await Bun.sleep(10);
    release();
    expect(await reading).toBe("open(local) one two end(m)");
  });

  test("end with a reader who leaves, though the row is not settled yet", async () => {
    const { body, audit, outcome } = await setUp(thenWaits(text("one")), { pingEveryMs: 1 });
    const release = audit.holdOutcomes();
    const reader = body.getReader();
    await reader.read();
    await reader.read();
    const open = reader.read();
    await reader.cancel();
    expect(await open).toMatchObject({ done: true });
    // A ping into a closed stream would be an error that nobody catches.
    await Bun.sleep(10);
    release();
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
  });

  test("end with a reader who leaves while a stream opens", async () => {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    const { body, outcome } = await setUp(
      async function* (call, signal) {
        await promise;
        yield* thenWaits(text("one"))(call, signal);
      },
      { pingEveryMs: 1 },
    );
    const reader = body.getReader();
    const open = reader.read();
    await open;
    const cancelling = reader.cancel();
    await Bun.sleep(10);
    release();
    await cancelling;
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
  });
});

describe("a reader who leaves", () => {
  test.each([0, 1, 2])("after %d reads ends the upstream call and the row", async (reads) => {
    const signals: AbortSignal[] = [];
    const { body, outcome, telemetry } = await setUp((call, signal) => {
      signals.push(signal);
      return thenWaits(text("one"), text("two"))(call, signal);
    });
    const reader = body.getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    await reader.cancel();
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    await until(() => outcome() !== undefined, "the row");
    expect(outcome()?.status).toBe("client_aborted");
    expect(telemetry.finished).toHaveLength(1);
  });

  test("while the stream opens, by its connection, ends both at once", async () => {
    const signals: AbortSignal[] = [];
    const { body, caller, outcome } = await setUp((call, signal) => {
      signals.push(signal);
      return untilAborted(call, signal);
    });
    const reader = body.getReader();
    const open = reader.read();
    await until(() => signals.length > 0, "the call");
    caller.abort();
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    await reader.cancel();
    await open;
    expect(outcome()?.status).toBe("client_aborted");
  });

  test("after the end changes nothing", async () => {
    const { body, outcome, telemetry } = await setUp(yields(endOf("m")));
    const reader = body.getReader();
    while (!(await reader.read()).done);
    await reader.cancel();
    expect(outcome()?.status).toBe("succeeded");
    expect(telemetry.finished).toHaveLength(1);
  });
});
