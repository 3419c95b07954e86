import { describe, expect, test } from "bun:test";
import { ERROR_REASONS, REASONS } from "../../../src/core/reasons.ts";
import type { AnswerError, AnswerHead } from "../../../src/gateway/chat-result.ts";
import { dialectOf, NATIVE, OLLAMA, OPENAI } from "../../../src/http/dialect.ts";

const HEAD: AnswerHead = {
  requestId: "1",
  provider: "openai",
  model: "gpt",
  reasonCodes: ["default"],
  attemptCount: null,
};
const errorOf = (code: AnswerError["code"], field: string | null = null): AnswerError => ({
  code,
  message: "told",
  field,
  retryAfterMs: null,
});

describe("the dialect of a path", () => {
  test.each([
    ["/v1/chat", NATIVE],
    ["/v1/chat/", NATIVE],
    ["/v1/ready", NATIVE],
    ["/v1/audit/1", NATIVE],
    ["/docs", NATIVE],
    ["", NATIVE],
    ["/v1", NATIVE],
    ["/v1/modelsx", NATIVE],
    ["/v2/models", NATIVE],
    ["/v1/chat/completions", OPENAI],
    ["/v1/chat/completions/x", OPENAI],
    ["/v1/completions", OPENAI],
    ["/v1/embeddings", OPENAI],
    ["/v1/responses", OPENAI],
    ["/v1/responses/resp_1/cancel", OPENAI],
    ["/v1/models", OPENAI],
    ["/v1/models/org/model", OPENAI],
    ["/", OLLAMA],
    ["/api/chat", OLLAMA],
    ["/api/nowhere", OLLAMA],
    ["/apis", NATIVE],
  ] as const)("%j is known", (path, dialect) => {
    expect(dialectOf(path)).toBe(dialect);
  });
});

describe("an error", () => {
  test("is told in the gateway's own words before a decision and after one", () => {
    expect(NATIVE.problem("1", errorOf("request.invalid_field", "messages"))).toEqual({
      request_id: "1",
      error: { code: "request.invalid_field", message: "told", field: "messages" },
    });
    expect(NATIVE.refusal(HEAD, errorOf("provider.timeout"))).toMatchObject({
      request_id: "1",
      provider: "openai",
      model: "gpt",
      reason_codes: ["default"],
      content: null,
      error: { code: "provider.timeout", message: "told" },
    });
  });

  test.each([
    ["request.invalid_field", "messages", "invalid_request_error", "request.invalid_field"],
    ["policy.cloud_model_refused", "model", "permission_error", "policy.cloud_model_refused"],
    ["provider.rate_limited", null, "rate_limit_error", "rate_limit_exceeded"],
    ["provider.context_length", null, "invalid_request_error", "context_length_exceeded"],
    ["provider.model_not_found", null, "not_found_error", "model_not_found"],
    ["audit.unavailable", null, "server_error", "audit.unavailable"],
  ] as const)("%s is told in the words of the OpenAI protocol", (reason, field, type, code) => {
    const body = { error: { message: "told", type, param: field, code } };
    expect(OPENAI.problem("1", errorOf(reason, field))).toEqual(body);
    expect(OPENAI.refusal(HEAD, errorOf(reason, field))).toEqual(body);
  });

  test("is told to clients of Ollama as a text", () => {
    expect(OLLAMA.problem("1", errorOf("request.invalid_field", "messages"))).toEqual({ error: "told" });
    expect(OLLAMA.refusal(HEAD, errorOf("provider.timeout"))).toEqual({ error: "told" });
  });

  test.each([
    ["provider.rate_limited", 502, 429],
    ["provider.context_length", 502, 400],
    ["provider.content_filter", 502, 400],
    ["provider.model_not_found", 502, 404],
    ["provider.timeout", 504, 504],
    ["policy.cloud_model_refused", 403, 403],
    ["audit.unavailable", 503, 503],
    ["gateway.internal", 500, 500],
  ] as const)("%s has the status %d natively and %d where SDKs act on it", (code, native, compatible) => {
    expect([NATIVE.statusOf(code), OPENAI.statusOf(code), OLLAMA.statusOf(code)]).toEqual([
      native,
      compatible,
      compatible,
    ]);
  });

  test("has the status of the table, whatever it is", () => {
    for (const code of Object.keys(ERROR_REASONS) as (keyof typeof ERROR_REASONS)[]) {
      expect<number | null | undefined>(NATIVE.statusOf(code)).toBe(REASONS[code].status);
      expect<number | null | undefined>(OPENAI.statusOf(code)).toBe(REASONS[code].compatible?.status);
    }
  });
});
