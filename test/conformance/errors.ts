import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask, RETRY_AFTER_SECONDS, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { ALL_CALLS, type Call } from "./calls.ts";
import { lastRow, openaiOf, user, watched } from "./clients.ts";
import { QUESTION } from "./facts.ts";
import { forgetRefusals, type Side, sideOf, WAYS } from "./gateways.ts";
import { rejection } from "./harness.ts";
import { type Expected, UPSTREAM_ERRORS } from "./upstream-errors.ts";

function expectHeaders(side: Side, { retry, script, category }: Expected): void {
  const { headers } = watched.last();
  const waits = script === "rate-limited";
  expect({
    provider: headers.get("x-policy-mesh-provider"),
    model: headers.get("x-policy-mesh-model"),
    attempts: headers.get("x-policy-mesh-attempts"),
    shouldRetry: headers.get("x-should-retry"),
    retryAfter: headers.get("retry-after"),
    retryAfterMs: headers.get("retry-after-ms"),
  }).toEqual({
    provider: side.provider,
    model: side.model,
    attempts: "1",
    shouldRetry: String(retry),
    retryAfter: waits ? String(RETRY_AFTER_SECONDS) : null,
    retryAfterMs: waits ? String(RETRY_AFTER_SECONDS * 1_000) : null,
  });
  expect(headers.get("x-policy-mesh-reason-codes")).toEndWith(`,provider.${category}`);
}

type Raised = Pick<Expected, "status" | "raises" | "type" | "code">;

/** What the SDK raises, whole. */
function expectRaised(name: string, sdk: Call["sdk"], error: unknown, expected: Raised): void {
  if (sdk === "ollama") {
    const raised = { name: "ResponseError", status_code: expected.status, error: expect.any(String) };
    expect<unknown>({ name, error }).toMatchObject({ name, error: raised });
  } else {
    expect({ name, error }).toEqual({ name, error: expect.any(expected.raises) });
    expect(error).toMatchObject({
      status: expected.status,
      type: expected.type,
      code: expected.code,
      error: { message: expect.any(String), type: expected.type, param: null, code: expected.code },
      requestID: watched.last().headers.get("x-request-id"),
    });
  }
  expect(String(error)).not.toContain(UPSTREAM_WORDS);
}

/** What those meet who come after one whose credentials were refused. */
const LEFT_ALONE = {
  status: 503,
  raises: OpenAI.InternalServerError,
  type: "server_error",
  code: "provider.circuit_open",
} as const;

describe.each([...WAYS])("an error of the %s model before the answer", (way) => {
  const errors = UPSTREAM_ERRORS.filter(({ ways }) => ways.includes(way));

  test.each(errors)("$script: every call of the SDKs raises its class", async (expected) => {
    const side = sideOf(way);
    for (const { name, sdk, surface, streamed, ask: call } of ALL_CALLS) {
      const error = await rejection(call(side, `${QUESTION} ${ask(expected.script)}`));
      expectRaised(name, sdk, error, expected);
      expectHeaders(side, expected);
      expect(await lastRow(side)).toMatchObject({
        status: "failed",
        failure_category: expected.category,
        provider: side.provider,
        model: side.model,
        surface,
        streamed,
        usage: { prompt_tokens: null, completion_tokens: null },
      });
      await forgetRefusals();
    }
  });

  test("a client that may retry does so only where that can help", async () => {
    const side = sideOf(way);
    for (const [script, tries] of [
      ["unauthorized", 1],
      ["unavailable", 2],
    ] as const) {
      const before = side.upstream.posted().length;
      const messages = [{ role: "user" as const, content: ask(script) }];
      await rejection(openaiOf(side, 1).chat.completions.create({ model: side.model, messages }));
      expect(side.upstream.posted().length - before).toBe(tries);
      await forgetRefusals();
    }
  });

  test("after refused credentials nobody is asked for a while, and every call is told how long", async () => {
    const side = sideOf(way);
    const messages = user(ask("unauthorized"));
    await rejection(openaiOf(side).chat.completions.create({ model: side.model, messages }));
    const before = side.upstream.posted().length;
    for (const { name, sdk, surface, streamed, ask: call } of ALL_CALLS) {
      const error = await rejection(call(side, QUESTION));
      expectRaised(name, sdk, error, LEFT_ALONE);
      const { headers } = watched.last();
      expect(headers.get("x-policy-mesh-attempts")).toBe("0");
      expect(headers.get("x-should-retry")).toBe("true");
      const waitMs = Number(headers.get("retry-after-ms"));
      expect(waitMs).toBeGreaterThan(0);
      expect(headers.get("retry-after")).toBe(`${Math.ceil(waitMs / 1_000)}`);
      expect(await lastRow(side)).toMatchObject({
        status: "failed",
        failure_category: "circuit_open",
        surface,
        streamed,
        attempts: [
          {
            provider: side.provider,
            model: side.model,
            result: "circuit_open",
            sent: false,
            duration_ms: expect.any(Number),
          },
        ],
      });
    }
    expect(side.upstream.posted()).toHaveLength(before);
  });
});

test("no call of the SDKs is forgotten: every surface but the native one is asked, whole and streamed", () => {
  expect(ALL_CALLS.map(({ surface, streamed }) => `${surface}${streamed ? ", streamed" : ""}`).sort()).toEqual([
    "ollama_chat",
    "ollama_chat, streamed",
    "ollama_embed",
    "ollama_embeddings",
    "ollama_generate",
    "ollama_generate, streamed",
    "openai_chat",
    "openai_chat, streamed",
    "openai_completions",
    "openai_completions, streamed",
    "openai_embeddings",
    "openai_responses",
    "openai_responses, streamed",
  ]);
});
