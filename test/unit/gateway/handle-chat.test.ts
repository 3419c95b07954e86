import { describe, expect, test } from "bun:test";
import type { ChatRequest, Chunk } from "../../../src/core/chat.ts";
import { ERROR_REASONS } from "../../../src/core/reasons.ts";
import { err, ok } from "../../../src/core/result.ts";
import type { Answer, AnswerError, AnswerHead, Render } from "../../../src/gateway/chat-result.ts";
import type { Call } from "../../../src/gateway/decided.ts";
import type { Deps } from "../../../src/gateway/deps.ts";
import { admit, answerWhole } from "../../../src/gateway/handle-chat.ts";
import { attemptDefaults } from "../../support/attempt-defaults.ts";
import { chatRequest, fakeDeps, requestOf } from "../../support/deps.ts";
import { watchedTraffic } from "../../support/errands.ts";
import { answer, fails, untilAborted } from "../../support/fake-provider.ts";

const LONG = "x".repeat(11);
const MAIL = ["jane.roe", "mail.example.org"].join("@");
const call = (signal = new AbortController().signal) => ({
  requestId: Bun.randomUUIDv7(),
  signal,
  caller: "a",
  labels: {},
});

type Handled = {
  readonly head: AnswerHead;
  readonly overheadMs: number;
  readonly answer: Answer | null;
  readonly error: AnswerError | null;
};

/** Both halves of the pipeline for a whole answer, as a surface runs them; the client gets the answer as it is. */
async function handle(deps: Deps, request: ChatRequest, from: Call, render: Render<Answer> = ok): Promise<Handled> {
  const admitted = await admit(deps, request, from);
  if (admitted.kind === "abandoned") throw new Error("abandoned too early");
  const handled = admitted.kind === "refused" ? admitted : await answerWhole(deps, admitted, render);
  const { head, overheadMs } = handled;
  return handled.kind === "answered"
    ? { head, overheadMs, answer: handled.body, error: null }
    : { head, overheadMs, answer: null, error: handled.error };
}

describe("admit and answerWhole", () => {
  test("answers, and says who answered and why", async () => {
    const { deps } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    expect(await handle(deps, chatRequest("hello"), asked)).toEqual({
      head: {
        requestId,
        provider: "local",
        model: "local-default",
        reasonCodes: ["cost_prefer_local"],
        attemptCount: 1,
      },
      overheadMs: expect.any(Number),
      answer: {
        content: "from local",
        thinking: "",
        toolCalls: [],
        logprobs: [],
        vectors: [],
        document: null,
        model: "local-default",
        finishReason: "stop",
        usage: { promptTokens: 3, completionTokens: 5 },
      },
      error: null,
    });
  });

  test("commits the intent before the provider is called, and the outcome before it answers", async () => {
    const { deps, audit } = fakeDeps();
    await handle(deps, chatRequest(LONG), call());
    expect(audit.journal).toEqual(["intent", "call openai", "outcome"]);
  });

  test("calls no provider when the intent cannot be recorded", async () => {
    const { deps, audit, local, openai, telemetry } = fakeDeps();
    audit.failing.intent = true;
    const result = await handle(deps, chatRequest("hello"), call());
    expect(result).toEqual({
      head: {
        requestId: expect.any(String),
        provider: "local",
        model: "local-default",
        reasonCodes: ["cost_prefer_local"],
        attemptCount: 0,
      },
      overheadMs: expect.any(Number),
      answer: null,
      error: {
        code: "audit.unavailable",
        message:
          "The audit event could not be put on record, or cannot be read; an answer, or the rest of it, is withheld.",
        field: null,
        retryAfterMs: 1_000,
      },
    });
    expect([local.calls, openai.calls]).toEqual([[], []]);
    expect(telemetry.auditFailures.map((failure) => failure.step)).toEqual(["intent"]);
    expect(telemetry.finished.map((event) => event.status)).toEqual(["audit_unavailable"]);
  });

  test("withholds the answer when the outcome cannot be recorded", async () => {
    const { deps, audit, telemetry } = fakeDeps();
    audit.failing.outcome = true;
    const result = await handle(deps, chatRequest("hello"), call());
    expect(JSON.stringify(result)).not.toContain("from local");
    expect(result.error?.code).toBe("audit.unavailable");
    expect(telemetry.auditFailures.map((failure) => failure.step)).toEqual(["outcome"]);
    expect(telemetry.finished.map((event) => [event.status, event.errorCode])).toEqual([
      ["audit_unavailable", "audit.unavailable"],
    ]);
  });

  test("puts lengths, a digest and the decision on record, and no text", async () => {
    const { deps, audit } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    const messages = [
      { role: "system" as const, content: "be kind, secret agent" },
      { role: "user" as const, content: "kæse" },
    ];
    await handle(deps, chatRequest("", { messages, model: "gpt-wish" }), asked);
    const intent = audit.intents.get(requestId);
    expect(intent).toMatchObject({
      decision: "route",
      provider: "local",
      zone: "local",
      model: "local-default",
      reasonCodes: ["sensitive_keyword_match"],
      findings: { "keyword.sensitive_keyword": expect.any(Number) },
      scanRuleset: deps.active().scan.ruleset,
      messageCount: 2,
      promptLength: 25,
      streamed: false,
    });
    expect(intent?.promptDigest).toMatch(/^hmac-sha256:[0-9a-f]{16}:[0-9a-f]{64}$/);
    const recorded = JSON.stringify([...audit.intents.values(), ...audit.outcomes.values()]);
    for (const text of ["agent", "kæse", "from local", "gpt-wish"]) expect(recorded).not.toContain(text);
  });

  test("keeps provider and reasons when the provider fails", async () => {
    const { deps, audit, openai, telemetry } = fakeDeps();
    openai.behaves(() => fails("rate_limited", "slow down"));
    const asked = call();
    const { requestId } = asked;
    expect(await handle(deps, chatRequest(LONG), asked)).toEqual({
      head: { requestId, provider: "openai", model: "openai-default", reasonCodes: ["default"], attemptCount: 1 },
      overheadMs: expect.any(Number),
      answer: null,
      error: { code: "provider.rate_limited", message: "slow down", field: null, retryAfterMs: null },
    });
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "failed", failureCategory: "rate_limited" });
    expect(telemetry.finished[0]).toMatchObject({ status: "failed", failureCategory: "rate_limited" });
  });

  test("never presents an answer that ended without its end as complete", async () => {
    const { deps, local } = fakeDeps();
    local.behaves(async function* (): AsyncIterable<Chunk> {
      yield { kind: "text", text: "half of" };
    });
    const result = await handle(deps, chatRequest("hello"), call());
    expect(result).toMatchObject({ answer: null, error: { code: "provider.malformed_response" } });
    expect(JSON.stringify(result)).not.toContain("half of");
  });

  test("ends a provider that takes too long", async () => {
    const { deps, local } = fakeDeps({ attemptDefaults: attemptDefaults(20) });
    local.behaves(untilAborted);
    const result = await handle(deps, chatRequest("hello"), call());
    expect(result.error).toEqual({
      code: "provider.timeout",
      message: "The provider did not answer within 0.02 s (PROVIDER_TIMEOUT_SECONDS).",
      field: null,
      retryAfterMs: null,
    });
  });

  test("has every attempt on record, and of the answer only what is the last one's", async () => {
    const { deps, audit, local, telemetry } = fakeDeps({
      attemptDefaults: attemptDefaults(1_000, { retries: 1, deadlineMs: 10_000 }),
    });
    let calls = 0;
    local.behaves(async function* (called): AsyncIterable<Chunk> {
      calls += 1;
      if (calls > 1) yield* answer("hi", called.target.model);
      else yield { kind: "failure", failure: { category: "upstream_error", message: "it failed", transient: true } };
    });
    const asked = call();
    expect(await handle(deps, chatRequest("hello"), asked)).toMatchObject({
      head: { attemptCount: 2 },
      answer: { content: "hi" },
    });
    const attempts = [
      {
        provider: "local",
        model: "local-default",
        result: "upstream_error",
        sent: true,
        durationMs: expect.any(Number),
      },
      { provider: "local", model: "local-default", result: "answered", sent: true, durationMs: expect.any(Number) },
    ];
    expect<unknown>(telemetry.finished.map((event) => event.attempts)).toEqual([attempts]);
    expect(audit.outcomes.get(asked.requestId)).toMatchObject({
      status: "succeeded",
      attempts,
      usage: { promptTokens: 3, completionTokens: 5 },
    });
    const { requestId } = asked;
    expect(telemetry.attempts).toEqual([
      {
        requestId,
        provider: "local",
        model: "local-default",
        category: "upstream_error",
        detail: "it failed",
        retryAfterMs: null,
        called: true,
        again: true,
        waitMs: 0,
      },
    ]);
  });

  test("answers at once with the failure where the process drains while it waits", async () => {
    const { deps, audit, local } = fakeDeps({
      attemptDefaults: attemptDefaults(60_000, { retries: 1, deadlineMs: 60_000 }),
    });
    local.behaves(async function* (): AsyncIterable<Chunk> {
      const failure = { category: "rate_limited", message: "later", transient: true, retryAfterMs: 30_000 } as const;
      yield { kind: "failure", failure };
    });
    const asked = call();
    const pending = handle(deps, chatRequest("hello"), asked);
    await Bun.sleep(5);
    expect(audit.outcomes.size).toBe(0);
    deps.inFlight.drain();
    expect((await pending).error).toMatchObject({ code: "provider.rate_limited", retryAfterMs: 30_000 });
    expect(audit.outcomes.get(asked.requestId)?.attempts).toHaveLength(1);
  });

  test("says where nothing could be sent to anybody, and counts no attempt", async () => {
    const { traffic, bar } = watchedTraffic();
    const { deps, audit, local } = fakeDeps({ traffic });
    bar("local", { kind: "circuit_open", retryAfterMs: 3_000 });
    const asked = call();
    expect(await handle(deps, chatRequest("hello"), asked)).toMatchObject({
      head: { provider: "local", attemptCount: 0 },
      error: { code: "provider.circuit_open", retryAfterMs: 3_000 },
    });
    expect(local.calls).toEqual([]);
    expect(audit.outcomes.get(asked.requestId)).toMatchObject({
      status: "failed",
      failureCategory: "circuit_open",
      attempts: [{ provider: "local", model: "local-default", result: "circuit_open" }],
    });
  });

  test.each([
    ["rate_limited", "provider.rate_limited"],
    ["upstream_error", "provider.paused"],
  ] as const)("says that a provider which failed as %s asked for peace: %s", async (by, code) => {
    const { traffic, bar } = watchedTraffic();
    const { deps, audit } = fakeDeps({ traffic });
    bar("local", { kind: "paused", by, retryAfterMs: 9_000_000 });
    const asked = call();
    expect(await handle(deps, chatRequest("hello"), asked)).toMatchObject({
      head: { provider: "local", attemptCount: 0 },
      error: { code, message: ERROR_REASONS[code].meaning, retryAfterMs: 9_000_000 },
    });
    expect(audit.outcomes.get(asked.requestId)).toMatchObject({
      status: "failed",
      provider: null,
      failureCategory: "paused",
      attempts: [{ provider: "local", model: "local-default", result: "paused" }],
    });
  });

  test("counts no call where the request was not sent, and names nobody who was asked", async () => {
    const { deps, audit, local } = fakeDeps();
    local.sendsNothing();
    local.behaves(() => fails("not_local"));
    const asked = call();
    expect(await handle(deps, chatRequest("hello"), asked)).toMatchObject({
      head: { provider: "local", attemptCount: 0 },
      error: { code: "provider.not_local" },
    });
    expect(audit.outcomes.get(asked.requestId)).toMatchObject({
      provider: null,
      failureCategory: "not_local",
      attempts: [{ provider: "local", result: "not_local", sent: false }],
    });
  });

  test("cancels the upstream call when the caller leaves, and still records the request", async () => {
    const { deps, audit, local } = fakeDeps();
    let upstream: AbortSignal | undefined;
    local.behaves((called, signal) => {
      upstream = signal;
      return untilAborted(called, signal);
    });
    const caller = new AbortController();
    const { requestId } = call();
    const pending = handle(deps, chatRequest("hello"), { requestId, signal: caller.signal, caller: "a", labels: {} });
    await Bun.sleep(5);
    caller.abort();
    expect((await pending).error?.code).toBe("request.aborted");
    expect(upstream?.aborted).toBe(true);
    expect(audit.outcomes.get(requestId)?.status).toBe("client_aborted");
  });

  test("says that the gateway stops where that is what cut the call, and not the caller", async () => {
    const { deps, audit, local } = fakeDeps();
    local.behaves(untilAborted);
    const asked = call();
    const { requestId } = asked;
    const pending = handle(deps, chatRequest("hello"), asked);
    await Bun.sleep(5);
    deps.inFlight.cutAll();
    expect((await pending).error?.code).toBe("gateway.stopping");
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "failed", failureCategory: null });
  });

  test("calls nobody for a caller that has left already", async () => {
    const { deps, audit, local } = fakeDeps();
    const caller = new AbortController();
    const asked = call(caller.signal);
    const { requestId } = asked;
    const admitted = await admit(deps, chatRequest("hello"), asked);
    if (admitted.kind !== "admitted") throw new Error("it was refused too early");
    caller.abort();
    await answerWhole(deps, admitted, ok);
    expect(local.calls).toEqual([]);
    expect(audit.outcomes.get(requestId)?.status).toBe("client_aborted");
  });

  test("records a denial, with the routing reason and the denial's own", async () => {
    const { deps, audit, local, openai, telemetry } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    const result = await handle(deps, chatRequest("hello", { model: "big:cloud" }), asked);
    expect(result).toMatchObject({
      head: {
        requestId,
        provider: null,
        model: null,
        reasonCodes: ["cost_prefer_local", "policy.cloud_model_refused"],
        attemptCount: 0,
      },
      answer: null,
      error: { code: "policy.cloud_model_refused", field: "model" },
    });
    expect(audit.intents.get(requestId)).toMatchObject({ decision: "deny", provider: null, zone: null, model: null });
    expect(audit.outcomes.get(requestId)?.status).toBe("denied");
    expect([local.calls, openai.calls]).toEqual([[], []]);
    expect(telemetry.finished.map((event) => event.status)).toEqual(["denied"]);
  });

  test("settles the row and hides the cause when the gateway has a bug", async () => {
    const { deps, audit, local, telemetry } = fakeDeps();
    local.behaves(() => {
      throw new Error("bug with the prompt inside");
    });
    const asked = call();
    const { requestId } = asked;
    const result = await handle(deps, chatRequest("hello"), asked);
    expect(result.error?.code).toBe("gateway.internal");
    expect(JSON.stringify(result)).not.toContain("bug with");
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "failed", failureCategory: null });
    expect(telemetry.bugs).toHaveLength(1);
  });

  test("never lets a sensitive request reach the cloud, whatever the client wishes for", async () => {
    const { deps, openai, local } = fakeDeps();
    openai.models.set("gpt", "yes");
    local.behaves(() => fails("unreachable"));
    for (const model of [null, "gpt", "openai-default", "openai/gpt", "openai/openai-default"]) {
      const result = await handle(deps, chatRequest(`${LONG} secret`, { model }), call());
      expect(result).toMatchObject({ head: { provider: "local" }, error: { code: "provider.unreachable" } });
    }
    expect(openai.calls).toEqual([]);
  });

  test("puts kinds and counts of what was found on record, and no word or name of the body", async () => {
    const { deps, audit, local, openai, telemetry } = fakeDeps();
    const request = requestOf(chatRequest(LONG).task, {
      messages: [{ role: "user", content: LONG }],
      metadata: { "the client's own name": `secret words for ${MAIL} and ${MAIL}` },
    });
    const asked = call();
    const { requestId } = asked;
    const { head } = await handle(deps, request, asked);
    expect(head).toMatchObject({ provider: "local", reasonCodes: ["sensitive_keyword_match", "sensitive_data_match"] });
    expect([local.calls.length, openai.calls.length]).toEqual([1, 0]);
    expect(audit.intents.get(requestId)?.findings).toEqual({ "keyword.sensitive_keyword": 1, "pii.email": 2 });
    expect(telemetry.finished[0]?.findings).toEqual({ "keyword.sensitive_keyword": 1, "pii.email": 2 });
    const kept = JSON.stringify([...audit.intents.values(), ...audit.outcomes.values(), ...telemetry.finished]);
    for (const text of ["jane.roe", "own name", "metadata"]) expect(kept).not.toContain(text);
  });

  test("lets personal data pass where the operator says so, but no keyword", async () => {
    const { deps, audit, openai } = fakeDeps({}, { detectSensitiveData: false });
    const asked = call();
    const { requestId } = asked;
    await handle(deps, chatRequest(`${LONG} ${MAIL}`), asked);
    await handle(deps, chatRequest(`${LONG} secret ${MAIL}`), call());
    expect(openai.calls).toHaveLength(1);
    expect(audit.intents.get(requestId)?.findings).toEqual({});
  });

  test("calls no provider where the scanner has a bug", async () => {
    const { deps, audit, local, openai, active } = fakeDeps();
    const scan = new Proxy(active.scan, {
      get() {
        throw new Error("a bug of the scanner");
      },
    });
    await expect(admit({ ...deps, active: () => ({ ...active, scan }) }, chatRequest(LONG), call())).rejects.toThrow(
      "a bug of the scanner",
    );
    expect(audit.intents.size + local.calls.length + openai.calls.length).toBe(0);
  });

  test("reports the model that answered, where it is not the one asked", async () => {
    const { deps, local, audit } = fakeDeps();
    local.behaves(() => answer("hi", "local-default-2026"));
    const asked = call();
    const { requestId } = asked;
    expect((await handle(deps, chatRequest("hello"), asked)).head.model).toBe("local-default-2026");
    expect(audit.outcomes.get(requestId)?.model).toBe("local-default-2026");
  });

  test("times every stage", async () => {
    const { deps, telemetry } = fakeDeps();
    await handle(deps, chatRequest("hello"), call());
    expect(Object.keys(telemetry.finished[0]?.durationsMs ?? {})).toEqual([
      "scan",
      "decide",
      "intent",
      "provider",
      "translate",
      "outcome",
    ]);
  });

  test("says how long a provider asked to be left alone", async () => {
    const { deps, local } = fakeDeps();
    local.behaves(async function* (): AsyncIterable<Chunk> {
      yield { kind: "failure", failure: { category: "rate_limited", message: "later", retryAfterMs: 7_000 } };
    });
    const result = await handle(deps, chatRequest("hello"), call());
    expect(result.error).toEqual({
      code: "provider.rate_limited",
      message: "later",
      field: null,
      retryAfterMs: 7_000,
    });
  });

  test("withholds a denial that cannot be recorded as well", async () => {
    const { deps, audit, telemetry } = fakeDeps();
    audit.failing.outcome = true;
    const result = await handle(deps, chatRequest("hello", { model: "big:cloud" }), call());
    expect(result).toMatchObject({ answer: null, error: { code: "audit.unavailable" } });
    expect(telemetry.finished.map((event) => event.status)).toEqual(["audit_unavailable"]);
  });

  test("counts as its own what was not the provider's time", async () => {
    let nowMs = 0;
    const { deps, local } = fakeDeps({ monotonicMs: () => nowMs });
    local.behaves((called) => {
      nowMs += 500;
      return answer("hi", called.target.model);
    });
    expect((await handle(deps, chatRequest("hello"), call())).overheadMs).toBe(0);
    const { store } = fakeDeps().audit;
    const slow: Deps = {
      ...deps,
      audit: {
        ...store,
        recordIntent: (intent) => {
          nowMs += 20;
          return store.recordIntent(intent);
        },
        recordOutcome: (outcome) => {
          nowMs += 3;
          return store.recordOutcome(outcome);
        },
      },
    };
    expect((await handle(slow, chatRequest("hello"), call())).overheadMs).toBe(23);
  });

  test("refuses by name what no provider that may answer can carry, and records the denial", async () => {
    const { deps, audit, local, openai } = fakeDeps();
    local.cannotCarry("messages[0].audio");
    const asked = call();
    const { requestId } = asked;
    expect(await handle(deps, chatRequest("hello"), asked)).toMatchObject({
      head: { provider: null, model: null, reasonCodes: ["cost_prefer_local", "request.untranslatable_field"] },
      answer: null,
      error: {
        code: "request.untranslatable_field",
        message: expect.stringMatching(/^messages\[0\]\.audio: /),
        field: "messages[0].audio",
      },
    });
    expect(audit.outcomes.get(requestId)?.status).toBe("denied");
    expect([local.calls, openai.calls]).toEqual([[], []]);
  });

  test("puts an embedding on record like any other request, and gives its vectors", async () => {
    const { deps, audit, openai } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    const inputs = [LONG, LONG];
    const request = requestOf({ kind: "embedding", inputs, dimensions: null }, { input: inputs });
    const result = await handle(deps, { ...request, surface: "ollama_embed" }, asked);
    expect(result.head).toEqual({
      requestId,
      provider: "local",
      model: "local-embedding",
      reasonCodes: ["embedding_model"],
      attemptCount: 1,
    });
    expect(result.answer?.vectors).toEqual([
      [0, 0.5],
      [1, 0.5],
    ]);
    expect(audit.intents.get(requestId)).toMatchObject({ surface: "ollama_embed", messageCount: 2, promptLength: 22 });
    expect(openai.calls).toEqual([]);
  });

  test.each([false, true])("keeps an image local unless the operator allows otherwise: %p", async (allowed) => {
    const { deps, local, openai } = fakeDeps(
      {},
      { allowOpaqueContentToCloud: allowed, costMaxPromptLengthForLocal: 0 },
    );
    const image = { kind: "image" as const, mediaType: "image/png", base64: "aGk=" };
    const request = chatRequest("", { messages: [{ role: "user", content: [{ kind: "text", text: LONG }, image] }] });
    await handle(deps, request, call());
    expect([local.calls.length, openai.calls.length]).toEqual(allowed ? [0, 1] : [1, 0]);
  });

  test("translates with the model that answered, before the outcome is on record", async () => {
    const { deps, local, audit } = fakeDeps();
    local.behaves(() => answer("hi", "local-2026"));
    const asked = call();
    const { requestId } = asked;
    const heads: AnswerHead[] = [];
    await handle(deps, chatRequest("hello"), asked, (given, head) => {
      audit.journal.push("translate");
      heads.push(head);
      return ok(given);
    });
    expect(audit.journal).toEqual(["intent", "call local", "translate", "outcome"]);
    expect(heads).toEqual([
      { requestId, provider: "local", model: "local-2026", reasonCodes: ["cost_prefer_local"], attemptCount: 1 },
    ]);
  });

  test("records an answer that the client's protocol cannot say as failed, with its usage", async () => {
    const { deps, audit, telemetry } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    const error: AnswerError = {
      code: "provider.malformed_response",
      message: "no such shape",
      field: null,
      retryAfterMs: null,
    };
    const handled = await handle(deps, chatRequest("hello"), asked, () => err(error));
    expect(handled).toMatchObject({ answer: null, error });
    expect(audit.outcomes.get(requestId)).toMatchObject({
      status: "failed",
      usage: { promptTokens: 3, completionTokens: 5 },
    });
    expect(telemetry.finished).toMatchObject([{ status: "failed", errorCode: "provider.malformed_response" }]);
  });

  test("takes a translation that throws for a bug, settles the row and hides the cause", async () => {
    const { deps, audit, telemetry } = fakeDeps();
    const asked = call();
    const { requestId } = asked;
    const handled = await handle(deps, chatRequest("hello"), asked, () => {
      throw new Error("bug with the answer inside");
    });
    expect(handled).toMatchObject({ answer: null, error: { code: "gateway.internal" } });
    expect(JSON.stringify(handled)).not.toContain("bug with");
    expect(audit.outcomes.get(requestId)?.status).toBe("failed");
    expect(telemetry.bugs).toHaveLength(1);
  });
});
