import { describe, expect, test } from "bun:test";
import { createAdmission } from "../../src/gateway/traffic/admission.ts";
import type { Admission } from "../../src/gateway/traffic/contract.ts";
import { ALL_BODIES } from "../../src/http/body-budget.ts";
import { fakeApp } from "../support/app.ts";
import { until } from "../support/until.ts";

const FULL: Admission = {
  enter: async () => ({ kind: "overloaded", retryAfterMs: 5_000 }),
  status: () => ({ inFlightCount: 1, queuedCount: 1 }),
};

const CHAT = { messages: [{ role: "user", content: "Hello" }] };
const MODEL_CHAT = { model: "auto", ...CHAT };
const BODIES: readonly (readonly [string, object])[] = [
  ["/v1/chat", CHAT],
  ["/v1/decide", MODEL_CHAT],
  ["/v1/chat/completions", MODEL_CHAT],
  ["/v1/completions", { model: "auto", prompt: "Hello" }],
  ["/v1/responses", { model: "auto", input: "Hello" }],
  ["/v1/embeddings", { model: "auto", input: "Hello" }],
  ["/api/chat", MODEL_CHAT],
  ["/api/generate", { model: "auto", prompt: "Hello" }],
  ["/api/embed", { model: "auto", input: "Hello" }],
  ["/api/embeddings", { model: "auto", prompt: "Hello" }],
];

describe("a gateway that has as many requests as it takes", () => {
  test.each(BODIES)("answers POST %s with 503, when to come again, and no row", async (path, body) => {
    const { post, audit, telemetry } = fakeApp({ admission: FULL });
    const response = await post(path, body);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(response.headers.get("retry-after-ms")).toBe("5000");
    expect(response.headers.get("x-should-retry")).toBe("true");
    expect(await response.text()).toContain("as many requests under way as it takes");
    expect(telemetry.refused).toMatchObject([{ code: "gateway.overloaded" }]);
    expect(audit.journal).toEqual([]);
  });

  test.each(["/v1/health", "/v1/ready", "/v1/metrics", "/docs", "/v1/models", "/v1/policy", "/v1/audit", "/"])(
    "answers GET %s all the same",
    async (path) => {
      const { send } = fakeApp({ admission: FULL });
      expect((await send(path)).status).toBe(200);
    },
  );
});

test("a caller whose streams hold all it may is turned away, and another is not", async () => {
  const admission = createAdmission({ maxConcurrent: 4, maxQueued: 0 });
  const { post } = fakeApp({ admission, labelsHeader: "x-caller" });
  const streamFor = (labels: string) => post("/v1/chat", { ...CHAT, stream: true }, { "x-caller": labels });
  const streams = [];
  for (let asked = 0; asked < 3; asked++) streams.push(await streamFor("team=one, key=ci"));
  expect((await streamFor("key=ci, team=one")).status).toBe(503);
  streams.push(await streamFor("team=other"));
  expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  for (const stream of streams) await stream.text();
  await until(() => admission.status().inFlightCount === 0, "no place is held");
});

describe("bodies", () => {
  test.each([
    ...BODIES,
    ["/v1/audit/digest", CHAT],
    ["/api/show", { model: "auto" }],
    // Refused when it was read already.
    ["/v1/chat", { messages: "none" }],
    ["/v1/decide?surface=native&other=1", CHAT],
    ["/v1/chat", "{"],
    ["/v1/nowhere", CHAT],
  ] as const)("of POST %s count no more when it was answered", async (path, body) => {
    await until(() => ALL_BODIES.heldBytes === 0, "no body of another test counts");
    const { post } = fakeApp();
    await (await post(path, body)).text();
    // What follows a response comes a turn later.
    await until(() => ALL_BODIES.heldBytes === 0, "the body counts no more");
  });

  test("count as long as the stream that answers goes on", async () => {
    await until(() => ALL_BODIES.heldBytes === 0, "no body of another test counts");
    const { post } = fakeApp();
    const response = await post("/v1/chat", { ...CHAT, stream: true });
    await Bun.sleep(5);
    expect(ALL_BODIES.heldBytes).toBeGreaterThan(0);
    await response.text();
    await until(() => ALL_BODIES.heldBytes === 0, "the body counts no more");
  });
});
