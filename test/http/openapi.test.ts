import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { buildApp } from "../../src/app.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeDeps } from "../support/deps.ts";

type Operation = {
  readonly summary?: string;
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly examples?: unknown[] } }> };
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
};
type Document = { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };

const app = buildApp({
  deps: fakeDeps().deps,
  metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
  maxBodyBytes: 100_000,
  version: "0.0.0",
  isDraining: () => false,
  loopbackOnly: false,
});
const get = (path: string) => app.handle(new Request(`http://gateway${path}`));
const document = (await (await get("/docs/json")).json()) as Document;

const REFUSED = /^\/api\/(pull|create|push|copy|delete|blobs)/;

describe("/docs/json", () => {
  test("validates as OpenAPI 3.1", async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result).toMatchObject({ valid: true });
    expect(document.openapi).toBe("3.1.0");
  });

  test("has every route, and only those that answer", () => {
    const served = app.routes
      // A wildcard is the same route as the one above it, for clients that do not escape.
      .filter((route) => !route.path.startsWith("/docs") && !route.path.includes("*"))
      .map((route) => `${route.method} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.toSorted()).toEqual(served.toSorted());
  });

  test("says of each operation what it does and what it answers", () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary, path).toBeString();
        // Management calls are refused whatever they say.
        expect(Object.keys(operation.responses), path).toContain(REFUSED.test(path) ? "403" : "200");
      }
    }
  });

  test("names the two forms of an export", () => {
    const { content } = document.paths["/v1/audit/export"]?.["get"]?.responses["200"] ?? {};
    expect(Object.keys(content ?? {})).toEqual(["application/x-ndjson", "text/csv"]);
  });

  test("names the type of streams wherever an answer may be one", () => {
    const typeOf = (path: string) => Object.keys(document.paths[path]?.["post"]?.responses["200"]?.content ?? {});
    for (const path of ["/v1/chat", "/v1/chat/completions", "/v1/completions", "/v1/responses"]) {
      expect(typeOf(path), path).toEqual(["application/json", "text/event-stream"]);
    }
    for (const path of ["/api/chat", "/api/generate"]) {
      expect(typeOf(path), path).toEqual(["application/json", "application/x-ndjson"]);
    }
    expect(typeOf("/v1/embeddings")).toEqual(["application/json"]);
  });

  test("says of each body that it may be too slow, too large, of another type or too much now", () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    const taking = operations.filter(({ requestBody }) => requestBody !== undefined);
    expect(taking.length).toBeGreaterThan(10);
    for (const { path, responses } of taking) {
      expect(Object.keys(responses), path).toEqual(expect.arrayContaining(["408", "413", "415", "503"]));
    }
  });

  test("takes JSON only, with an example that the gateway accepts", async () => {
    const content = document.paths["/v1/chat"]?.["post"]?.requestBody?.content ?? {};
    expect(Object.keys(content)).toEqual(["application/json"]);
    const example = content["application/json"]?.schema.examples?.[0];
    const response = await app.handle(
      new Request("http://gateway/v1/chat", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(example),
      }),
    );
    expect(response.status).toBe(200);
  });
});

describe("/docs", () => {
  test("loads nothing from elsewhere and lets nothing in", async () => {
    const page = await get("/docs");
    expect(await page.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  });

  test.each([
    ["/docs/assets/swagger-ui-bundle.js", "text/javascript", 1_000_000],
    ["/docs/assets/swagger-ui.css", "text/css", 100_000],
    ["/docs/assets/favicon.png", "image/png", 100],
    ["/docs/assets/start.js", "text/javascript", 50],
  ])("serves %s itself", async (path, type, leastBytes) => {
    const asset = await get(path);
    expect(asset.status).toBe(200);
    expect(asset.headers.get("content-type")).toStartWith(type);
    expect((await asset.bytes()).length).toBeGreaterThan(leastBytes);
  });
});
