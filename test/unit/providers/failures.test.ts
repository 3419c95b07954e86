import { describe, expect, test } from "bun:test";
import { FAILURE_CATEGORIES } from "../../../src/core/chat.ts";
import {
  failureInStream,
  malformed,
  readRetryAfter,
  toFailure,
  type Upstream,
} from "../../../src/providers/failures.ts";
import { BrokenAnswer, ResponseTooLarge, Unreachable, UpstreamStatus } from "../../../src/providers/guarded-fetch.ts";

const UPSTREAM: Upstream = {
  label: "The upstream",
  baseUrl: "http://models.example:8080/v1?key=hidden",
  unreachableHint: "Start it.",
  authenticationHint: "Set its key.",
  modelHint: (model) => `Pull ${model}.`,
};
const NOW_MS = Date.parse("2026-11-22T10:00:00Z");

describe("readRetryAfter", () => {
  const read = (headers: Record<string, string>) => readRetryAfter(new Headers(headers), NOW_MS);

  test.each([
    ["seconds", { "retry-after": "7" }, 7_000],
    ["no time at all", { "retry-after": "0" }, 0],
    ["a fraction", { "retry-after": "1.5" }, 1_500],
    ["a fraction of a millisecond, rounded up", { "retry-after": "0.0001" }, 1],
    ["the longest wait that is handed on", { "retry-after": "3600" }, 3_600_000],
    ["a date", { "retry-after": "Sun, 22 Nov 2026 10:00:20 GMT" }, 20_000],
    ["a date that is now", { "retry-after": "Sun, 22 Nov 2026 10:00:00 GMT" }, 0],
    ["milliseconds", { "retry-after-ms": "250" }, 250],
    ["a fraction of milliseconds", { "retry-after-ms": "20.5" }, 21],
    ["milliseconds before seconds", { "retry-after-ms": "250", "retry-after": "7" }, 250],
    ["seconds where the milliseconds are none", { "retry-after-ms": "soon", "retry-after": "7" }, 7_000],
  ])("reads %s", (_name, headers, waitMs) => {
    expect(read(headers)).toBe(waitMs);
  });

  test.each([
    ["nothing", {}],
    ["an empty value", { "retry-after": "" }],
    ["words", { "retry-after": "soon" }],
    ["a negative number", { "retry-after": "-5" }],
    ["negative milliseconds", { "retry-after-ms": "-5" }],
    ["a date in the past", { "retry-after": "Sun, 22 Nov 2026 09:59:59 GMT" }],
    ["a date far ahead", { "retry-after": "Mon, 23 Nov 2026 10:00:00 GMT" }],
    ["more than an hour", { "retry-after": "3601" }],
    ["a huge number", { "retry-after": "1e309" }],
    ["many digits", { "retry-after": "9".repeat(400) }],
    ["more than an hour of milliseconds", { "retry-after-ms": "3600001" }],
    ["infinite milliseconds", { "retry-after-ms": "Infinity" }],
  ])("takes no time from %s", (_name, headers) => {
    expect(read(headers)).toBeNull();
  });

  test("is part of a failure where the provider said it", () => {
    const thrown = new UpstreamStatus(429, "", new Headers({ "retry-after": "7" }));
    expect(toFailure(thrown, UPSTREAM, "m")).toEqual({
      category: "rate_limited",
      message: "The upstream limits the gateway's rate or quota (HTTP 429). Try again later.",
      retryAfterMs: 7_000,
    });
    expect(toFailure(new UpstreamStatus(429, ""), UPSTREAM, "m")).not.toHaveProperty("retryAfterMs");
  });
});

describe("failureInStream", () => {
  test.each([
    ["rate_limited", '{"error":{"code":"rate_limit_exceeded"}}'],
    ["rate_limited", "Rate limit reached"],
    ["rate_limited", "ratelimited"],
    ["rate_limited", "You exceeded your current QUOTA"],
    ["context_length", '{"code":"context_length_exceeded"}'],
    ["context_length", "the request exceeds the available context size"],
    ["content_filter", '{"code":"content_filter"}'],
    ["content_filter", "content_policy_violation"],
    ["model_not_found", 'model "x" not found'],
    ["model_not_found", "The model `x` does not exist"],
    ["upstream_error", "the server had an error"],
    ["upstream_error", "bad request"],
    ["upstream_error", ""],
  ] as const)("takes for %s: %j", (category, text) => {
    expect(failureInStream(text, UPSTREAM, "m").category).toBe(category);
  });

  test("reads 64 Ki characters of the text, and no more", () => {
    const words = "rate limit";
    const category = (before: number) => failureInStream("x".repeat(before) + words, UPSTREAM, "m").category;
    const most = 64 * 1024 - words.length;
    expect([category(most), category(most + 1)]).toEqual(["rate_limited", "upstream_error"]);
  });

  test("shows nothing of the text", () => {
    const words = ["error", "rate limit", "context_length_exceeded", "content_filter", "model x not found"];
    for (const text of words.map((kind) => `${kind}: canary-9f3b said sk-canary`)) {
      expect(JSON.stringify(failureInStream(text, UPSTREAM, "m"))).not.toContain("canary");
    }
  });

  test("says what happened in words of ours", () => {
    expect(failureInStream("oops", UPSTREAM, "m")).toEqual({
      category: "upstream_error",
      message: "The upstream failed in the middle of its answer.",
    });
    expect(failureInStream("rate limit", UPSTREAM, "m")).toEqual({
      category: "rate_limited",
      message: "The upstream limits the gateway's rate or quota (in its answer). Try again later.",
    });
    expect(failureInStream("model x not found", UPSTREAM, "m")).toEqual({
      category: "model_not_found",
      message: 'The upstream does not have the model "m". Pull m.',
    });
  });
});

describe("toFailure", () => {
  const wrapped = (cause: Error) => new Error("outer", { cause: new Error("inner", { cause }) });

  test.each([
    [400, "", "bad_request"],
    [400, "context_length_exceeded", "context_length"],
    [400, "content_filter", "content_filter"],
    [400, "model 'x' not found", "model_not_found"],
    [401, "", "authentication"],
    [403, "", "authentication"],
    [404, "model not there", "model_not_found"],
    [404, "no such page", "upstream_error"],
    [408, "", "timeout"],
    [413, "", "bad_request"],
    [413, "exceed_context_size", "context_length"],
    [418, "", "upstream_error"],
    [422, "", "bad_request"],
    [429, "", "rate_limited"],
    [500, "", "upstream_error"],
    [503, "", "upstream_error"],
    [504, "", "timeout"],
    [301, "", "upstream_error"],
  ] as const)("takes %d with %j for %s, however an SDK wraps it", (status, body, category) => {
    const thrown = new UpstreamStatus(status, `${body} canary-9f3b`);
    for (const given of [thrown, wrapped(thrown)]) {
      const failure = toFailure(given, UPSTREAM, "m");
      expect(failure.category).toBe(category);
      expect(JSON.stringify(failure)).not.toContain("canary");
    }
  });

  test.each([
    ["context_length_exceeded", "context_length", 'The prompt is longer than the context of the model "m".'],
    ["does not support tools", "bad_request", 'The model "m" does not support tools.'],
  ] as const)("reads 64 Ki characters of a body that says %j, and no more", (words, category, message) => {
    const failureAfter = (before: number) =>
      toFailure(new UpstreamStatus(400, " ".repeat(before) + words), UPSTREAM, "m");
    const most = 64 * 1024 - words.length;
    expect(failureAfter(most)).toEqual({ category, message });
    expect(failureAfter(most + 1)).toEqual({
      category: "bad_request",
      message: "The upstream refused the request as invalid (HTTP 400).",
    });
  });

  test.each([
    [new BrokenAnswer("canary"), "malformed_response", "The upstream broke off its answer."],
    [new ResponseTooLarge("canary"), "malformed_response", "The upstream sent an answer that is too large."],
    [new SyntaxError("canary"), "malformed_response", "The upstream sent an answer that is not in its protocol."],
    [
      new Unreachable("canary"),
      "unreachable",
      "The upstream cannot be reached at http://models.example:8080. Start it.",
    ],
  ] as const)("says of %p what it means and nothing of its words", (thrown, category, message) => {
    expect(toFailure(thrown, UPSTREAM, "m")).toEqual({ category, message });
  });

  test.each([new TypeError("a bug"), wrapped(new RangeError("a bug")), "a bug"])(
    "throws on what no upstream can cause: %p",
    (bug) => {
      expect(() => toFailure(bug, UPSTREAM, "m")).toThrow();
    },
  );

  test("ends with a chain of causes that goes round", () => {
    const first = new Error("first");
    first.cause = new Error("second", { cause: first });
    expect(() => toFailure(first, UPSTREAM, "m")).toThrow("first");
  });

  test("gives only categories of the closed set", () => {
    expect(FAILURE_CATEGORIES).toContain(malformed(UPSTREAM).category);
  });
});
