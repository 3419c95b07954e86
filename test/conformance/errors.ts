import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask, RETRY_AFTER_SECONDS, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { lastRow, ollamaOf, openaiOf, watched } from "./clients.ts";
import { QUESTION } from "./facts.ts";
import { rejection, type Side, sideOf, WAYS } from "./harness.ts";

type Calls = Readonly<Record<string, (side: Side, text: string) => Promise<unknown>>>;

const OPENAI_CALLS: Calls = {
  "chat.completions": (side, text) =>
    openaiOf(side).chat.completions.create({ model: side.model, messages: [{ role: "user", content: text }] }),
  "chat.completions, streamed": (side, text) =>
    openaiOf(side).chat.completions.create({
      model: side.model,
      messages: [{ role: "user", content: text }],
      stream: true,
    }),
  completions: (side, text) => openaiOf(side).completions.create({ model: side.model, prompt: text }),
  responses: (side, text) => openaiOf(side).responses.create({ model: side.model, input: text }),
  "responses, streamed": (side, text) =>
    openaiOf(side).responses.create({ model: side.model, input: text, stream: true }),
  embeddings: (side, text) => openaiOf(side).embeddings.create({ model: side.model, input: text }),
};

const OLLAMA_CALLS: Calls = {
  chat: (side, text) => ollamaOf(side).chat({ model: side.model, messages: [{ role: "user", content: text }] }),
  "chat, streamed": (side, text) =>
    ollamaOf(side).chat({ model: side.model, messages: [{ role: "user", content: text }], stream: true }),
  generate: (side, text) => ollamaOf(side).generate({ model: side.model, prompt: text }),
  embed: (side, text) => ollamaOf(side).embed({ model: side.model, input: text }),
};

/** What the upstream does, and what a client is to see of it. */
const UPSTREAM_ERRORS = [
  {
    script: "bad-request",
    status: 400,
    raises: OpenAI.BadRequestError,
    type: "invalid_request_error",
    code: "provider.bad_request",
    category: "bad_request",
    retry: false,
  },
  {
    script: "context-length",
    status: 400,
    raises: OpenAI.BadRequestError,
    type: "invalid_request_error",
    code: "context_length_exceeded",
    category: "context_length",
    retry: false,
  },
  {
    script: "unauthorized",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.authentication",
    category: "authentication",
    retry: false,
  },
  {
    script: "forbidden",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.authentication",
    category: "authentication",
    retry: false,
  },
  {
    script: "not-found",
    status: 404,
    raises: OpenAI.NotFoundError,
    type: "not_found_error",
    code: "model_not_found",
    category: "model_not_found",
    retry: false,
  },
  {
    script: "rate-limited",
    status: 429,
    raises: OpenAI.RateLimitError,
    type: "rate_limit_error",
    code: "rate_limit_exceeded",
    category: "rate_limited",
    retry: true,
  },
  {
    script: "failing",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.upstream_error",
    category: "upstream_error",
    retry: true,
  },
  {
    script: "unavailable",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.upstream_error",
    category: "upstream_error",
    retry: true,
  },
] as const;

function expectHeaders(side: Side, { retry, script, category }: (typeof UPSTREAM_ERRORS)[number]): void {
  const { headers } = watched.last();
  const waits = script === "rate-limited";
  expect(headers.get("x-policy-mesh-provider")).toBe(side.provider);
  expect(headers.get("x-policy-mesh-model")).toBe(side.model);
  expect(headers.get("x-policy-mesh-reason-codes")).toEndWith(`,provider.${category}`);
  expect({
    shouldRetry: headers.get("x-should-retry"),
    retryAfter: headers.get("retry-after"),
    retryAfterMs: headers.get("retry-after-ms"),
  }).toEqual({
    shouldRetry: String(retry),
    retryAfter: waits ? String(RETRY_AFTER_SECONDS) : null,
    retryAfterMs: waits ? String(RETRY_AFTER_SECONDS * 1_000) : null,
  });
}

describe.each([...WAYS])("an error of the %s model before the answer", (way) => {
  test.each([...UPSTREAM_ERRORS])("$script: every call of the openai SDK raises its class", async (expected) => {
    const side = sideOf(way);
    for (const [name, call] of Object.entries(OPENAI_CALLS)) {
      const error = await rejection(call(side, `${QUESTION} ${ask(expected.script)}`));
      expect({ name, error }).toEqual({ name, error: expect.any(expected.raises) });
      expect(error).toMatchObject({
        status: expected.status,
        type: expected.type,
        code: expected.code,
        error: { message: expect.any(String), type: expected.type, param: null, code: expected.code },
        requestID: watched.last().headers.get("x-request-id"),
      });
      expect(String(error)).not.toContain(UPSTREAM_WORDS);
      expectHeaders(side, expected);
      expect(await lastRow(side)).toMatchObject({
        status: "failed",
        failure_category: expected.category,
        provider: side.provider,
        streamed: name.includes("streamed"),
      });
    }
  });

  test.each([...UPSTREAM_ERRORS])("$script: every call of the ollama SDK raises its status", async (expected) => {
    const side = sideOf(way);
    for (const [name, call] of Object.entries(OLLAMA_CALLS)) {
      const error = await rejection(call(side, `${QUESTION} ${ask(expected.script)}`));
      expect<unknown>({ name, error }).toMatchObject({
        name,
        error: { name: "ResponseError", status_code: expected.status, error: expect.any(String) },
      });
      expect(String(error)).not.toContain(UPSTREAM_WORDS);
      expectHeaders(side, expected);
      expect(await lastRow(side)).toMatchObject({
        status: "failed",
        failure_category: expected.category,
        streamed: name.includes("streamed"),
      });
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
    }
  });
});
