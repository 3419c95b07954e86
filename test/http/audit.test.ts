import { describe, expect, test } from "bun:test";
import { digestKey, promptDigest } from "../../src/audit/digest.ts";
import type { AuditEvent } from "../../src/audit/event.ts";
import { err, ok } from "../../src/core/result.ts";
import type { AuditCursor, AuditFilter, AuditReader, FoundEvent } from "../../src/gateway/deps.ts";
import { fakeApp } from "../support/app.ts";
import { auditEvent } from "../support/audit-events.ts";
import { chatTask } from "../support/deps.ts";

const EVENT = auditEvent();
const ID = EVENT.requestId;
const away = async () => err({ message: "away" });

/** A reader that notes what it was asked. */
function readerOf(events: readonly AuditEvent[], found: FoundEvent | null = null) {
  const asked: { filter: AuditFilter; cursor: AuditCursor | null; limit: number }[] = [];
  const reader: AuditReader = {
    find: async () => ok(found),
    async search(filter, cursor, limit) {
      asked.push({ filter, cursor, limit });
      const from = cursor === null ? 0 : events.findIndex(({ requestId }) => requestId === cursor.requestId) + 1;
      const page = events.slice(from, from + limit);
      const last = from + limit < events.length ? page.at(-1) : undefined;
      const next = last && { receivedAtMicros: last.receivedAt.getTime() * 1_000, requestId: last.requestId };
      return ok({ events: page, next: next ?? null });
    },
  };
  return { reader, asked };
}

async function ask(auditEvents: AuditReader, path: string) {
  const app = fakeApp({ auditEvents });
  const response = await app.send(path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function read(auditEvents: AuditReader, path: string) {
  const { status, text } = await ask(auditEvents, path);
  return { status, body: JSON.parse(text) };
}

describe("GET /v1/audit/{request_id}", () => {
  const get = (found: FoundEvent | null) => read(readerOf([], found).reader, `/v1/audit/${ID}`);

  test("shows the policy that decided, its rule, what it depended on and how it ended", async () => {
    const { status, body } = await get({ kind: "event", event: EVENT });
    expect(status).toBe(200);
    expect(body).toEqual({
      request_id: ID,
      received_at: "2026-11-22T10:00:00.123Z",
      completed_at: "2026-11-22T10:00:01.623Z",
      status: "succeeded",
      surface: "native",
      decision: "route",
      provider: "mistral-eu",
      zone: "eu",
      model: "m",
      answered_provider: "local",
      answered_zone: "local",
      answered_model: "m2",
      reason_codes: ["team.reason", "default"],
      policy: { hash: EVENT.policyHash },
      rule: "long-prompts",
      features: {
        surface: "native",
        task: "chat",
        stream: false,
        message_count: 1,
        prompt_chars: 20,
        prompt_tokens: 5,
        max_output_tokens: null,
        choices: 1,
        has_tools: false,
        has_images: false,
        opaque_content: false,
        scan_incomplete: false,
        signals: ["personal"],
        wish: "known",
        model: "m",
        wish_price: { input: 1, output: 2 },
        requested_provider: "mistral-eu",
        offered_by: ["mistral-eu"],
        labels: { team: "blue" },
      },
      shadow: [{ rule: "stricter", outcome: "deny", provider: null, differs: true }],
      findings: { "pii.email": 2, keyword: 1 },
      scan_ruleset: EVENT.scanRuleset,
      failure_category: null,
      message_count: 1,
      prompt_length: 20,
      prompt_digest: EVENT.promptDigest,
      usage: { prompt_tokens: 5, completion_tokens: null },
      cost_micros: 12,
      latency_ms: 1_500,
      attempts: [
        { provider: "mistral-eu", model: "m", result: "circuit_open", sent: false, duration_ms: 0 },
        { provider: "local", model: "m2", result: "answered", sent: true, duration_ms: 1_490 },
      ],
      streamed: false,
      instance: { id: "0190c1d2-0000-7000-8000-000000000001", seq: 7 },
    });
  });

  test("says null for what rows of older versions do not say", async () => {
    const unsaid = { rule: null, features: null, shadow: null, attempts: null, instance: null };
    const { body } = await get({ kind: "event", event: auditEvent({ ...unsaid, policyHash: null }) });
    expect(body).toMatchObject({ ...unsaid, policy: null });
  });

  test("shows a request that has not ended", async () => {
    const event = auditEvent({ status: "pending", completedAt: null, latencyMs: null, instance: null });
    expect(await get({ kind: "event", event })).toMatchObject({
      status: 200,
      body: { status: "pending", completed_at: null, latency_ms: null },
    });
  });

  test("says of what was erased that it was, and when", async () => {
    const erasedAt = new Date("2026-12-01T00:00:00Z");
    const { status, body } = await get({ kind: "erased", requestId: ID, receivedAt: EVENT.receivedAt, erasedAt });
    expect(status).toBe(410);
    expect(body.error).toMatchObject({ code: "audit.erased", field: "request_id" });
    expect(body.error.message).toContain("2026-12-01T00:00:00.000Z");
  });

  test("knows no id that nobody had", async () => {
    expect(await get(null)).toMatchObject({ status: 404, body: { error: { code: "audit.not_found" } } });
  });

  test("does not take a row for missing that cannot be read", async () => {
    const { reader } = readerOf([]);
    const { status, body } = await read({ ...reader, find: away }, `/v1/audit/${ID}`);
    expect([status, body.error.code]).toEqual([503, "audit.unavailable"]);
  });
});

describe("GET /v1/audit", () => {
  const events = Array.from({ length: 120 }, (_, index) =>
    auditEvent({ requestId: `019382c0-0000-7000-8000-${String(index).padStart(12, "0")}` }),
  );

  test("gives page after page until there is no next", async () => {
    const { reader, asked } = readerOf(events);
    const ids: string[] = [];
    for (let path = "/v1/audit?limit=50"; path !== ""; ) {
      const { status, body } = await read(reader, path);
      expect(status).toBe(200);
      ids.push(...body.events.map((event: { request_id: string }) => event.request_id));
      path = body.next === null ? "" : `/v1/audit?limit=50&cursor=${body.next}`;
    }
    expect(ids).toEqual(events.map(({ requestId }) => requestId));
    expect(asked.map(({ limit }) => limit)).toEqual([50, 50, 50]);
    expect(asked[1]?.cursor).toEqual({
      receivedAtMicros: Date.parse("2026-11-22T10:00:00.123Z") * 1_000,
      requestId: events[49]?.requestId ?? "",
    });
  });

  test("asks for fifty rows of everything unless it is told otherwise", async () => {
    const { reader, asked } = readerOf([]);
    expect(await read(reader, "/v1/audit")).toEqual({ status: 200, body: { events: [], next: null } });
    expect(asked).toEqual([{ filter: {}, cursor: null, limit: 50 }]);
  });

  test("hands on every filter", async () => {
    const { reader, asked } = readerOf([]);
    const query = new URLSearchParams({
      since: "2026-11-01",
      until: "2026-11-22T10:00:00+02:00",
      provider: "eu-2",
      zone: "eu",
      status: "interrupted",
      reason: "cost_prefer_local",
      rule: "short-prompt",
      team: "R-and-D.1",
      model: "hf.co/Some Org/Modell:Q4_K_M=+ü",
      prompt_digest: EVENT.promptDigest,
      limit: "500",
    });
    expect((await ask(reader, `/v1/audit?${query}`)).status).toBe(200);
    expect(asked).toEqual([
      {
        filter: {
          since: new Date("2026-11-01T00:00:00Z"),
          until: new Date("2026-11-22T08:00:00Z"),
          provider: "eu-2",
          zone: "eu",
          status: "interrupted",
          reason: "cost_prefer_local",
          rule: "short-prompt",
          team: "R-and-D.1",
          model: "hf.co/Some Org/Modell:Q4_K_M=+ü",
          promptDigest: EVENT.promptDigest,
        },
        cursor: null,
        limit: 500,
      },
    ]);
  });

  test.each([
    ["since=yesterday", "since"],
    ["since=2026-02-30", "since"],
    ["until=2026-11-22T25:00:00Z", "until"],
    ["provider=Open%20AI", "provider"],
    ["zone=", "zone"],
    ["status=pending", "status"],
    ["status=done", "status"],
    ["reason=No+code", "reason"],
    ["rule=A", "rule"],
    ["team=-x", "team"],
    ["model=", "model"],
    ["model=a%00b", "model"],
    [`model=${"m".repeat(257)}`, "model"],
    ["prompt_digest=my+prompt", "prompt_digest"],
    ["limit=0", "limit"],
    ["limit=501", "limit"],
    ["limit=1.5", "limit"],
    ["limit=many", "limit"],
    ["cursor=next", "cursor"],
    [`cursor=9999999999999999_${ID}`, "cursor"],
    ["provider=local&provider=openai", "provider"],
    ["owner=me", "owner"],
    ["format=csv", "format"],
  ])("refuses %s and names the field", async (query, field) => {
    const { reader, asked } = readerOf(events);
    const { status, body } = await read(reader, `/v1/audit?${query}`);
    expect([status, body.error?.field]).toEqual([400, field]);
    expect(asked).toEqual([]);
  });

  test("says that rows cannot be read", async () => {
    const { status, body } = await read({ ...readerOf([]).reader, search: away }, "/v1/audit");
    expect([status, body.error.code]).toEqual([503, "audit.unavailable"]);
  });
});

describe("GET /v1/audit/export", () => {
  const events = Array.from({ length: 1_203 }, (_, index) =>
    auditEvent({ requestId: `019382c0-0000-7000-8000-${String(index).padStart(12, "0")}` }),
  );

  test("gives all rows, a line each, page by page", async () => {
    const { reader, asked } = readerOf(events);
    const { status, headers, text } = await ask(reader, "/v1/audit/export?team=blue");
    expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    const lines = text.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).request_id)).toEqual(events.map(({ requestId }) => requestId));
    expect(asked.length).toBeGreaterThan(1);
    for (const { filter } of asked) expect(filter).toEqual({ team: "blue" });
  });

  test("gives CSV where it is asked for, with its names also where there is no row", async () => {
    const { headers, text } = await ask(readerOf([EVENT]).reader, "/v1/audit/export?format=csv");
    expect(headers.get("content-type")).toStartWith("text/csv");
    expect(headers.get("content-disposition")).toBe('attachment; filename="audit.csv"');
    const [names, row, ...rest] = text.split("\r\n");
    expect(names).toStartWith("request_id,received_at,");
    expect(row).toStartWith(`${ID},2026-11-22T10:00:00.123Z,`);
    expect(rest).toEqual([""]);
    expect((await ask(readerOf([]).reader, "/v1/audit/export?format=csv")).text).toBe(`${names}\r\n`);
    expect((await ask(readerOf([]).reader, "/v1/audit/export")).text).toBe("");
  });

  test("reads on where a page is empty and not the last", async () => {
    let page = 0;
    const search: AuditReader["search"] = async () => {
      page++;
      const next = page < 4 ? { receivedAtMicros: 9 - page, requestId: ID } : null;
      return ok({ events: page === 3 ? [EVENT] : [], next });
    };
    const { text } = await ask({ ...readerOf([]).reader, search }, "/v1/audit/export");
    expect(JSON.parse(text).request_id).toBe(ID);
    expect(page).toBe(4);
  });

  test.each([
    ["format=xml", "format"],
    ["limit=5", "limit"],
    ["since=soon", "since"],
    ["format=csv&format=ndjson", "format"],
  ])("refuses %s and names the field", async (query, field) => {
    const { status, body } = await read(readerOf(events).reader, `/v1/audit/export?${query}`);
    expect([status, body.error.field]).toEqual([400, field]);
  });

  test("is a refusal where the first rows cannot be read", async () => {
    const { status, body } = await read({ ...readerOf([]).reader, search: away }, "/v1/audit/export");
    expect([status, body.error.code]).toEqual([503, "audit.unavailable"]);
  });

  test("breaks off where later ones cannot, so that nobody takes it for whole", async () => {
    const { reader } = readerOf(events);
    const search: AuditReader["search"] = (filter, cursor, limit) =>
      cursor === null ? reader.search(filter, cursor, limit) : away();
    const { send } = fakeApp({ auditEvents: { ...reader, search } });
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => send("/v1/audit/export") });
    const response = await fetch(`http://127.0.0.1:${server.port}/`, { keepalive: false });
    expect(response.status).toBe(200);
    expect(
      await response.text().then(
        () => "whole",
        () => "cut",
      ),
    ).toBe("cut");
    await server.stop(true);
  });

  test("waits while as many of a caller as may be are under way, until one is read, left or cannot be read", async () => {
    const { reader } = readerOf(events);
    const leaving = new AbortController();
    let isAway = false;
    const search: AuditReader["search"] = (...asked) => (isAway ? away() : reader.search(...asked));
    const { send } = fakeApp({ auditEvents: { ...reader, search } });
    const start = (init?: RequestInit) => send("/v1/audit/export", init);
    const [read, left, other] = [await start(), await start({ signal: leaving.signal }), await start()];
    const next = async (free: () => unknown) => {
      const waiting = start();
      expect(await Promise.race([waiting, Bun.sleep(5).then(() => "waits")])).toBe("waits");
      await free();
      return await waiting;
    };
    expect(await (await next(() => read?.text())).text()).not.toBe("");
    const another = await start();
    expect(another.status).toBe(200);
    expect((await next(() => leaving.abort())).status).toBe(200);
    expect((await next(() => other?.body?.cancel())).status).toBe(200);
    await another.body?.cancel();
    isAway = true;
    for (const refused of [await start(), await start()]) expect(await refused.text()).toContain("audit.unavailable");
    await left?.body?.cancel();
  });

  test("reads no further than its reader does", async () => {
    const { reader, asked } = readerOf(events);
    const response = await fakeApp({ auditEvents: reader }).send("/v1/audit/export");
    expect(asked.length).toBe(1);
    await response.body?.cancel();
    expect(asked.length).toBe(1);
  });
});

describe("POST /v1/audit/digest", () => {
  const keys = [digestKey(new Uint8Array(32).fill(1)), digestKey(new Uint8Array(32).fill(2))] as const;
  const messages = [{ role: "user" as const, content: "did the osprey pass?" }];

  test("gives what rows of this prompt have, by every key, whatever surface it came by", async () => {
    const expected = { prompt_digests: keys.map((key) => promptDigest(key, chatTask(messages))) };
    const app = fakeApp({ digestKeys: keys });
    for (const [surface, body] of [
      ["openai_chat", { model: "auto", messages }],
      ["native", { messages }],
      ["ollama_chat", { model: "auto", messages, stream: true }],
      ["openai_completions", { model: "auto", prompt: messages[0]?.content }],
      ["openai_embeddings", { model: "auto", input: messages[0]?.content }],
    ] as const) {
      const response = await app.post(`/v1/audit/digest?surface=${surface}`, body);
      expect([surface, response.status, await response.json()]).toEqual([surface, 200, expected]);
    }
    const chatted = await app.post("/v1/audit/digest", { model: "auto", messages });
    expect(await chatted.json()).toEqual(expected);
  });

  test("is the digest that a chat leaves on record", async () => {
    const app = fakeApp();
    await app.post("/v1/chat", { messages });
    const response = await app.post("/v1/audit/digest?surface=native", { messages });
    const [intent] = app.audit.intents.values();
    expect(await response.json()).toEqual({ prompt_digests: [intent?.promptDigest] });
  });

  test("puts nothing on record, calls nobody and tells nobody of it", async () => {
    const { audit, local, openai, telemetry, post } = fakeApp();
    expect((await post("/v1/audit/digest", { model: "auto", messages })).status).toBe(200);
    expect([audit.journal, local.calls, openai.calls]).toEqual([[], [], []]);
    expect([telemetry.finished, telemetry.refused, telemetry.dryRuns]).toEqual([[], [], []]);
  });

  test("refuses what the surface would refuse, and repeats none of it", async () => {
    const { post } = fakeApp();
    for (const [query, body, status] of [
      ["", { model: "auto", messages: "osprey" }, 400],
      ["?surface=fax", { messages }, 400],
      ["", "{ osprey", 400],
      ["", JSON.stringify({ model: "auto", messages: [{ role: "user", content: "osprey".repeat(200_000) }] }), 413],
    ] as const) {
      const response = await post(`/v1/audit/digest${query}`, body);
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain("osprey");
    }
  });
});
