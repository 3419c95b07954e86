import { describe, expect, test } from "bun:test";
import { FAILURE_CATEGORIES } from "../../../src/core/chat.ts";
import { NotLocal } from "../../../src/providers/addresses.ts";
import { failureInStream, malformed, toFailure, type Upstream } from "../../../src/providers/failures.ts";
import { readRetryAfter } from "../../../src/providers/retry-after.ts";
import { BrokenAnswer, ResponseTooLarge, Unreachable, UpstreamStatus } from "../../../src/providers/upstream-errors.ts";

const UPSTREAM: Upstream = {
  label: "The upstream",
  baseUrl: "http://models.example:8080/v1?key=hidden",
  unreachableHint: "Start it.",
  authenticationHint: "Set its key.",
  modelHint: (model) => `Pull ${model}.`,
};
const NOW_MS = Date.parse("2026-11-22T10:00:00Z");
const PAST = "Sun, 22 Nov 2026 09:59:59 GMT";

describe("readRetryAfter", () => {
  const read = (headers: Record<string, string>) => readRetryAfter(new Headers(headers), NOW_MS);

  test.each([
    ["seconds", { "retry-after": "7" }, 7_000],
    ["a fraction", { "retry-after": "1.5" }, 1_500],
    ["a fraction of a millisecond, rounded up", { "retry-after": "0.0001" }, 1],
    ["the longest wait there is", { "retry-after": "86400" }, 86_400_000],
    ["a longer wait as the longest", { "retry-after": "86401" }, 86_400_000],
    ["a longer wait in milliseconds likewise", { "retry-after-ms": "86400001" }, 86_400_000],
    ["more digits than a number holds likewise", { "retry-after": "9".repeat(400) }, 86_400_000],
    ["a date far ahead likewise", { "retry-after": "Wed, 25 Nov 2026 10:00:00 GMT" }, 86_400_000],
    ["a date", { "retry-after": "Sun, 22 Nov 2026 10:00:20 GMT" }, 20_000],
    ["milliseconds", { "retry-after-ms": "250" }, 250],
    ["a fraction of milliseconds", { "retry-after-ms": "20.5" }, 21],
    [
      "milliseconds before seconds that are the same rounded up",
      { "retry-after-ms": "6250", "retry-after": "7" },
      6_250,
    ],
    ["seconds that ask for longer than the milliseconds", { "retry-after-ms": "250", "retry-after": "7" }, 7_000],
    ["milliseconds that ask for longer than the seconds", { "retry-after-ms": "9000", "retry-after": "7" }, 9_000],
    ["seconds where the milliseconds are none", { "retry-after-ms": "soon", "retry-after": "7" }, 7_000],
    ["seconds where the milliseconds are negative", { "retry-after-ms": "-5", "retry-after": "7" }, 7_000],
    ["milliseconds where the date is in the past", { "retry-after-ms": "250", "retry-after": PAST }, 250],
    ["the longest of several", { "retry-after": "5, 7" }, 7_000],
    ["more milliseconds than a number holds as the longest", { "retry-after-ms": "9".repeat(400) }, 86_400_000],
  ])("reads %s", (_name, headers, waitMs) => {
    expect(read(headers)).toBe(waitMs);
  });

  test.each([
    ["nothing", {}],
    ["an empty value", { "retry-after": "" }],
    ["words", { "retry-after": "soon" }],
    ["a negative number", { "retry-after": "-5" }],
    ["negative milliseconds", { "retry-after-ms": "-5" }],
    ["a date in the past", { "retry-after": PAST }],
    ["a date that is now", { "retry-after": "Sun, 22 Nov 2026 10:00:00 GMT" }],
    ["no time at all", { "retry-after": "0" }],
    ["no milliseconds", { "retry-after-ms": "0" }],
    ["a huge number", { "retry-after": "1e309" }],
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
      transient: true,
    });
    expect(toFailure(new UpstreamStatus(429, ""), UPSTREAM, "m")).not.toHaveProperty("retryAfterMs");
  });

  test.each([
    [503, true],
    [529, true],
    [400, false],
    [401, false],
    [302, false],
  ])("is part of a %d: %p", (status, isPart) => {
    const failure = toFailure(new UpstreamStatus(status, "", new Headers({ "retry-after": "7" })), UPSTREAM, "m");
    expect("retryAfterMs" in failure).toBe(isPart);
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

  test.each([
    [401, "authentication", false],
    ["403", "authentication", false],
    [408, "timeout", true],
    [429, "rate_limited", true],
    ["429", "rate_limited", true],
    [500, "upstream_error", true],
    [502, "upstream_error", true],
    [503, "upstream_error", true],
    [529, "upstream_error", true],
    [501, "upstream_error", false],
    [400, "bad_request", false],
    ["invalid_api_key", "authentication", false],
    ["server_error", "upstream_error", true],
    ["some_code", "upstream_error", false],
    [200, "upstream_error", false],
    [1e9, "upstream_error", false],
  ] as const)("reads the code %p as %s, and whether it may pass: %p", (code, category, transient) => {
    for (const error of [{ code }, { error: { code } }, { status: code }, { type: code }]) {
      const failure = failureInStream(JSON.stringify(error), UPSTREAM, "m");
      expect([failure.category, failure.transient ?? false]).toEqual([category, transient]);
    }
  });

  test.each([
    ["overloaded_error", true],
    ["Overloaded", true],
    ["the server had an error while processing your request", true],
    ["Internal Server Error", true],
    ["service temporarily unavailable", true],
    ["server busy, please try again", true],
    ["upstream timed out", true],
    ["rate limit", true],
    ["oops", false],
    ["", false],
    ["context length", false],
    ["content_filter", false],
    ["model x not found", false],
  ])("takes %j for what may pass: %p", (text, transient) => {
    expect(failureInStream(text, UPSTREAM, "m").transient ?? false).toBe(transient);
  });

  test("does not take a caller's words that are quoted for a refused key", () => {
    const quoted = '{"error":{"code":401,"type":"invalid_api_key"}}';
    for (const text of [
      quoted.slice(1),
      `bad: ${quoted}`,
      JSON.stringify({ message: quoted }),
      JSON.stringify(quoted),
    ]) {
      expect(failureInStream(text, UPSTREAM, "m").category).toBe("upstream_error");
    }
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
      transient: true,
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
    [403, "flagged by moderation", "content_filter"],
    [403, '{"error":{"message":"no access","code": "model_not_found"}}', "model_not_found"],
    [403, String.raw`{"error":{"message":"you said \"code\":\"model_not_found\""}}`, "authentication"],
    [401, '{"error":{"code":"model_not_found"}}', "authentication"],
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
    [529, "", "upstream_error"],
    [301, "", "upstream_error"],
  ] as const)("takes %d with %j for %s, however an SDK wraps it", (status, body, category) => {
    const thrown = new UpstreamStatus(status, `${body} canary-9f3b`);
    for (const given of [thrown, wrapped(thrown)]) {
      const failure = toFailure(given, UPSTREAM, "m");
      expect(failure.category).toBe(category);
      expect(JSON.stringify(failure)).not.toContain("canary");
    }
  });

  test("takes a model that the key may not use for one that is not there, and not for a refused key", () => {
    const body = { error: { message: "no access to m", type: "invalid_request_error", code: "model_not_found" } };
    const failure = toFailure(new UpstreamStatus(403, JSON.stringify(body)), UPSTREAM, "m");
    expect(failure.category).toBe("model_not_found");
  });

  test("does not pass by itself where the account is out of quota, unless the provider says when", () => {
    const out = (error: object, headers = {}) =>
      toFailure(new UpstreamStatus(429, JSON.stringify({ error }), new Headers(headers)), UPSTREAM, "m");
    for (const error of [{ code: "insufficient_quota" }, { message: "x", type: "insufficient_quota", code: null }]) {
      expect(out(error)).toMatchObject({ category: "rate_limited" });
      expect(out(error)).not.toHaveProperty("transient");
      expect(out(error, { "retry-after": "7" })).toMatchObject({ transient: true, retryAfterMs: 7_000 });
    }
    const quoted = { message: 'You wrote "code": "insufficient_quota".', code: "rate_limit_exceeded" };
    expect(out(quoted)).toMatchObject({ category: "rate_limited", transient: true });
  });

  const TRANSIENT = [408, 429, 500, 502, 503, 504, 529];
  const STEADY = [300, 301, 302, 307, 308, 400, 401, 402, 403, 404, 409, 413, 418, 422, 501, 505, 599];
  test.each([...TRANSIENT.map((status) => [status, true]), ...STEADY.map((status) => [status, false])])(
    "says of %d whether it may pass: %p",
    (status, transient) => {
      const failure = toFailure(new UpstreamStatus(Number(status), ""), UPSTREAM, "m");
      expect(failure.transient ?? false).toBe(Boolean(transient));
    },
  );

  test.each([
    [404, true],
    [405, true],
    [431, true],
    [402, false],
    [403, false],
    [429, false],
    [501, false],
    [302, false],
  ])("says of %d whether only this request brought it on: %p", (status, ofRequest) => {
    expect(toFailure(new UpstreamStatus(status, ""), UPSTREAM, "m").ofRequest ?? false).toBe(ofRequest);
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
    [new BrokenAnswer("canary"), "malformed_response", "The upstream broke off its answer.", true],
    [new ResponseTooLarge("canary"), "malformed_response", "The upstream sent an answer that is too large.", false],
    [
      new SyntaxError("canary"),
      "malformed_response",
      "The upstream sent an answer that is not in its protocol.",
      false,
    ],
    [
      new Unreachable("canary"),
      "unreachable",
      "The upstream cannot be reached at http://models.example:8080. Start it.",
      true,
    ],
    [
      new NotLocal("canary"),
      "not_local",
      "The upstream at http://models.example:8080 has an address that is neither local nor allowed. Nothing was sent.",
      false,
    ],
  ] as const)("says of %p what it means and nothing of its words", (thrown, category, message, transient) => {
    expect(toFailure(thrown, UPSTREAM, "m")).toEqual({ category, message, ...(transient ? { transient } : {}) });
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
