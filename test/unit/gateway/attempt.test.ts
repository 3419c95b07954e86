import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import type { AllowedTarget, Decision, Zone } from "../../../src/core/decision.ts";
import { attemptInTurn } from "../../../src/gateway/attempt.ts";
import { chatRequest } from "../../support/deps.ts";
import { fails, fakeProvider } from "../../support/fake-provider.ts";
import { target } from "../../support/target.ts";

const CLOUD = target("openai", "gpt");
const LOCAL = target("local", "llama");
/** Longer than any test may take, so that what ends is not ended by it. */
const LONG_MS = 60_000;
const SHORT_MS = 5;

function decision(...forbiddenZones: Zone[]): Decision {
  return { route: ["openai", "local"], forbiddenZones, reasonCodes: ["default"] };
}

function setUp(timeoutMs = LONG_MS) {
  const fakes = { local: fakeProvider("local"), openai: fakeProvider("openai") };
  const caller = new AbortController();
  const providers = { local: fakes.local.provider, openai: fakes.openai.provider };
  return {
    ...fakes,
    caller,
    providers,
    attempt: (targets: readonly [AllowedTarget, ...AllowedTarget[]], decided = decision(), given = providers) =>
      attemptInTurn(targets, chatRequest("hello"), decided, {
        providers: given,
        timeoutMs,
        callerSignal: caller.signal,
      }),
  };
}

/** Fails as a provider does whose call was cut. */
async function* untilAborted(_: unknown, signal: AbortSignal): AsyncIterable<Chunk> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  yield { kind: "failure", failure: { category: "unreachable", message: "cut" } };
}

describe("a zone that the decision forbids", () => {
  test("is not reached by a target that was planned all the same", async () => {
    const { attempt, openai } = setUp();
    await expect(attempt([CLOUD], decision("cloud"))).rejects.toThrow("forbidden zone");
    expect(openai.calls).toEqual([]);
  });

  test("is not reached by a later target either", async () => {
    const { attempt, local, openai } = setUp();
    local.behaves(() => fails("unreachable"));
    await expect(attempt([LOCAL, CLOUD], decision("cloud"))).rejects.toThrow("forbidden zone");
    expect(openai.calls).toEqual([]);
  });

  test("is the provider's own, whatever the target says", async () => {
    const { attempt, providers, local } = setUp();
    const moved = { ...providers, local: { ...local.provider, zone: "cloud" as const } };
    await expect(attempt([LOCAL], decision("cloud"), moved)).rejects.toThrow("forbidden zone");
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
