import { afterEach, describe, expect, jest, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import type { Deps } from "../../../src/gateway/deps.ts";
import type { Admission, Turned } from "../../../src/gateway/traffic/contract.ts";
import { type Dialect, NATIVE, OLLAMA, OPENAI } from "../../../src/http/dialect.ts";
import { Refusal } from "../../../src/http/problem.ts";
import type { AnswerContext, SurfaceTranslation } from "../../../src/http/surface.ts";
import { surfaceHandler } from "../../../src/http/surface-route.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";
import { answer, fails, thenWaits } from "../../support/fake-provider.ts";
import { until } from "../../support/until.ts";

const Words = Type.Object({
  say: Type.String(),
  model: Type.Optional(Type.String()),
  stream: Type.Optional(Type.Boolean()),
});

/** The smallest surface there is; it keeps the contexts that it is given. */
function tinySurface() {
  const contexts: AnswerContext[] = [];
  const keep = (context: AnswerContext) => {
    contexts.push(context);
    return context;
  };
  const translation: SurfaceTranslation<typeof Words> = {
    body: Words,
    toRequest: ({ say, model = null, stream = false }) => chatRequest(say, { model, streamed: stream }),
    toAnswer: ({ content }, context) => ({ said: content, by: keep(context).head.model }),
    toStream: (context) => ({
      contentType: "text/x-tiny",
      ping: "ping ",
      open: () => `open(${keep(context).head.provider}) `,
      chunk: (chunk) => (chunk.kind === "text" ? `${chunk.text} ` : ""),
      end: ({ model }) => `end(${model})`,
      failure: ({ code }) => `failure(${code})`,
    }),
  };
  return { translation, contexts };
}

/** An admission that counts who is in, and asks for who came. */
function countingAdmission(refused: Turned | null = null) {
  const callers: string[] = [];
  let inside = 0;
  const admission: Admission = {
    async enter(caller) {
      callers.push(caller);
      if (refused !== null) return refused;
      inside++;
      return { kind: "place", leave: () => inside-- };
    },
    status: () => ({ inFlightCount: inside, queuedCount: 0 }),
  };
  return { admission, callers, inside: () => inside };
}

type Given = {
  readonly dialect?: Dialect;
  readonly change?: (translation: SurfaceTranslation<typeof Words>) => SurfaceTranslation<typeof Words>;
  readonly deps?: Partial<Deps>;
};

function setUp({ dialect = NATIVE, change = (same) => same, deps = {} }: Given = {}) {
  const fakes = fakeDeps(deps);
  const { translation, contexts } = tinySurface();
  const handle = surfaceHandler(fakes.deps, change(translation), dialect);
  const ask = (body: { say: string; model?: string; stream?: boolean }, signal?: AbortSignal) =>
    handle({ body, request: new Request("http://gateway/x", signal === undefined ? {} : { signal }) });
  return { ...fakes, contexts, ask };
}

type FakeDeps = ReturnType<typeof setUp>;

const headersOf = (response: Response) => Object.fromEntries(response.headers);
const HELLO = { say: "hello" };
const LONG = { say: "x".repeat(11) };
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const MS = expect.stringMatching(/^\d+\.\d{3}$/);
const LOCAL = {
  "x-request-id": UUID,
  "x-policy-mesh-provider": "local",
  "x-policy-mesh-model": "local-default",
  "x-policy-mesh-reason-codes": "cost_prefer_local",
  "cache-control": "no-store",
};
const ONE_CALL = { "x-policy-mesh-attempts": "1" };
const NO_CALL = { "x-policy-mesh-attempts": "0" };
const JSON_TYPE = expect.stringMatching(/^application\/json/);

const PATIENT: Deps["attemptDefaults"] = {
  connectTimeoutMs: 60_000,
  timeoutMs: 60_000,
  firstTokenTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  deadlineMs: 120_000,
  retries: 0,
};

describe("an answer", () => {
  test("says in its headers who gave it, why, and what the gateway took of the time", async () => {
    const { ask, audit } = setUp();
    const response = await ask(HELLO);
    expect(response.status).toBe(200);
    expect(headersOf(response)).toEqual({
      ...LOCAL,
      ...ONE_CALL,
      "x-policy-mesh-overhead-ms": MS,
      "content-type": JSON_TYPE,
    });
    expect<unknown>(await response.json()).toEqual({ said: "from local", by: "local-default" });
    expect([...audit.outcomes.keys()]).toEqual([response.headers.get("x-request-id") ?? ""]);
  });

  test("names the model that answered, not the one asked", async () => {
    const { ask, local, contexts } = setUp();
    local.behaves(() => answer("hi", "local-2026"));
    const response = await ask(HELLO);
    expect(response.headers.get("x-policy-mesh-model")).toBe("local-2026");
    expect<unknown>(await response.json()).toEqual({ said: "hi", by: "local-2026" });
    expect(contexts).toMatchObject([{ head: { model: "local-2026" }, model: "local-2026" }]);
  });

  test("is translated with the request, its id and its time", async () => {
    let nowMs = 1_000;
    const { ask, contexts, deps, local } = setUp({ deps: { monotonicMs: () => nowMs } });
    local.behaves(() => {
      nowMs += 500;
      return answer("hi", "m");
    });
    const response = await ask(HELLO);
    expect(contexts).toEqual([
      {
        request: chatRequest("hello", { model: null }),
        head: {
          requestId: response.headers.get("x-request-id") ?? "",
          provider: "local",
          model: "m",
          reasonCodes: ["cost_prefer_local"],
          attemptCount: 1,
        },
        receivedAt: deps.now(),
        model: "m",
        elapsedMs: expect.any(Function),
      },
    ]);
    expect(contexts[0]?.elapsedMs()).toBe(500);
    expect(response.headers.get("x-policy-mesh-overhead-ms")).toBe("0.000");
  });

  test("that its protocol cannot say is refused in the words of the translation, with its row", async () => {
    const { ask, audit } = setUp({
      dialect: OPENAI,
      change: (translation) => ({
        ...translation,
        toAnswer: () => {
          throw new Refusal("provider.malformed_response", "not to be said", { field: "x" });
        },
      }),
    });
    const response = await ask(HELLO);
    expect(response.status).toBe(502);
    expect<unknown>(await response.json()).toEqual({
      error: { message: "not to be said", type: "upstream_error", param: "x", code: "provider.malformed_response" },
    });
    expect([...audit.outcomes.values()]).toMatchObject([{ status: "failed" }]);
  });

  test("whose translation has a bug is an error that hides it, with its row", async () => {
    const { ask, audit, telemetry } = setUp({
      change: (translation) => ({
        ...translation,
        toAnswer: () => {
          throw new Error("bug with the answer inside");
        },
      }),
    });
    const response = await ask(HELLO);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("bug with");
    expect([...audit.outcomes.values()]).toMatchObject([{ status: "failed" }]);
    expect(telemetry.bugs).toHaveLength(1);
  });

  test("is whole where the surface never streams, whatever was asked", async () => {
    const { ask } = setUp({ change: (translation) => ({ ...translation, toStream: null }) });
    const response = await ask({ ...HELLO, stream: true });
    expect<unknown>(await response.json()).toEqual({ said: "from local", by: "local-default" });
  });
});

describe("a refusal", () => {
  const DENIED = { say: "hello", model: "big:cloud" };

  test.each([
    ["natively", NATIVE, { request_id: UUID, content: null, error: { code: "policy.cloud_model_refused" } }],
    ["in the OpenAI protocol", OPENAI, { error: { type: "permission_error", param: "model" } }],
    ["in the Ollama protocol", OLLAMA, { error: expect.stringContaining("hosted service") }],
  ] as const)("of policy is told %s, with its reasons and no invitation to retry", async (_name, dialect, body) => {
    for (const stream of [false, true]) {
      const response = await setUp({ dialect }).ask({ ...DENIED, stream });
      expect(response.status).toBe(403);
      expect(headersOf(response)).toEqual({
        "x-request-id": UUID,
        "x-policy-mesh-reason-codes": "cost_prefer_local,policy.cloud_model_refused",
        ...NO_CALL,
        "x-policy-mesh-overhead-ms": MS,
        "x-should-retry": "false",
        "cache-control": "no-store",
        "content-type": JSON_TYPE,
      });
      expect<unknown>(await response.json()).toMatchObject(body);
    }
  });

  test.each([
    ["natively", NATIVE, 502],
    ["in the OpenAI protocol", OPENAI, 429],
    ["in the Ollama protocol", OLLAMA, 429],
  ] as const)("of a provider's rate is told %s, with the time to wait", async (_name, dialect, status) => {
    for (const stream of [false, true]) {
      const { ask, openai } = setUp({ dialect });
      openai.behaves(async function* () {
        yield { kind: "failure", failure: { category: "rate_limited", message: "slow", retryAfterMs: 1_001 } };
      });
      const response = await ask({ ...LONG, stream });
      expect(response.status).toBe(status);
      expect(headersOf(response)).toEqual({
        "x-request-id": UUID,
        "x-policy-mesh-provider": "openai",
        "x-policy-mesh-model": "openai-default",
        "x-policy-mesh-reason-codes": "default,provider.rate_limited",
        ...ONE_CALL,
        "x-policy-mesh-overhead-ms": MS,
        "x-should-retry": "true",
        "retry-after": "2",
        "retry-after-ms": "1001",
        "cache-control": "no-store",
        "content-type": JSON_TYPE,
      });
    }
  });

  test("that may be tried again at any time says only that", async () => {
    const { ask, local } = setUp();
    local.behaves(() => fails("unreachable"));
    const response = await ask(HELLO);
    expect([response.headers.get("x-should-retry"), response.headers.get("retry-after")]).toEqual(["true", null]);
  });

  test.each([false, true])("for want of its record is 503 and invites to come back (streamed: %p)", async (stream) => {
    const { ask, audit, local } = setUp({ dialect: OPENAI });
    audit.failing.intent = true;
    const response = await ask({ ...HELLO, stream });
    expect(response.status).toBe(503);
    expect(headersOf(response)).toMatchObject({
      ...LOCAL,
      "x-policy-mesh-reason-codes": "cost_prefer_local,audit.unavailable",
      "x-should-retry": "true",
      "retry-after": "1",
      "retry-after-ms": "1000",
    });
    expect(local.calls).toEqual([]);
  });

  test("by the translation of the body is thrown before anything is on record", async () => {
    const { ask, audit } = setUp({
      change: (translation) => ({
        ...translation,
        toRequest: () => {
          throw new Refusal("request.invalid_field", "no", { field: "say" });
        },
      }),
    });
    await expect(ask(HELLO)).rejects.toBeInstanceOf(Refusal);
    expect(audit.journal).toEqual([]);
  });
});

describe("a stream", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test("says the same in its headers, less what nobody knows yet", async () => {
    const { ask } = setUp();
    const response = await ask({ ...HELLO, stream: true });
    expect(response.status).toBe(200);
    expect(headersOf(response)).toEqual({
      ...LOCAL,
      ...ONE_CALL,
      "content-type": "text/x-tiny",
      "x-accel-buffering": "no",
    });
    expect(await response.text()).toBe("open(local) from local end(local-default)");
  });

  test("that fails later has said so in its body, under the headers of an answer", async () => {
    const { ask, local } = setUp({ dialect: OPENAI });
    local.behaves(async function* () {
      yield { kind: "text", text: "half" };
      yield { kind: "failure", failure: { category: "upstream_error", message: "it failed" } };
    });
    const response = await ask({ ...HELLO, stream: true });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("open(local) half failure(provider.upstream_error)");
  });

  /** A provider that says nothing until it is told to fail. */
  function silent() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const behaviour = async function* () {
      called.resolve();
      await promise;
      yield* fails("upstream_error");
    };
    return { behaviour, called: called.promise, fail: resolve };
  }

  test("that does not open in ten seconds shows its headers, and how it ends in band", async () => {
    jest.useFakeTimers();
    const { ask, local } = setUp({ deps: { attemptDefaults: PATIENT } });
    const { behaviour, called, fail } = silent();
    local.behaves(behaviour);
    const answering = ask({ ...HELLO, stream: true });
    await called;
    jest.advanceTimersByTime(10_000);
    const response = await answering;
    expect(response.status).toBe(200);
    expect(headersOf(response)).toEqual({ ...LOCAL, "content-type": "text/x-tiny", "x-accel-buffering": "no" });
    fail();
    expect(await response.text()).toBe("open(local) failure(provider.upstream_error)");
  });

  test("that fails within that time is told by its status", async () => {
    jest.useFakeTimers();
    const { ask, local } = setUp({ deps: { attemptDefaults: PATIENT } });
    const { behaviour, called, fail } = silent();
    local.behaves(behaviour);
    const answering = ask({ ...HELLO, stream: true });
    await called;
    jest.advanceTimersByTime(9_999);
    fail();
    expect((await answering).status).toBe(502);
  });

  test("of a protocol without pings waits for its first chunk, however long", async () => {
    jest.useFakeTimers();
    const { ask, local } = setUp({
      deps: { attemptDefaults: PATIENT },
      change: (translation) => ({
        ...translation,
        toStream: (context) => {
          const encoder = translation.toStream?.(context);
          if (encoder === undefined) throw new Error("the surface streams");
          return { ...encoder, ping: null };
        },
      }),
    });
    const { behaviour, called, fail } = silent();
    local.behaves(behaviour);
    const answering = ask({ ...HELLO, stream: true });
    await called;
    jest.advanceTimersByTime(50_000);
    fail();
    expect((await answering).status).toBe(502);
  });

  test("whose caller left is cancelled upstream and recorded so", async () => {
    const caller = new AbortController();
    const { ask, local, audit } = setUp();
    const signals: AbortSignal[] = [];
    local.behaves(async function* (_, signal) {
      signals.push(signal);
      yield { kind: "text", text: "one" };
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield* fails("unreachable");
    });
    await ask({ ...HELLO, stream: true }, caller.signal);
    caller.abort();
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    await until(() => audit.outcomes.size > 0, "the row");
    expect([...audit.outcomes.values()]).toMatchObject([{ status: "client_aborted" }]);
  });
});

describe("a place among all requests", () => {
  test.each([
    ["an answer", { ...HELLO }, (_: FakeDeps) => {}],
    ["a refusal by policy", { say: "hello", model: "big:cloud" }, (_: FakeDeps) => {}],
    ["a failure", HELLO, ({ local }: FakeDeps) => local.behaves(() => fails("unreachable"))],
    [
      "a stream that fails at once",
      { ...HELLO, stream: true },
      ({ local }: FakeDeps) => local.behaves(() => fails("unreachable")),
    ],
  ])("is left after %s", async (_name, body, prepare) => {
    const { admission, callers, inside } = countingAdmission();
    const fakes = setUp({ deps: { admission } });
    prepare(fakes);
    await (await fakes.ask(body)).text();
    expect([callers.length, inside()]).toEqual([1, 0]);
  });

  test("is left after a bug of the surface, which has its row", async () => {
    const { admission, inside } = countingAdmission();
    const { ask, audit, telemetry, local } = setUp({
      deps: { admission },
      change: (translation) => ({
        ...translation,
        toStream: () => {
          throw new Error("bug");
        },
      }),
    });
    expect((await ask({ ...HELLO, stream: true })).status).toBe(500);
    expect([...audit.outcomes.values()]).toMatchObject([{ status: "failed", provider: null, attempts: [] }]);
    expect([inside(), telemetry.bugs.length, local.calls]).toEqual([0, 1, []]);
  });

  test("is left after a bug in the head of a stream that was opened, which ends its call and has its row", async () => {
    const { admission, inside } = countingAdmission();
    const { ask, audit, telemetry, local } = setUp({
      deps: { admission },
      change: (translation) => ({
        ...translation,
        toStream: (context) => {
          const encoder = translation.toStream?.(context);
          if (encoder === undefined) throw new Error("the surface streams");
          return { ...encoder, contentType: "no\ntype" };
        },
      }),
    });
    const signals: AbortSignal[] = [];
    local.behaves((request, signal) => {
      signals.push(signal);
      return thenWaits({ kind: "text", text: "one" })(request, signal);
    });
    await expect(ask({ ...HELLO, stream: true })).rejects.toBeInstanceOf(TypeError);
    await until(() => audit.outcomes.size > 0, "the row");
    expect([...audit.outcomes.values()]).toMatchObject([{ status: "failed", attempts: [{ result: "left" }] }]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect([inside(), telemetry.bugs.length]).toEqual([0, 1]);
  });

  test("is held until a stream is at its end, and its row with it", async () => {
    const { admission, inside } = countingAdmission();
    const { ask, audit } = setUp({ deps: { admission } });
    const release = audit.holdOutcomes();
    const response = await ask({ ...HELLO, stream: true });
    const reading = response.text();
    await Bun.sleep(5);
    expect(inside()).toBe(1);
    release();
    await reading;
    await Bun.sleep(0);
    expect(inside()).toBe(0);
  });

  test("is left when the reader of a stream is", async () => {
    const { admission, inside } = countingAdmission();
    const { ask, local } = setUp({ deps: { admission } });
    local.behaves(thenWaits({ kind: "text", text: "one" }));
    const response = await ask({ ...HELLO, stream: true });
    await response.body?.cancel();
    await until(() => inside() === 0, "the place is left");
  });

  test("that there is none of in time is a refusal before anything is on record, with the time to wait", async () => {
    const { admission } = countingAdmission({ kind: "overloaded", retryAfterMs: 5_000 });
    const { ask, audit } = setUp({ deps: { admission } });
    await expect(ask(HELLO)).rejects.toMatchObject({ code: "gateway.overloaded", retryAfterMs: 5_000 });
    expect(audit.journal).toEqual([]);
  });

  test("is not waited for by who left", async () => {
    const { admission } = countingAdmission({ kind: "left", retryAfterMs: 0 });
    const { ask, audit } = setUp({ deps: { admission } });
    await expect(ask(HELLO)).rejects.toMatchObject({ code: "request.aborted" });
    expect(audit.journal).toEqual([]);
  });

  test("is not asked for by a body that means nothing", async () => {
    const { admission, callers } = countingAdmission();
    const { ask } = setUp({
      deps: { admission },
      change: (translation) => ({
        ...translation,
        toRequest: () => {
          throw new Refusal("request.invalid_field", "no", { field: "say" });
        },
      }),
    });
    await expect(ask(HELLO)).rejects.toBeInstanceOf(Refusal);
    expect(callers).toEqual([]);
  });
});

test("a denial that could not be recorded names both reasons", async () => {
  const { ask, audit } = setUp();
  audit.failing.outcome = true;
  const response = await ask({ say: "hello", model: "big:cloud" });
  expect(response.status).toBe(503);
  expect(response.headers.get("x-policy-mesh-reason-codes")).toBe(
    "cost_prefer_local,policy.cloud_model_refused,audit.unavailable",
  );
});
