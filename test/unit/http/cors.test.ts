import { describe, expect, test } from "bun:test";
import { EXPOSED_HEADERS } from "../../../src/http/answer-headers.ts";
import { withCors } from "../../../src/http/cors.ts";

const PAGE = "http://localhost:3000";
const OTHER = "http://evil.example";

type Given = { readonly origin?: string; readonly method?: string; readonly headers?: Record<string, string> };

/** What a gateway that allows these origins answers, and how often its own handler was asked. */
async function ask(origins: readonly string[], { origin, method = "POST", headers = {} }: Given = {}) {
  let asked = 0;
  const handle = withCors(origins, () => {
    asked++;
    return Response.json({ ok: true }, { status: 201, headers: { "x-request-id": "1", vary: "accept" } });
  });
  const request = new Request("http://gateway/v1/chat", {
    method,
    headers: { ...headers, ...(origin === undefined ? {} : { origin }) },
  });
  const response = await handle(request);
  return { status: response.status, headers: headersOf(response), body: await response.text(), asked };
}

const headersOf = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name !== "content-type"));

const PREFLIGHT = {
  method: "OPTIONS",
  headers: {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,x-stainless-os",
  },
};
const OWN = { "x-request-id": "1", vary: "accept" };

describe("without origins", () => {
  test.each([
    ["a call", {}],
    ["a call of a page", { origin: PAGE }],
    ["a question of a browser", { origin: PAGE, ...PREFLIGHT }],
  ])("%s is answered as ever", async (_name, given) => {
    const { status, headers, asked } = await ask([], given);
    expect([status, asked]).toEqual([201, 1]);
    expect(headers).toEqual(OWN);
  });
});

describe("with origins", () => {
  test("an allowed page gets the answer and may read the gateway's headers", async () => {
    expect(await ask(["http://a.example", PAGE], { origin: PAGE })).toEqual({
      status: 201,
      headers: {
        "x-request-id": "1",
        vary: "accept, origin",
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": EXPOSED_HEADERS.join(", "),
      },
      body: '{"ok":true}',
      asked: 1,
    });
  });

  test.each([OTHER, "null", `${PAGE}.evil.example`, "http://localhost", "https://localhost:3000", `${PAGE}/`])(
    "the page %s gets nothing that lets its browser hand the answer over",
    async (origin) => {
      const { headers } = await ask([PAGE], { origin });
      expect(headers).toEqual({ ...OWN, vary: "accept, origin" });
    },
  );

  test("a call without an origin is answered as ever, marked for caches", async () => {
    const { status, headers } = await ask([PAGE]);
    expect([status, headers]).toEqual([201, { ...OWN, vary: "accept, origin" }]);
  });

  test("an allowed page's browser is told what it may send, and no handler is asked", async () => {
    expect(await ask([PAGE], { origin: PAGE, ...PREFLIGHT })).toEqual({
      status: 204,
      headers: {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-allow-headers": "authorization,x-stainless-os",
        "access-control-max-age": "600",
        vary: "origin, access-control-request-headers",
      },
      body: "",
      asked: 0,
    });
  });

  test("another page's browser is told nothing", async () => {
    const { headers, asked } = await ask([PAGE], { origin: OTHER, ...PREFLIGHT });
    expect(headers).toEqual({ ...OWN, vary: "accept, origin" });
    expect(asked).toBe(1);
  });

  test("OPTIONS that asks for nothing is a call like any other", async () => {
    const { asked } = await ask([PAGE], { origin: PAGE, method: "OPTIONS" });
    expect(asked).toBe(1);
  });

  test("a page on another network may call a private one only where its browser asks", async () => {
    const asking = { "access-control-request-private-network": "true", ...PREFLIGHT.headers };
    const { headers } = await ask([PAGE], { origin: PAGE, method: "OPTIONS", headers: asking });
    expect(headers).toHaveProperty("access-control-allow-private-network", "true");
  });

  test.each(["x: y", "a;b", "x".repeat(2_001), "é"])(
    "headers of a strange form are not repeated: %j",
    async (wanted) => {
      const strange = { ...PREFLIGHT.headers, "access-control-request-headers": wanted };
      const { status, headers } = await ask([PAGE], { origin: PAGE, method: "OPTIONS", headers: strange });
      expect(status).toBe(204);
      expect(headers).not.toHaveProperty("access-control-allow-headers");
    },
  );

  test("credentials are never let through", async () => {
    for (const given of [{ origin: PAGE }, { origin: PAGE, ...PREFLIGHT }]) {
      for (const origins of [[PAGE], ["*"]]) {
        expect((await ask(origins, given)).headers).not.toHaveProperty("access-control-allow-credentials");
      }
    }
  });
});

describe("with *", () => {
  test.each([PAGE, OTHER, "null", "app://obsidian.md"])("the page %s gets the answer", async (origin) => {
    const { headers } = await ask(["*"], { origin });
    expect(headers).toEqual({
      ...OWN,
      "access-control-allow-origin": "*",
      "access-control-expose-headers": EXPOSED_HEADERS.join(", "),
    });
  });

  test("a browser is told so", async () => {
    const { status, headers } = await ask(["*"], { origin: OTHER, ...PREFLIGHT });
    expect([status, headers["access-control-allow-origin"]]).toEqual([204, "*"]);
  });

  test("a call without an origin is answered as ever", async () => {
    expect((await ask(["*"])).headers).toEqual(OWN);
  });
});
