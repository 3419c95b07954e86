import { describe, expect, test } from "bun:test";
import { REASONS } from "../../src/core/reasons.ts";
import { ask, RETRY_AFTER_SECONDS, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { user } from "./clients.ts";
import { piecesOf } from "./expected.ts";
import { CHAT, QUESTION } from "./facts.ts";
import { forgetRefusals, MODELS, type Side, sideOf, WAYS } from "./gateways.ts";
import { askedWith, auditRow, expectOnRecord, loggedRow, postJson, rejection } from "./harness.ts";
import { MID_STREAM, midStream } from "./mid-stream.ts";
import { UPSTREAM_ERRORS } from "./upstream-errors.ts";

/** The gateway's own surface. It has no SDK: its client is `fetch`. */

const chat = (side: Side, body: object) => postJson(side, "/v1/chat", body);
const requestIdOf = (response: Response): string => response.headers.get("x-request-id") ?? "";
const headOf = (side: Side, response: Response) => ({
  request_id: requestIdOf(response),
  provider: side.provider,
  model: side.model,
  reason_codes: ["default"],
});
const usageOf = ([prompt, completion]: readonly [number, number]) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
});
const NO_USAGE = { prompt_tokens: null, completion_tokens: null };

describe.each([...WAYS])("the native surface, answered by the %s model", (way) => {
  test("a whole answer", async () => {
    const side = sideOf(way);
    const messages = [{ role: "system", content: "Be brief." }, ...user(QUESTION)];
    const response = await chat(side, { messages });
    const { text, usage } = CHAT[way];
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ...headOf(side, response),
      content: text,
      finish_reason: "stop",
      usage: usageOf(usage),
      error: null,
    });
    await expectOnRecord(side, response, { surface: "native", messageCount: 2, usage });
    expect<unknown>(side.upstream.lastPosted().body).toEqual(
      way === "local"
        ? { model: side.model, messages, stream: false, truncate: false, shift: false }
        : { model: side.model, messages },
    );
  });

  test("a stream: the decision, each piece as the model gave it, the end", async () => {
    const side = sideOf(way);
    const response = await chat(side, { messages: user(QUESTION), stream: true });
    const { usage } = CHAT[way];
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(eventsOf(await response.text())).toEqual([
      { event: "decision", data: headOf(side, response) },
      ...(await piecesOf(way)).map((content) => ({ event: "delta", data: { content } })),
      { event: "done", data: { model: side.model, finish_reason: "stop", usage: usageOf(usage) } },
    ]);
    await expectOnRecord(side, response, { surface: "native", streamed: true, usage });
  });

  test("a wish for a model is one of the model, not of who answers", async () => {
    const side = sideOf(way);
    const elsewhere = way === "local" ? `openai/${MODELS.cloud}` : `local/${MODELS.local}`;
    for (const model of [null, "auto", side.model, `${side.provider}/${side.model}`, elsewhere]) {
      const response = await chat(side, { model, messages: user(QUESTION) });
      expect(await response.json()).toMatchObject({ ...headOf(side, response), content: CHAT[way].text });
    }
  });

  test("what is sensitive stays local", async () => {
    const side = sideOf(way);
    const response = await chat(side, { messages: user("What is an IBAN?") });
    expect(await response.json()).toEqual({
      request_id: requestIdOf(response),
      provider: "local",
      model: MODELS.local,
      reason_codes: ["sensitive_keyword_match"],
      content: CHAT.local.text,
      finish_reason: "stop",
      usage: usageOf(CHAT.local.usage),
      error: null,
    });
  });

  test("refuses by name, in its own shape, and asks nobody", async () => {
    const side = sideOf(way);
    const before = side.upstream.posted().length;
    const messages = user(QUESTION);
    for (const [body, code, field] of [
      [{}, "request.invalid_field", "messages"],
      [{ messages: [{ role: "tool", content: QUESTION }] }, "request.invalid_field", "messages[0].role"],
      [{ messages: [{ role: "user", content: 1 }] }, "request.invalid_field", "messages[0].content"],
      [{ messages, model: "not a model's name!" }, "request.invalid_field", "model"],
      [{ messages, temperature: 0 }, "request.unknown_field", "temperature"],
      [{ messages: [{ ...messages[0], name: "me" }] }, "request.unknown_field", "messages[0].name"],
    ] as const) {
      const response = await chat(side, body);
      expect(response.status).toBe(400);
      const error = { code, message: expect.any(String), field };
      expect(await response.json()).toEqual({ request_id: requestIdOf(response), error });
    }
    for (const stream of [false, true]) {
      const response = await chat(side, { model: "gpt-oss:120b-cloud", messages, stream });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({
        request_id: requestIdOf(response),
        provider: null,
        model: null,
        reason_codes: ["default", "policy.cloud_model_refused"],
        content: null,
        finish_reason: null,
        usage: NO_USAGE,
        error: { code: "policy.cloud_model_refused", message: expect.any(String) },
      });
      expect(await auditRow(side, requestIdOf(response))).toMatchObject({
        status: "denied",
        decision: "deny",
        surface: "native",
        streamed: stream,
        provider: null,
      });
    }
    expect(side.upstream.posted()).toHaveLength(before);
  });

  const errors = UPSTREAM_ERRORS.filter(({ ways }) => ways.includes(way));
  test.each(errors)("$script: an error before the answer, whole and streamed", async ({ script, category }) => {
    const side = sideOf(way);
    for (const stream of [false, true]) {
      const response = await chat(side, { messages: user(ask(script)), stream });
      const code = `provider.${category}` as const;
      expect(response.status).toBe(REASONS[code].status ?? 0);
      const body: unknown = await response.json();
      expect(body).toEqual({
        ...headOf(side, response),
        content: null,
        finish_reason: null,
        usage: NO_USAGE,
        error: { code, message: expect.any(String) },
      });
      expect(JSON.stringify(body)).not.toContain(UPSTREAM_WORDS);
      expect(response.headers.get("x-policy-mesh-reason-codes")).toBe(`default,${code}`);
      const waits = script === "rate-limited" ? String(RETRY_AFTER_SECONDS) : null;
      expect(response.headers.get("retry-after")).toBe(waits);
      expect(await auditRow(side, requestIdOf(response))).toMatchObject({
        status: "failed",
        failure_category: category,
        surface: "native",
        streamed: stream,
        provider: side.provider,
        attempts: [
          { provider: side.provider, model: side.model, result: category, sent: true, duration_ms: expect.any(Number) },
        ],
      });
      expect(response.headers.get("x-policy-mesh-attempts")).toBe("1");
      await forgetRefusals();
    }
  });

  test.each([...MID_STREAM])(
    "$script: an error in mid-stream is the last event",
    async ({ script, code, category, says }) => {
      const side = sideOf(way);
      const { words, onFirst } = midStream(side, script);
      const response = await chat(side, { messages: user(words), stream: true });
      const events = eventsOf(await readAll(response, onFirst));
      expect(events.slice(0, 2).map((event) => event.event)).toEqual(["decision", "delta"]);
      expect(events.at(-1)).toEqual({ event: "error", data: { code, message: expect.stringMatching(says) } });
      expect(events.filter((event) => event.event === "done")).toEqual([]);
      expect(await auditRow(side, requestIdOf(response))).toMatchObject({
        status: "failed",
        failure_category: category,
        surface: "native",
        streamed: true,
      });
    },
  );

  test("a client that leaves: the upstream sees it, the row says it", async () => {
    const side = sideOf(way);
    const left = { status: "client_aborted", failure_category: null, surface: "native", usage: NO_USAGE };

    const early = new AbortController();
    const silent = `${ask("silence")} ${crypto.randomUUID()}`;
    const sinceMs = Date.now();
    const body = JSON.stringify({ messages: user(silent) });
    const headers = { "content-type": "application/json" };
    const pending = fetch(`${side.url}/v1/chat`, { method: "POST", headers, body, signal: early.signal });
    const ending = rejection(pending);
    await askedWith(side, silent);
    early.abort();
    expect(await ending).toMatchObject({ name: "AbortError" });
    await side.upstream.departure(silent);
    expect(await loggedRow(side, sinceMs, "client_aborted")).toMatchObject({ ...left, streamed: false });

    const stalled = `${ask("stall")} ${crypto.randomUUID()}`;
    const response = await chat(side, { messages: user(stalled), stream: true });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    await reader?.cancel();
    await side.upstream.departure(stalled);
    expect(await auditRow(side, requestIdOf(response))).toMatchObject({ ...left, streamed: true });
  });
});

/** The events of a whole stream, which must be nothing else. */
function eventsOf(stream: string) {
  expect(stream).toEndWith("\n\n");
  return stream
    .slice(0, -2)
    .split("\n\n")
    .map((block) => {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return { event, data: JSON.parse(data ?? "") as unknown };
    });
}

/** `onFirst` is called with the first text there. */
async function readAll(response: Response, onFirst: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes("event: delta")) onFirst();
  }
  return text;
}
