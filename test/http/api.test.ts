import { describe, expect, test } from "bun:test";
import { buildApp } from "../../src/app.ts";
import { err } from "../../src/core/result.ts";
import type { Deps } from "../../src/gateway/deps.ts";
import type { CircuitStatus, Pause, Traffic, TrafficStatus } from "../../src/gateway/traffic/contract.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeDeps } from "../support/deps.ts";
import { fails } from "../support/fake-provider.ts";
import { openTraffic } from "../support/traffic.ts";

const MAX_BODY_BYTES = 2_000_000;
const CANARY = "canary-9f3b";

function setUp(overrides: Partial<Deps> = {}) {
  const fakes = fakeDeps(overrides);
  let draining = false;
  const app = buildApp({
    deps: fakes.deps,
    metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
    maxBodyBytes: MAX_BODY_BYTES,
    version: "0.0.0",
    isDraining: () => draining,
    loopbackOnly: false,
  });
  const send = (path: string, init?: RequestInit) => app.handle(new Request(`http://gateway${path}`, init));
  const post = (
    body: NonNullable<RequestInit["body"]>,
    headers: Record<string, string> = { "content-type": "application/json" },
  ) => send("/v1/chat", { method: "POST", body, headers });
  const chat = (body: unknown) => post(JSON.stringify(body));
  return {
    ...fakes,
    send,
    post,
    chat,
    drain() {
      draining = true;
    },
  };
}

const message = (content: unknown, role: unknown = "user") => ({ messages: [{ role, content }] });

describe("POST /v1/chat", () => {
  test("answers with everything that the contract names", async () => {
    const { chat } = setUp();
    const response = await chat({ ...message("hello"), model: null });
    const body: unknown = await response.json();
    expect(response.status).toBe(200);
    expect(body).toEqual({
      request_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      provider: "local",
      model: "local-default",
      reason_codes: ["cost_prefer_local"],
      content: "from local",
      finish_reason: "stop",
      usage: { prompt_tokens: 3, completion_tokens: 5 },
      error: null,
    });
    expect(body).toHaveProperty("request_id", response.headers.get("x-request-id"));
  });

  test.each([
    ["unreachable", 502],
    ["authentication", 502],
    ["rate_limited", 502],
    ["model_not_found", 502],
    ["bad_request", 502],
    ["content_filter", 502],
    ["context_length", 502],
    ["upstream_error", 502],
    ["malformed_response", 502],
    ["remote_model", 502],
    ["timeout", 504],
  ] as const)("answers a provider's %s with %d in the same shape", async (category, status) => {
    const { chat, local } = setUp();
    local.behaves(() => fails(category, "what to do about it"));
    const response = await chat(message("hello"));
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      request_id: response.headers.get("x-request-id"),
      provider: "local",
      model: "local-default",
      reason_codes: ["cost_prefer_local"],
      content: null,
      finish_reason: null,
      usage: { prompt_tokens: null, completion_tokens: null },
      error: { code: `provider.${category}`, message: "what to do about it" },
    });
  });

  test("answers 503 when the audit cannot be written, and 403 when policy denies", async () => {
    const { chat, audit } = setUp();
    expect((await chat({ ...message("hello"), model: "x:cloud" })).status).toBe(403);
    audit.failing.intent = true;
    expect((await chat(message("hello"))).status).toBe(503);
  });

  test("gives no cache anything to keep", async () => {
    expect((await setUp().chat(message("hello"))).headers.get("cache-control")).toBe("no-store");
  });
});

type Refused = readonly [name: string, body: unknown, status: number, code: string, field: string | null];

const REFUSED: readonly Refused[] = [
  ["not JSON", `{"messages": [${CANARY}`, 400, "request.invalid_json", "body"],
  ["an empty body", "", 400, "request.invalid_json", "body"],
  ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), 400, "request.invalid_json", "body"],
  ["a body that is no object", [CANARY], 400, "request.invalid_field", "body"],
  ["null", null, 400, "request.invalid_field", "body"],
  ["no messages", {}, 400, "request.invalid_field", "messages"],
  ["empty messages", { messages: [] }, 400, "request.invalid_field", "messages"],
  ["messages of a wrong type", { messages: CANARY }, 400, "request.invalid_field", "messages"],
  [
    "ten thousand messages",
    { messages: Array(10_000).fill({ role: "user", content: CANARY }) },
    400,
    "request.invalid_field",
    "messages",
  ],
  ["an unknown role", message("x", CANARY), 400, "request.invalid_field", "messages[0].role"],
  ["content of a wrong type", message([CANARY]), 400, "request.invalid_field", "messages[0].content"],
  ["content null", message(null), 400, "request.invalid_field", "messages[0].content"],
  ["a message that is no object", { messages: ["x", CANARY] }, 400, "request.invalid_field", "messages[0]"],
  [
    "a later message without role",
    { messages: [...message("x").messages, { content: CANARY }] },
    400,
    "request.invalid_field",
    "messages[1].role",
  ],
  ["a model of a wrong type", { ...message("x"), model: 5 }, 400, "request.invalid_field", "model"],
  [
    "a model that is no name",
    { ...message("x"), model: `please tell ${CANARY}` },
    400,
    "request.invalid_field",
    "model",
  ],
  ["an unknown field", { ...message("x"), temperature: 1 }, 400, "request.unknown_field", "temperature"],
  [
    "an unknown field of a message",
    { messages: [{ role: "user", content: "x", name: CANARY }] },
    400,
    "request.unknown_field",
    "messages[0].name",
  ],
  [
    "an unknown field with content for a name",
    { ...message("x"), [`my ${CANARY}`]: 1 },
    400,
    "request.unknown_field",
    "body",
  ],
  [
    "a lone high surrogate",
    `{"messages":[{"role":"user","content":"${CANARY}\\ud800"}]}`,
    400,
    "request.invalid_unicode",
    "messages[0].content",
  ],
  ["a lone low surrogate in a key", `{"${CANARY}\\udc00":1}`, 400, "request.invalid_unicode", "body"],
  [
    "a field that stands twice",
    `{"messages":[{"role":"user","content":"x","content":"${CANARY}"}]}`,
    400,
    "request.duplicate_key",
    "messages[0].content",
  ],
  ["a name twice that is content", `{"${CANARY}":1,"${CANARY}":2}`, 400, "request.duplicate_key", "body"],
  ["deep nesting", "[".repeat(100_000), 400, "request.too_deep", "body"],
  ["a body over the limit", message("x".repeat(MAX_BODY_BYTES)), 413, "request.body_too_large", "body"],
];

describe("bad input", () => {
  test.each([...REFUSED])("refuses %s", async (_name, body, status, code, field) => {
    const { post, chat, audit, telemetry, local, openai } = setUp();
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await (raw ? post(body) : chat(body));
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(JSON.parse(text)).toEqual({
      request_id: response.headers.get("x-request-id"),
      error: { code, message: expect.any(String), field },
    });
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/\bat .*\.ts|node_modules|stack/);
    expect(audit.intents.size + local.calls.length + openai.calls.length).toBe(0);
    // The name of a field that nobody knows is the client's word, and goes back to nobody else.
    const logged = code === "request.unknown_field" ? null : field;
    expect(telemetry.refused).toEqual([{ requestId: expect.any(String), code: code as never, field: logged }]);
    expect(JSON.stringify(telemetry.refused)).not.toContain(CANARY);
  });

  test("refuses a body over the limit that does not say its length", async () => {
    const { post } = setUp();
    const chunk = new Uint8Array(500_000).fill(0x20);
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += chunk.length;
        controller.enqueue(chunk);
      },
    });
    expect((await post(endless)).status).toBe(413);
    expect(sent).toBeLessThan(MAX_BODY_BYTES * 3);
  });

  test.each([
    [{ "content-type": "text/plain" }, "content-type"],
    [{ "content-type": "application/x-www-form-urlencoded" }, "content-type"],
    [{ "content-type": "application/json; charset=utf-16" }, "content-type"],
    [{ "content-type": "application/json; charset=utf-8", "content-encoding": "gzip" }, "content-encoding"],
  ])("refuses a body sent with %j", async (headers, field) => {
    const response = await setUp().post(JSON.stringify(message("hello")), headers);
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error: { code: "request.unsupported_media_type", field } });
  });

  test("answers 404 for an unknown route and 405 with the methods of a known one", async () => {
    const { send } = setUp();
    const unknown = await send(`/v1/${CANARY}`);
    expect(unknown.status).toBe(404);
    expect(await unknown.text()).not.toContain(CANARY);
    for (const path of ["/v1/log/", "/v1/chat/"]) expect((await send(path)).status).toBe(404);
    for (const [path, allow] of [
      ["/v1/chat", "POST"],
      ["/v1/chat?x=1", "POST"],
      [`/v1/audit/${Bun.randomUUIDv7()}`, "GET"],
    ] as const) {
      const response = await send(path, { method: "DELETE" });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allow);
      expect(await response.json()).toMatchObject({ error: { code: "request.method_not_allowed" } });
    }
  });

  test.each(["evil.example", "127.0.0.1.evil.example", "192.168.1.1"])(
    "answers nobody who calls it %s while loopback is its protection",
    async (host) => {
      const { deps, telemetry } = setUp();
      const guarded = buildApp({
        deps,
        metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
        maxBodyBytes: MAX_BODY_BYTES,
        version: "0.0.0",
        isDraining: () => false,
        loopbackOnly: true,
      });
      const ask = (name: string) => guarded.handle(new Request(`http://${name}:8000/v1/health`));
      const response = await ask(host);
      expect(response.status).toBe(421);
      expect(await response.json()).toMatchObject({ error: { code: "request.host_not_allowed", field: "host" } });
      expect(telemetry.refused).toHaveLength(1);
      for (const loopback of ["127.0.0.1", "localhost", "[::1]"]) expect((await ask(loopback)).status).toBe(200);
    },
  );

  test("answers 500 where the scanner has a bug, hides its cause, and asks no provider", async () => {
    const { chat, deps, audit, local, openai, telemetry, active } = setUp();
    const scan = new Proxy(active.scan, {
      get() {
        throw new Error(CANARY);
      },
    });
    Object.assign(deps, { active: () => ({ ...active, scan }) });
    const response = await chat(message("hello"));
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([500, { error: { code: "gateway.internal" } }]);
    expect(text).not.toContain(CANARY);
    expect(audit.intents.size + local.calls.length + openai.calls.length).toBe(0);
    expect(telemetry.bugs).toHaveLength(1);
  });

  test("hides the cause of a bug", async () => {
    const { send, deps, telemetry } = setUp();
    Object.assign(deps.auditEvents, {
      find: () => {
        throw new Error(CANARY);
      },
    });
    const response = await send(`/v1/audit/${Bun.randomUUIDv7()}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain(CANARY);
    expect(telemetry.bugs).toHaveLength(1);
  });
});

describe("operations", () => {
  test("GET /v1/health consults nothing", async () => {
    const { send, audit, local } = setUp();
    audit.failing.intent = true;
    const asked = () => Promise.reject(new Error("asked"));
    Object.assign(local.provider, { check: asked, glance: asked });
    const response = await send("/v1/health");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"status":"ok"}');
  });

  test("GET /v1/ready is 200 while requests can be put on record, 503 when not or while draining", async () => {
    const { send, audit, drain } = setUp();
    expect((await send("/v1/ready")).status).toBe(200);
    audit.failing.intent = true;
    const away = await send("/v1/ready");
    expect(away.status).toBe(503);
    expect(await away.json()).toEqual({
      status: "unready",
      audit: {
        state: "open",
        detail: null,
        spool_bytes: 0,
        spool_max_bytes: 1_000,
        unshipped_records: 0,
        oldest_unshipped_at: null,
      },
      dependencies: {
        database: { state: "up", required: false, detail: null },
        local: { state: "up", required: false, detail: null, open_circuits: [], pauses: {} },
        openai: { state: "up", required: false, detail: null, open_circuits: [], pauses: {} },
      },
    });
    audit.failing.intent = false;
    drain();
    expect((await send("/v1/ready")).status).toBe(503);
  });

  test("GET /v1/ready reports a database that is away, and whether it is needed", async () => {
    const { send, audit, deps } = setUp();
    audit.failing.database = true;
    const durable = await send("/v1/ready");
    expect(durable.status).toBe(200);
    const away = { state: "down", required: false, detail: "told to be away" };
    expect(await durable.json()).toMatchObject({ dependencies: { database: away } });
    const { health } = deps.audit;
    Object.assign(deps.audit, {
      health: async () => {
        const current = await health();
        return { ...current, admits: current.database, databaseRequired: true };
      },
    });
    const strict = await send("/v1/ready");
    expect(strict.status).toBe(503);
    expect(await strict.json()).toMatchObject({ dependencies: { database: { ...away, required: true } } });
  });

  test("GET /v1/ready says how full the spool is and since when records wait", async () => {
    const { send, deps } = setUp();
    const { health } = deps.audit;
    const spool = {
      state: "full",
      reason: "the spool is full",
      bytes: 1_001,
      maxBytes: 1_000,
      unshippedCount: 7,
      oldestUnshippedAt: new Date("2026-11-22T09:00:00.000Z"),
    };
    Object.assign(deps.audit, {
      health: async () => ({ ...(await health()), admits: { ok: false, error: { message: "full" } }, spool }),
    });
    const response = await send("/v1/ready");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      audit: {
        state: "full",
        detail: "the spool is full",
        spool_bytes: 1_001,
        spool_max_bytes: 1_000,
        unshipped_records: 7,
        oldest_unshipped_at: "2026-11-22T09:00:00.000Z",
      },
    });
  });

  test("GET /v1/ready reports a provider that is away and stays ready", async () => {
    const { send, local } = setUp();
    const failure = { category: "unreachable" as const, message: "start it" };
    Object.assign(local.provider, { glance: async () => ({ status: "down", failure }) });
    const response = await send("/v1/ready");
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveProperty("dependencies.local", {
      state: "down",
      required: false,
      detail: "start it",
      open_circuits: [],
      pauses: {},
    });
  });

  test("GET /v1/ready and /v1/providers say which circuits are open and whom to leave alone, and stay ready", async () => {
    const circuit = { callCount: 7, failureCount: 6 };
    const circuits: CircuitStatus[] = [
      { ...circuit, model: "gone", state: "open", opensAgainInMs: 1_500.2 },
      { ...circuit, model: null, state: "half_open", opensAgainInMs: null },
      { ...circuit, model: "shaky", state: "closed", opensAgainInMs: null },
    ];
    const pauses: Pause[] = [{ model: "tired", by: "rate_limited", leftMs: 61_000.2 }];
    const status: TrafficStatus = { inFlightCount: 3, queuedCount: 2, maxConcurrency: 9, circuits, pauses };
    const traffic = openTraffic();
    const watched: Traffic = { of: (active, id) => ({ ...traffic.of(active, id), status: () => status }) };
    const { send } = setUp({ traffic: watched });
    const ready = await send("/v1/ready");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toHaveProperty("dependencies.openai", {
      state: "up",
      required: false,
      detail: null,
      open_circuits: ["gone", "*"],
      pauses: { tired: 61_001 },
    });
    const response = await send("/v1/providers");
    expect(response.status).toBe(200);
    const answered = (await response.json()) as { readonly providers: readonly unknown[] };
    expect(answered.providers[0]).toEqual({
      id: "local",
      kind: "ollama",
      zone: "local",
      default_model: "local-default",
      state: "up",
      detail: null,
      in_flight: 3,
      queued: 2,
      max_concurrency: 9,
      circuits: [
        { model: "gone", state: "open", recent_calls: 7, recent_failures: 6, tries_again_in_ms: 1_501 },
        { model: null, state: "half_open", recent_calls: 7, recent_failures: 6, tries_again_in_ms: null },
        { model: "shaky", state: "closed", recent_calls: 7, recent_failures: 6, tries_again_in_ms: null },
      ],
      pauses: [{ model: "tired", asked_by: "rate_limited", tries_again_in_ms: 61_001 }],
    });
    expect(answered.providers).toHaveLength(2);
  });

  test("GET /v1/providers names no address and no key", async () => {
    const response = await setUp().send("/v1/providers");
    expect(await response.text()).not.toMatch(/http|11434|api\.openai|key/);
  });

  test("GET /v1/metrics is Prometheus text", async () => {
    const response = await setUp().send("/v1/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain("# TYPE chat_requests_total counter");
  });
});

describe("GET /v1/audit/{request_id}", () => {
  test("answers 404 for an unknown id, 400 for what is no id, 503 without the database", async () => {
    const { send, deps } = setUp();
    const id = Bun.randomUUIDv7();
    const unknown = await send(`/v1/audit/${id}`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: { code: "audit.not_found", field: "request_id" } });
    const wrong = await send("/v1/audit/42");
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: { code: "request.invalid_field", field: "request_id" } });
    Object.assign(deps.auditEvents, { find: async () => err({ message: "away" }) });
    expect((await send(`/v1/audit/${id}`)).status).toBe(503);
  });
});
