import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { NO_DATABASE, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { until } from "../support/until.ts";

const folder = scratchFolder();
let asked = 0;
const upstream = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    if (request.method !== "POST") return Response.json({ data: [{ id: "m" }] });
    asked += 1;
    return new Response("{}", { status: 429, headers: { "retry-after": "60" } });
  },
});
afterAll(async () => {
  await upstream.stop(true);
  folder.remove();
});

test("a process that is told to end does not wait for a provider that asked to be left alone", async () => {
  const gateway = await startGateway(folder.path, {
    ...NO_DATABASE,
    DATA_DIR: join(folder.path, "data"),
    OPENAI_BASE_URL: `${upstream.url.origin}/v1`,
    OPENAI_MODEL: "m",
    COST_MAX_PROMPT_LENGTH_FOR_LOCAL: "0",
  });
  const pending = gateway.request("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
  });
  await until(() => gateway.output.stdout.includes('"attempt_failed"'), "it waits for the provider");
  gateway.signal("SIGTERM");
  const response = await pending;
  expect(response.status).toBe(429);
  expect(response.headers.get("x-policy-mesh-attempts")).toBe("1");
  expect(await gateway.ended()).toBe(0);
  // Who had waited would have asked again.
  expect(asked).toBe(1);
  const chats = gateway.logLines().filter((line) => JSON.stringify(line).includes('"event":"chat"'));
  expect(chats).toMatchObject([{ status: "failed", failure_category: "rate_limited" }]);
});
