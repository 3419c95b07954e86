import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import { type Decision, NOTHING_FORBIDDEN, type Zone } from "../../../src/core/decision.ts";
import { attemptInTurn, type Errand, openInTurn } from "../../../src/gateway/attempt.ts";
import type { Targets } from "../../../src/gateway/plan.ts";
import { chatRequest } from "../../support/deps.ts";
import { endOf, fails, fakeProvider, text, thenWaits, untilAborted } from "../../support/fake-provider.ts";
import { decisionFor, target } from "../../support/target.ts";

const CLOUD = target("openai", "gpt");
const LOCAL = target("local", "llama");
/** Longer than any test may take, so that what ends is not ended by it. */
const LONG_MS = 60_000;
const SHORT_MS = 5;

function decision(...forbiddenZones: Zone[]): Decision {
  return decisionFor([{ provider: "openai" }, { provider: "local" }], {
    forbidden: { ...NOTHING_FORBIDDEN, zones: forbiddenZones },
  });
}

function setUp(timeoutMs = LONG_MS) {
  const fakes = { local: fakeProvider("local"), openai: fakeProvider("openai") };
  const caller = new AbortController();
  const providers = new Map([
    ["local", fakes.local.provider],
    ["openai", fakes.openai.provider],
  ]);
  const errand = (decided: Decision, given: Errand["providers"]): Errand => ({
    request: chatRequest("hello"),
    decision: decided,
    providers: given,
    timeoutMs,
    onPassedOver: () => {},
    callerSignal: caller.signal,
  });
  return {
    ...fakes,
    caller,
    providers,
    attempt: (targets: Targets, decided = decision(), given: Errand["providers"] = providers) =>
      attemptInTurn(targets, errand(decided, given)),
    open: (targets: Targets, decided = decision(), given: Errand["providers"] = providers) =>
      openInTurn(targets, errand(decided, given)),
  };
}

describe("a zone that the decision forbids", () => {
  test("is not reached by a target that was planned all the same", async () => {
    const { attempt, openai } = setUp();
    await expect(attempt([CLOUD], decision("cloud"))).rejects.toThrow("forbidden");
    expect(openai.calls).toEqual([]);
  });

  test("is not reached by a later target either", async () => {
    const { attempt, local, openai } = setUp();
    local.behaves(() => fails("unreachable"));
    await expect(attempt([LOCAL, CLOUD], decision("cloud"))).rejects.toThrow("forbidden");
    expect(openai.calls).toEqual([]);
  });

  test("is the provider's own, whatever the target says", async () => {
    const { attempt, providers, local } = setUp();
    const moved = new Map([...providers, ["local", { ...local.provider, zone: "cloud" }]]);
    await expect(attempt([LOCAL], decision("cloud"), moved)).rejects.toThrow("forbidden");
    expect(local.calls).toEqual([]);
  });

  test("keeps no other zone from being reached", async () => {
    const { attempt, local } = setUp();
    expect(await attempt([LOCAL], decision("cloud"))).toMatchObject({ kind: "answered", target: LOCAL });
    expect(local.calls).toHaveLength(1);
  });
});

describe("a caller that leaves", () => {
  test("ends the upstream call at once, long before its time is over", async () => {
    const { attempt, caller, openai } = setUp();
    const called = Promise.withResolvers<AbortSignal>();
    openai.behaves((call, signal) => {
      called.resolve(signal);
      return untilAborted(call, signal);
    });
    const pending = attempt([CLOUD]);
    const upstream = await called.promise;
    expect(upstream.aborted).toBe(false);
    caller.abort();
    expect(upstream.aborted).toBe(true);
    expect(await pending).toEqual({ kind: "aborted", target: CLOUD });
  });

  test("is not reported as a failure of the provider", async () => {
    const { attempt, caller, openai } = setUp();
    openai.behaves(() => {
      caller.abort();
      return fails("upstream_error");
    });
    expect(await attempt([CLOUD])).toEqual({ kind: "aborted", target: CLOUD });
  });

  test("has nobody else asked for it", async () => {
    const { attempt, caller, local, openai } = setUp();
    openai.behaves(() => {
      caller.abort();
      return fails("upstream_error");
    });
    expect(await attempt([CLOUD, LOCAL])).toEqual({ kind: "aborted", target: CLOUD });
    expect(local.calls).toEqual([]);
  });

  test("before the first call has nobody asked", async () => {
    const { attempt, caller, local, openai } = setUp();
    caller.abort();
    expect(await attempt([CLOUD, LOCAL])).toEqual({ kind: "aborted", target: CLOUD });
    expect([openai.calls, local.calls]).toEqual([[], []]);
  });
});

describe("two targets", () => {
  test("the second is asked after the first failed, and its answer is the request's", async () => {
    const { attempt, local, openai } = setUp();
    openai.behaves(() => fails("rate_limited"));
    expect(await attempt([CLOUD, LOCAL])).toEqual({
      kind: "answered",
      target: LOCAL,
      answer: {
        content: "from local",
        thinking: "",
        toolCalls: [],
        logprobs: [],
        vectors: [],
        document: null,
        model: "llama",
        finishReason: "stop",
        usage: { promptTokens: 3, completionTokens: 5 },
      },
    });
    expect(openai.calls.map((call) => call.target)).toEqual([CLOUD]);
    expect(local.calls.map((call) => call.target)).toEqual([LOCAL]);
  });

  test("the second is not asked after the first answered", async () => {
    const { attempt, local } = setUp();
    expect(await attempt([CLOUD, LOCAL])).toMatchObject({ kind: "answered", target: CLOUD });
    expect(local.calls).toEqual([]);
  });

  test("the last failure is the request's", async () => {
    const { attempt, local, openai } = setUp();
    openai.behaves(() => fails("rate_limited", "first"));
    local.behaves(() => fails("unreachable", "last"));
    expect(await attempt([CLOUD, LOCAL])).toEqual({
      kind: "failed",
      target: LOCAL,
      failure: { category: "unreachable", message: "last" },
    });
  });

  test("the second has its own time, however long the first took", async () => {
    const { attempt, local, openai } = setUp(SHORT_MS);
    openai.behaves(untilAborted);
    const given: boolean[] = [];
    local.behaves((_, signal) => {
      given.push(signal.aborted);
      return fails("upstream_error");
    });
    await attempt([CLOUD, LOCAL]);
    expect(given).toEqual([false]);
  });
});

describe("a provider", () => {
  test("that takes too long is cut and has timed out, whatever it says of that itself", async () => {
    const { attempt, openai } = setUp(SHORT_MS);
    openai.behaves(untilAborted);
    expect(await attempt([CLOUD])).toEqual({
      kind: "failed",
      target: CLOUD,
      failure: {
        category: "timeout",
        message: "The provider did not answer within 0.005 s (PROVIDER_TIMEOUT_SECONDS).",
      },
    });
  });

  test("that fails in time has failed as it says", async () => {
    const { attempt, openai } = setUp();
    openai.behaves(() => fails("context_length", "too long"));
    expect(await attempt([CLOUD])).toEqual({
      kind: "failed",
      target: CLOUD,
      failure: { category: "context_length", message: "too long" },
    });
  });

  test("whose answer comes in pieces has said all of them", async () => {
    const { attempt, openai } = setUp();
    openai.behaves(async function* (): AsyncIterable<Chunk> {
      yield { kind: "text", text: "one " };
      yield { kind: "text", text: "two" };
      yield { kind: "end", model: "m", finishReason: null, usage: { promptTokens: null, completionTokens: null } };
    });
    expect(await attempt([CLOUD])).toMatchObject({ kind: "answered", answer: { content: "one two" } });
  });

  test.each([
    ["nothing", []],
    ["text and no end", [{ kind: "text", text: "half of" }]],
  ] as const)("that yields %s was cut", async (_name, chunks) => {
    const { attempt, openai } = setUp();
    openai.behaves(async function* (): AsyncIterable<Chunk> {
      yield* chunks;
    });
    const result = await attempt([CLOUD]);
    expect(result).toMatchObject({ kind: "failed", failure: { category: "malformed_response" } });
    expect(JSON.stringify(result)).not.toContain("half of");
  });
});

describe("a stream", () => {
  test.each([
    ["first", [CLOUD]],
    ["later", [LOCAL, CLOUD]],
  ] as const)("is not opened in a forbidden zone by a %s target", async (_name, targets) => {
    const { open, local, openai } = setUp();
    local.behaves(() => fails("unreachable"));
    await expect(open(targets, decision("cloud"))).rejects.toThrow("forbidden");
    expect(openai.calls).toEqual([]);
  });

  test("is not opened in a zone that the provider moved to", async () => {
    const { open, providers, local } = setUp();
    const moved = new Map([...providers, ["local", { ...local.provider, zone: "cloud" }]]);
    await expect(open([LOCAL], decision("cloud"), moved)).rejects.toThrow("forbidden");
    expect(local.calls).toEqual([]);
  });

  test("is open once its first chunk is there, and its rest follows", async () => {
    const { open, openai } = setUp();
    openai.behaves(async function* () {
      yield text("one");
      yield text("two");
      yield endOf("gpt");
    });
    const opened = await open([CLOUD, LOCAL]);
    if (opened.kind !== "opened") throw new Error("it is not open");
    expect([opened.target, opened.first]).toEqual([CLOUD, text("one")]);
    expect([await opened.rest.next(), await opened.rest.next()]).toEqual([text("two"), endOf("gpt")]);
  });

  test("goes to the second target when the first fails before its first chunk", async () => {
    const { open, local, openai } = setUp();
    openai.behaves(() => fails("rate_limited"));
    expect(await open([CLOUD, LOCAL])).toMatchObject({ kind: "opened", target: LOCAL, first: text("from local") });
    expect([openai.calls.length, local.calls.length]).toEqual([1, 1]);
  });

  test("goes to the second target when the first is silent for its time", async () => {
    const { open, local, openai } = setUp(SHORT_MS);
    openai.behaves(untilAborted);
    local.behaves(async function* (_, signal) {
      yield text(signal.aborted ? "no time left" : "in its own time");
    });
    expect(await open([CLOUD, LOCAL])).toMatchObject({ kind: "opened", target: LOCAL, first: text("in its own time") });
  });

  test("that no target opens has failed as the last one", async () => {
    const { open, local, openai } = setUp();
    openai.behaves(() => fails("rate_limited", "first"));
    local.behaves(() => fails("unreachable", "last"));
    expect(await open([CLOUD, LOCAL])).toEqual({
      kind: "failed",
      target: LOCAL,
      failure: { category: "unreachable", message: "last" },
    });
  });

  test("that ends without anything was cut", async () => {
    const { open, openai } = setUp();
    openai.behaves(async function* () {});
    expect(await open([CLOUD])).toEqual({
      kind: "failed",
      target: CLOUD,
      failure: { category: "malformed_response", message: "The provider's answer ended before it was complete." },
    });
  });

  test("whose caller left before is asked of nobody", async () => {
    const { open, caller, local, openai } = setUp();
    caller.abort();
    expect(await open([CLOUD, LOCAL])).toEqual({ kind: "aborted", target: CLOUD });
    expect([openai.calls, local.calls]).toEqual([[], []]);
  });

  test("whose caller leaves while it opens is cancelled upstream and goes to no second target", async () => {
    const { open, caller, local, openai } = setUp();
    const called = Promise.withResolvers<AbortSignal>();
    openai.behaves((call, signal) => {
      called.resolve(signal);
      return untilAborted(call, signal);
    });
    const pending = open([CLOUD, LOCAL]);
    const upstream = await called.promise;
    caller.abort();
    expect(upstream.aborted).toBe(true);
    expect(await pending).toEqual({ kind: "aborted", target: CLOUD });
    expect(local.calls).toEqual([]);
  });

  test("that falls silent has timed out, and its upstream call is over", async () => {
    const { open, openai } = setUp(SHORT_MS);
    let upstream: AbortSignal | undefined;
    openai.behaves((call, signal) => {
      upstream = signal;
      return thenWaits(text("one"))(call, signal);
    });
    const opened = await open([CLOUD]);
    if (opened.kind !== "opened") throw new Error("it is not open");
    expect(await opened.rest.next()).toEqual({
      kind: "failure",
      failure: {
        category: "timeout",
        message: "The provider did not answer within 0.005 s (PROVIDER_TIMEOUT_SECONDS).",
      },
    });
    expect(upstream?.aborted).toBe(true);
  });

  test("does not count the time that its reader takes", async () => {
    const { open, openai } = setUp(SHORT_MS);
    openai.behaves(async function* (_, signal) {
      yield text("one");
      yield signal.aborted ? text("too late") : endOf("gpt");
    });
    const opened = await open([CLOUD]);
    if (opened.kind !== "opened") throw new Error("it is not open");
    await Bun.sleep(SHORT_MS * 4);
    expect(await opened.rest.next()).toEqual(endOf("gpt"));
  });

  test("that is closed ends its upstream call and lets the provider clean up", async () => {
    const { open, openai } = setUp();
    const seen: string[] = [];
    openai.behaves(async function* (_, signal) {
      signal.addEventListener("abort", () => seen.push("hung up"));
      try {
        yield text("one");
        yield text("two");
      } finally {
        seen.push("cleaned up");
      }
    });
    const opened = await open([CLOUD]);
    if (opened.kind !== "opened") throw new Error("it is not open");
    await opened.rest.close();
    expect(seen).toEqual(["hung up", "cleaned up"]);
  });

  test("that fails before its first chunk ends its upstream call too, and lets the provider clean up", async () => {
    const { open, openai } = setUp();
    const seen: string[] = [];
    openai.behaves(async function* (_, signal): AsyncIterable<Chunk> {
      signal.addEventListener("abort", () => seen.push("hung up"));
      try {
        yield { kind: "failure", failure: { category: "upstream_error", message: "said in the stream" } };
      } finally {
        seen.push("cleaned up");
      }
    });
    expect(await open([CLOUD])).toMatchObject({ kind: "failed" });
    expect(seen).toEqual(["hung up", "cleaned up"]);
  });
});
