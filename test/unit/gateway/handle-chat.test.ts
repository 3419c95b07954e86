import { describe, expect, test } from "bun:test";
import type { Chunk } from "../../../src/core/chat.ts";
import { handleChat } from "../../../src/gateway/handle-chat.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";
import { answer, fails } from "../../support/fake-provider.ts";

const LONG = "x".repeat(11);
const call = (signal = new AbortController().signal) => ({ requestId: Bun.randomUUIDv7(), signal });

describe("handleChat", () => {
  test("answers, and says who answered and why", async () => {
    const { deps } = fakeDeps();
    const { requestId, signal } = call();
    expect(await handleChat(deps, chatRequest("hello"), { requestId, signal })).toEqual({
      requestId,
      provider: "local",
      model: "local-default",
      reasonCodes: ["cost_prefer_local"],
      content: "from local",
      finishReason: "stop",
      usage: { promptTokens: 3, completionTokens: 5 },
      error: null,
    });
  });

  test("commits the intent before the provider is called, and the outcome before it answers", async () => {
    const { deps, audit } = fakeDeps();
    await handleChat(deps, chatRequest(LONG), call());
    expect(audit.journal).toEqual(["intent", "call openai", "outcome"]);
  });

  test("calls no provider when the intent cannot be recorded", async () => {
    const { deps, audit, local, openai, telemetry } = fakeDeps();
    audit.failing.intent = true;
    const result = await handleChat(deps, chatRequest("hello"), call());
    expect(result).toMatchObject({
      provider: "local",
      reasonCodes: ["cost_prefer_local"],
      content: null,
      error: { code: "audit.unavailable" },
    });
    expect([local.calls, openai.calls]).toEqual([[], []]);
    expect(telemetry.auditFailures.map((failure) => failure.step)).toEqual(["intent"]);
    expect(telemetry.finished.map((event) => event.status)).toEqual(["audit_unavailable"]);
  });

  test("withholds the answer when the outcome cannot be recorded", async () => {
    const { deps, audit, telemetry } = fakeDeps();
    audit.failing.outcome = true;
    const result = await handleChat(deps, chatRequest("hello"), call());
    expect(JSON.stringify(result)).not.toContain("from local");
    expect(result.error?.code).toBe("audit.unavailable");
    expect(telemetry.auditFailures.map((failure) => failure.step)).toEqual(["outcome"]);
  });

  test("puts lengths, a digest and the decision on record, and no text", async () => {
    const { deps, audit } = fakeDeps();
    const { requestId, signal } = call();
    const messages = [
      { role: "system" as const, content: "be kind, secret agent" },
      { role: "user" as const, content: "kæse" },
    ];
    await handleChat(deps, chatRequest("", { messages, modelWish: "gpt-wish" }), { requestId, signal });
    const intent = audit.intents.get(requestId);
    expect(intent).toMatchObject({
      decision: "route",
      provider: "local",
      zone: "local",
      model: "local-default",
      reasonCodes: ["sensitive_keyword_match"],
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
    const { requestId, signal } = call();
    expect(await handleChat(deps, chatRequest(LONG), { requestId, signal })).toMatchObject({
      provider: "openai",
      model: "openai-default",
      reasonCodes: ["default"],
      content: null,
      error: { code: "provider.rate_limited", message: "slow down" },
    });
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "failed", failureCategory: "rate_limited" });
    expect(telemetry.finished[0]).toMatchObject({ status: "failed", failureCategory: "rate_limited" });
  });

  test("never presents an answer that ended without its end as complete", async () => {
    const { deps, local } = fakeDeps();
    local.behaves(async function* (): AsyncIterable<Chunk> {
      yield { kind: "text", text: "half of" };
    });
    const result = await handleChat(deps, chatRequest("hello"), call());
    expect(result).toMatchObject({ content: null, error: { code: "provider.malformed_response" } });
  });

  test("ends a provider that takes too long", async () => {
    const { deps, local } = fakeDeps({ providerTimeoutMs: 20 });
    local.behaves(untilAborted);
    const result = await handleChat(deps, chatRequest("hello"), call());
    expect(result.error).toEqual({
      code: "provider.timeout",
      message: "The provider did not answer within 0.02 s (PROVIDER_TIMEOUT_SECONDS).",
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
    const pending = handleChat(deps, chatRequest("hello"), { requestId, signal: caller.signal });
    await Bun.sleep(5);
    caller.abort();
    expect((await pending).error?.code).toBe("request.aborted");
    expect(upstream?.aborted).toBe(true);
    expect(audit.outcomes.get(requestId)?.status).toBe("client_aborted");
  });

  test("calls nobody for a caller that has left already", async () => {
    const { deps, audit, local } = fakeDeps();
    const { requestId } = call();
    await handleChat(deps, chatRequest("hello"), { requestId, signal: AbortSignal.abort() });
    expect(local.calls).toEqual([]);
    expect(audit.outcomes.get(requestId)?.status).toBe("client_aborted");
  });

  test("records a denial, with the routing reason and the denial's own", async () => {
    const { deps, audit, local, openai, telemetry } = fakeDeps();
    const { requestId, signal } = call();
    const result = await handleChat(deps, chatRequest("hello", { modelWish: "big:cloud" }), { requestId, signal });
    expect(result).toMatchObject({
      provider: null,
      model: null,
      reasonCodes: ["cost_prefer_local", "policy.cloud_model_refused"],
      error: { code: "policy.cloud_model_refused" },
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
    const { requestId, signal } = call();
    const result = await handleChat(deps, chatRequest("hello"), { requestId, signal });
    expect(result.error?.code).toBe("gateway.internal");
    expect(JSON.stringify(result)).not.toContain("bug with");
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "failed", failureCategory: null });
    expect(telemetry.bugs).toHaveLength(1);
  });

  test("never lets a sensitive request reach the cloud, whatever the client wishes for", async () => {
    const { deps, openai, local } = fakeDeps();
    openai.models.set("gpt", "yes");
    local.behaves(() => fails("unreachable"));
    for (const modelWish of [null, "gpt", "openai-default", "openai/gpt"]) {
      const result = await handleChat(deps, chatRequest(`${LONG} secret`, { modelWish }), call());
      expect(result).toMatchObject({ provider: "local", error: { code: "provider.unreachable" } });
    }
    expect(openai.calls).toEqual([]);
  });

  test("reports the model that answered, where it is not the one asked", async () => {
    const { deps, local, audit } = fakeDeps();
    local.behaves(() => answer("hi", "local-default-2026"));
    const { requestId, signal } = call();
    expect((await handleChat(deps, chatRequest("hello"), { requestId, signal })).model).toBe("local-default-2026");
    expect(audit.outcomes.get(requestId)?.model).toBe("local-default-2026");
  });

  test("times every stage", async () => {
    const { deps, telemetry } = fakeDeps();
    await handleChat(deps, chatRequest("hello"), call());
    expect(Object.keys(telemetry.finished[0]?.durationsMs ?? {})).toEqual([
      "scan",
      "decide",
      "intent",
      "provider",
      "outcome",
    ]);
  });
});

async function* untilAborted(_: unknown, signal: AbortSignal): AsyncIterable<Chunk> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  yield { kind: "failure", failure: { category: "unreachable", message: "cut" } };
}
