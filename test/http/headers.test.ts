import { describe, expect, test } from "bun:test";
import { buildApp } from "../../src/app.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeDeps } from "../support/deps.ts";
import { fails } from "../support/fake-provider.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MAX_BODY_BYTES = 1_000;
const ID = Bun.randomUUIDv7();

function setUp(loopbackOnly = false) {
  const fakes = fakeDeps();
  const app = buildApp({
    deps: fakes.deps,
    metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
    maxBodyBytes: MAX_BODY_BYTES,
    version: "0.0.0",
    isDraining: () => false,
    loopbackOnly,
  });
  const send = (path: string, init?: RequestInit) => app.handle(new Request(`http://gateway${path}`, init));
  return { ...fakes, app, send };
}

function chat(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
}

const HELLO = { messages: [{ role: "user", content: "hello" }] };

type Asked = readonly [path: string, status: number, init?: RequestInit];

const ANSWERS: readonly Asked[] = [
  ["/v1/health", 200],
  ["/v1/ready", 200],
  ["/v1/routes", 200],
  ["/v1/metrics", 200],
  ["/docs", 200],
  ["/docs/json", 200],
  ["/docs/assets/start.js", 200],
  ["/docs/assets/swagger-ui-bundle.js", 200],
  ["/docs/assets/swagger-ui.css", 200],
  ["/docs/assets/favicon.png", 200],
  ["/v1/nowhere", 404],
  [`/v1/audit/${ID}`, 404],
  ["/v1/audit/42", 400],
  ["/v1/chat", 405],
  ["/v1/chat", 405, { method: "DELETE" }],
  ["/v1/health", 405, chat(HELLO)],
  ["/v1/chat", 200, chat(HELLO)],
  ["/v1/chat", 400, chat({})],
  ["/v1/chat", 400, chat("{")],
  ["/v1/chat", 403, chat({ ...HELLO, model: "x:cloud" })],
  ["/v1/chat", 413, chat("x".repeat(MAX_BODY_BYTES + 1))],
  ["/v1/chat", 415, chat(HELLO, { "content-type": "text/plain" })],
];

/** The id in the body, where the answer has one; it must be the header's. */
async function idInBody(response: Response): Promise<string | undefined> {
  const text = await response.text();
  if (!(response.headers.get("content-type") ?? "").startsWith("application/json")) return undefined;
  const body: unknown = JSON.parse(text);
  return typeof body === "object" && body !== null && "request_id" in body ? String(body.request_id) : undefined;
}

async function expectId(response: Response): Promise<string> {
  const id = response.headers.get("x-request-id") ?? "";
  expect(id).toMatch(UUID_V7);
  expect([id, undefined]).toContain(await idInBody(response));
  return id;
}

describe("x-request-id", () => {
  test.each(ANSWERS)("%s with %d carries one", async (path, status, init) => {
    const response = await setUp().send(path, init);
    expect(response.status).toBe(status);
    await expectId(response);
  });

  test("is on the answer of every route that the app has", async () => {
    const { app, send } = setUp();
    const routes = app.routes.map(({ method, path }) => ({ method, path: path.replace(/:\w+/g, ID) }));
    expect(routes.map((route) => route.path)).toEqual(expect.arrayContaining(["/v1/health", "/v1/chat", "/docs"]));
    for (const { method, path } of routes) await expectId(await send(path, { method }));
  });

  test("is on the answers of what fails", async () => {
    const { send, audit, deps, local, telemetry } = setUp();
    local.behaves(() => fails("timeout"));
    await expectIdAt(await send("/v1/chat", chat(HELLO)), 504);
    audit.failing.intent = true;
    await expectIdAt(await send("/v1/chat", chat(HELLO)), 503);
    await expectIdAt(await send("/v1/ready"), 503);
    Object.assign(deps.auditEvents, {
      find: () => {
        throw new Error("a bug");
      },
    });
    const id = await expectIdAt(await send(`/v1/audit/${ID}`), 500);
    expect(telemetry.bugs.map((bug) => bug.requestId)).toEqual([id]);
  });

  test("is on the answer to a host that is not served", async () => {
    const { send, telemetry } = setUp(true);
    const id = await expectIdAt(await send("/v1/health"), 421);
    expect(telemetry.refused.map((refused) => refused.requestId)).toEqual([id]);
  });

  test("is never the same twice", async () => {
    const { send } = setUp();
    const ids: string[] = [];
    for (const [path, , init] of [...ANSWERS, ...ANSWERS]) ids.push(await expectId(await send(path, init)));
    expect(new Set(ids).size).toBe(ANSWERS.length * 2);
  });

  test("is the gateway's own, not the client's", async () => {
    const { send } = setUp();
    const headers = { "x-request-id": ID };
    expect(await expectId(await send("/v1/health", { headers }))).not.toBe(ID);
    expect(await expectId(await send("/v1/nowhere", { headers }))).not.toBe(ID);
    expect(await expectId(await send("/v1/chat", chat(HELLO, headers)))).not.toBe(ID);
  });

  test("is the id under which the request is on record", async () => {
    const { send, audit } = setUp();
    const id = await expectId(await send("/v1/chat", chat(HELLO)));
    expect([...audit.intents.keys()]).toEqual([id]);
    expect([...audit.outcomes.keys()]).toEqual([id]);
  });
});

async function expectIdAt(response: Response, status: number): Promise<string> {
  expect(response.status).toBe(status);
  return await expectId(response);
}
