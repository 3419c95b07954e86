import { describe, expect, test } from "bun:test";
import { REASONS } from "../../src/core/reasons.ts";
import { fakeApp } from "../support/app.ts";
import { endOf, fails } from "../support/fake-provider.ts";

const LONG = "a prompt that is too long for the local provider";
const user = (content: string) => [{ role: "user", content }];

/** One good request for each surface that asks a model; `text` is all that differs. */
const BODIES = {
  "/v1/chat": (text: string) => ({ messages: user(text) }),
  "/v1/chat/completions": (text: string) => ({ model: "auto", messages: user(text) }),
  "/v1/completions": (text: string) => ({ model: "auto", prompt: text }),
  "/v1/embeddings": (text: string) => ({ model: "auto", input: text }),
  "/v1/responses": (text: string) => ({ model: "auto", input: text }),
  "/api/chat": (text: string) => ({ model: "auto", messages: user(text), stream: false }),
  "/api/generate": (text: string) => ({ model: "auto", prompt: text, stream: false }),
  "/api/embed": (text: string) => ({ model: "auto", input: text }),
  "/api/embeddings": (text: string) => ({ model: "auto", prompt: text }),
} as const;
type Path = keyof typeof BODIES;
const PATHS = Object.keys(BODIES) as Path[];
const SURFACES: Readonly<Record<Path, string>> = {
  "/v1/chat": "native",
  "/v1/chat/completions": "openai_chat",
  "/v1/completions": "openai_completions",
  "/v1/embeddings": "openai_embeddings",
  "/v1/responses": "openai_responses",
  "/api/chat": "ollama_chat",
  "/api/generate": "ollama_generate",
  "/api/embed": "ollama_embed",
  "/api/embeddings": "ollama_embeddings",
};
const STREAMS = {
  "/v1/chat": { stream: true },
  "/v1/chat/completions": { stream: true },
  "/v1/completions": { stream: true },
  "/v1/responses": { stream: true },
  "/api/chat": { stream: true },
  "/api/generate": { stream: true },
} as const;

const isOllama = (path: string) => path.startsWith("/api/");

describe.each(PATHS)("%s", (path) => {
  const body = BODIES[path];

  test("goes through the pipeline: intent, call, outcome, and a row that names the surface", async () => {
    const { post, audit } = fakeApp();
    const response = await post(path, body("hello"));
    expect(response.status).toBe(200);
    expect(audit.journal).toEqual(["intent", "call local", "outcome"]);
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(audit.intents.get(requestId)).toMatchObject({ surface: SURFACES[path], provider: "local", promptLength: 5 });
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "succeeded" });
  });

  test("says in its headers who answered, why, and what the gateway took of the time", async () => {
    const { post } = fakeApp();
    const { headers } = await post(path, body("hello"));
    expect(headers.get("x-policy-mesh-provider")).toBe("local");
    expect(headers.get("x-policy-mesh-model")).toMatch(/^local-/);
    expect(headers.get("x-policy-mesh-reason-codes")).toMatch(/^(cost_prefer_local|embedding_model)$/);
    expect(headers.get("x-policy-mesh-overhead-ms")).toMatch(/^\d+\.\d{3}$/);
  });

  test("keeps a keyword away from the cloud", async () => {
    const { post, openai } = fakeApp();
    const response = await post(path, body(`${LONG} secret`));
    expect(response.headers.get("x-policy-mesh-reason-codes")).toBe("sensitive_keyword_match");
    expect(openai.calls).toEqual([]);
  });

  test("answers nothing that is not on record", async () => {
    const { post, audit, local } = fakeApp();
    audit.failing.intent = true;
    const response = await post(path, body("hello"));
    expect(response.status).toBe(503);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-should-retry": "true",
      "retry-after": "1",
      "retry-after-ms": "1000",
    });
    expect(local.calls).toEqual([]);
  });

  test("tells its clients in their own words what is wrong with a request", async () => {
    const { post, audit } = fakeApp();
    const response = await post(path, "{");
    expect(response.status).toBe(400);
    expect(response.headers.get("x-should-retry")).toBe("false");
    const message = "The body is not well-formed JSON.";
    const told: unknown = await response.json();
    if (isOllama(path)) expect(told).toEqual({ error: message });
    else if (path === "/v1/chat") {
      expect(told).toMatchObject({ error: { code: "request.invalid_json", message, field: "body" } });
    } else {
      const type = "invalid_request_error";
      expect(told).toEqual({ error: { message, type, param: "body", code: "request.invalid_json" } });
    }
    expect(audit.journal).toEqual([]);
  });

  test("refuses a model that Ollama would forward, with a row", async () => {
    const { post, audit } = fakeApp();
    const response = await post(path, { ...body("hello"), model: "big:cloud" });
    expect(response.status).toBe(403);
    expect(response.headers.get("x-policy-mesh-reason-codes")).toContain("policy.cloud_model_refused");
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(audit.journal).toEqual(["intent", "outcome"]);
  });

  test("refuses what the chosen provider cannot carry, by its name and with a row", async () => {
    const { post, audit, local } = fakeApp();
    local.cannotCarry("some_field");
    const response = await post(path, body("hello"));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("some_field");
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(audit.intents.get(requestId)).toMatchObject({ decision: "deny" });
    expect(audit.outcomes.get(requestId)).toMatchObject({ status: "denied" });
    expect(local.calls).toEqual([]);
  });
});

describe("a provider's failure", () => {
  const CATEGORIES = [
    ["rate_limited", 429, "rate_limit_error", "rate_limit_exceeded", "true"],
    ["context_length", 400, "invalid_request_error", "context_length_exceeded", "false"],
    ["content_filter", 400, "invalid_request_error", "content_filter", "false"],
    ["bad_request", 400, "invalid_request_error", "provider.bad_request", "false"],
    ["model_not_found", 404, "not_found_error", "model_not_found", "false"],
    ["authentication", 502, "upstream_error", "provider.authentication", "false"],
    ["unreachable", 502, "upstream_error", "provider.unreachable", "true"],
    ["upstream_error", 502, "upstream_error", "provider.upstream_error", "true"],
    ["malformed_response", 502, "upstream_error", "provider.malformed_response", "true"],
    ["remote_model", 502, "upstream_error", "provider.remote_model", "false"],
    ["timeout", 504, "timeout_error", "provider.timeout", "false"],
  ] as const;

  test.each(CATEGORIES)("%s is %d for an SDK of OpenAI", async (category, status, type, code, retry) => {
    const { post, local } = fakeApp();
    local.behaves(() => fails(category, "what happened"));
    const response = await post("/v1/chat/completions", BODIES["/v1/chat/completions"]("hello"));
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { message: "what happened", type, param: null, code } });
    expect(response.headers.get("x-should-retry")).toBe(retry);
    expect(response.headers.get("x-policy-mesh-reason-codes")).toBe(`cost_prefer_local,provider.${category}`);
  });

  test.each(CATEGORIES)("%s is %d for an Ollama client", async (category, status) => {
    const { post, local } = fakeApp();
    local.behaves(() => fails(category, "what happened"));
    const response = await post("/api/chat", BODIES["/api/chat"]("hello"));
    expect([response.status, await response.json()]).toEqual([status, { error: "what happened" }]);
  });

  test.each(CATEGORIES)("%s keeps its status on the native route", async (category) => {
    const { post, local } = fakeApp();
    local.behaves(() => fails(category, "what happened"));
    const response = await post("/v1/chat", BODIES["/v1/chat"]("hello"));
    expect(response.status).toBe(category === "timeout" ? 504 : 502);
  });

  test("tells how long to wait where the provider did", async () => {
    const { post, local } = fakeApp();
    local.behaves(async function* () {
      yield { kind: "failure", failure: { category: "rate_limited", message: "slow down", retryAfterMs: 1_500 } };
    });
    const { headers } = await post("/v1/chat/completions", BODIES["/v1/chat/completions"]("hello"));
    expect([headers.get("retry-after"), headers.get("retry-after-ms")]).toEqual(["2", "1500"]);
  });

  test("has a way to be told for every reason there is", () => {
    for (const [code, { status, compatible }] of Object.entries(REASONS)) {
      expect([code, compatible === null]).toEqual([code, status === null]);
    }
  });
});

describe("a stream", () => {
  const paths = Object.keys(STREAMS) as (keyof typeof STREAMS)[];

  test.each(paths)("%s: fails by the status where it fails before it begins", async (path) => {
    const { post, local } = fakeApp();
    local.behaves(() => fails("unreachable", "not there"));
    const response = await post(path, { ...BODIES[path]("hello"), ...STREAMS[path] });
    expect(response.status).toBe(502);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.text()).toContain("not there");
  });

  test.each(paths)("%s: fails in band where it fails later, and does not end as a whole one does", async (path) => {
    const { post, local, audit } = fakeApp();
    local.behaves(async function* () {
      yield { kind: "text", text: "half of" };
      yield { kind: "failure", failure: { category: "upstream_error", message: "it broke" } };
    });
    const response = await post(path, { ...BODIES[path]("hello"), ...STREAMS[path] });
    expect(response.status).toBe(200);
    const body = await response.text();
    expect(body).toContain("half of");
    expect(body).toContain("it broke");
    expect(body).not.toMatch(/\[DONE\]|"done":true|event: done|response\.completed/);
    expect(audit.outcomes.get(response.headers.get("x-request-id") ?? "")).toMatchObject({
      status: "failed",
      failureCategory: "upstream_error",
    });
  });

  test.each(paths)("%s: withholds its end until the outcome is on record", async (path) => {
    const { post, audit } = fakeApp();
    audit.failing.outcome = true;
    const response = await post(path, { ...BODIES[path]("hello"), ...STREAMS[path] });
    const body = await response.text();
    expect(body).toContain(REASONS["audit.unavailable"].meaning);
    expect(body).not.toMatch(/\[DONE\]|"done":true|event: done|response\.completed/);
  });

  test.each(paths)("%s: says what it is, and has no overhead to tell yet", async (path) => {
    const { post, audit } = fakeApp();
    const response = await post(path, { ...BODIES[path]("hello"), ...STREAMS[path] });
    expect(response.headers.get("content-type")).toBe(
      isOllama(path) ? "application/x-ndjson" : "text/event-stream; charset=utf-8",
    );
    expect(response.headers.get("x-policy-mesh-provider")).toBe("local");
    expect(response.headers.get("x-policy-mesh-overhead-ms")).toBeNull();
    await response.text();
    expect(audit.journal).toEqual(["intent", "call local", "outcome"]);
    expect(audit.intents.get(response.headers.get("x-request-id") ?? "")).toMatchObject({ streamed: true });
  });

  test("of the native surface: decision, deltas, done", async () => {
    const { post, local } = fakeApp();
    local.behaves(async function* (call) {
      yield { kind: "text", text: "one " };
      yield { kind: "thinking", text: "not shown" };
      yield { kind: "text", text: "two" };
      yield endOf(call.target.model);
    });
    const response = await post("/v1/chat", { ...BODIES["/v1/chat"]("hello"), stream: true });
    const requestId = response.headers.get("x-request-id");
    const events = (await response.text())
      .trimEnd()
      .split("\n\n")
      .map((event) => {
        const [, name = "", data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
        return [name, JSON.parse(data)] as const;
      });
    const decision = {
      request_id: requestId,
      provider: "local",
      model: "local-default",
      reason_codes: ["cost_prefer_local"],
    };
    expect(events).toEqual([
      ["decision", decision],
      ["delta", { content: "one " }],
      ["delta", { content: "two" }],
      ["done", { model: "local-default", finish_reason: "stop", usage: { prompt_tokens: 3, completion_tokens: 5 } }],
    ]);
  });
});

describe("the body of an Ollama request", () => {
  const body = JSON.stringify(BODIES["/api/chat"]("hello"));

  test.each(["text/plain", "application/x-www-form-urlencoded"])(
    "may come as %s, as Ollama's own examples send it",
    async (type) => {
      const { post } = fakeApp();
      expect((await post("/api/chat", body, { "content-type": type })).status).toBe(200);
    },
  );

  test("may not where a web page sends it, since the browser would ask nobody first", async () => {
    const { post, local } = fakeApp();
    const headers = { "content-type": "text/plain", origin: "http://evil.example" };
    expect((await post("/api/chat", body, headers)).status).toBe(415);
    expect(local.calls).toEqual([]);
  });

  test("must be JSON by its type on the other surfaces", async () => {
    const { post } = fakeApp();
    const openai = JSON.stringify(BODIES["/v1/chat/completions"]("hello"));
    expect((await post("/v1/chat/completions", openai, { "content-type": "text/plain" })).status).toBe(415);
  });
});
