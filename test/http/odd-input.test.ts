import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { buildApp } from "../../src/app.ts";
import { type HttpServer, listen } from "../../src/http/listen.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fakeDeps } from "../support/deps.ts";

/** What a fuzzer over the OpenAPI document and bare sockets sent, as far as it is of another kind each time. */
const CANARY = "xq-canary-7d1e";
const TEXT = JSON.stringify(CANARY);

const app = buildApp({
  deps: fakeDeps().deps,
  metrics: createMetrics({ version: "0.0.0", bun: "0" }).registry,
  maxBodyBytes: 2_000_000,
  version: "0.0.0",
  isDraining: () => false,
  loopbackOnly: false,
});

/** A body of each route that takes one, with room for what it says. */
const BODIES: Readonly<Record<string, (said: string) => string>> = {
  "/v1/chat": (said) => `{"messages":[{"role":"user","content":${said}}]}`,
  "/v1/chat/completions": (said) => `{"model":"auto","messages":[{"role":"user","content":${said}}]}`,
  "/v1/completions": (said) => `{"model":"auto","prompt":${said}}`,
  "/v1/embeddings": (said) => `{"model":"auto","input":${said}}`,
  "/v1/responses": (said) => `{"model":"auto","input":${said}}`,
  "/api/chat": (said) => `{"model":"auto","messages":[{"role":"user","content":${said}}]}`,
  "/api/generate": (said) => `{"model":"auto","prompt":${said}}`,
  "/api/embed": (said) => `{"model":"auto","input":${said}}`,
  "/api/embeddings": (said) => `{"model":"auto","prompt":${said}}`,
  "/api/show": (said) => `{"model":${said}}`,
  "/v1/decide": (said) => `{"messages":[{"role":"user","content":${said}}]}`,
  "/v1/audit/digest": (said) => `{"messages":[{"role":"user","content":${said}}]}`,
};

const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}${TEXT}${close.repeat(depth)}`;
const SAID = [
  ...["1e999", "-0", "9".repeat(400), "1.5", "true", "null", "{}", "[]", '""', "NaN", "undefined"],
  ...[`"\\u0000${CANARY}"`, `"\\ud800${CANARY}"`, `[${TEXT},1e308,null,{}]`, `[[[${TEXT}]]]`],
  ...[nested(100, "[", "]"), nested(100_000, "[", "]"), nested(100_000, '{"a":', "}")],
];
const FIELDS = [
  ...["max_tokens", "temperature", "n", "stop", "stream", "stream_options", "tools", "tool_choice", "response_format"],
  ...["options", "format", "think", "keep_alive", "images", "raw", "context", "logit_bias", "metadata", "dimensions"],
  ...["text", "reasoning", "user", "base_url", "fallbacks", "model", "__proto__", "constructor", "toString"],
];
const VALUES = ["1e308", "-1", "9007199254740993", TEXT, "null", "true", `[${TEXT}]`, `{"a":{"b":${TEXT}}}`];

async function answerTo(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const request = new Request(`http://127.0.0.1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const response = await app.handle(request);
  return { status: response.status, text: await response.text() };
}

/** Five hundred and more would be the gateway's fault; an error that repeats content would be another. */
function expectNoFault({ status, text }: Awaited<ReturnType<typeof answerTo>>, sent: string): void {
  expect(status, sent).toBeLessThan(500);
  if (status >= 400) expect(text, sent).not.toContain(CANARY);
}

describe.each(Object.entries(BODIES))("%s fails for no input and repeats none", (path, bodyOf) => {
  const good = bodyOf(TEXT);

  test("of odd values", async () => {
    for (const said of SAID) expectNoFault(await answerTo(path, bodyOf(said)), said.slice(0, 60));
  });

  test("of odd fields", async () => {
    for (const field of FIELDS) {
      for (const value of VALUES) {
        const body = `${good.slice(0, -1)},"${field}":${value}}`;
        expectNoFault(await answerTo(path, body), `${field}: ${value}`);
      }
    }
  });

  test("of broken text", async () => {
    const bytes = new TextEncoder().encode(good);
    const broken: readonly (readonly [string, string | Uint8Array])[] = [
      ["cut", good.slice(0, -3)],
      ["twice", good + good],
      ["nothing", ""],
      ["deep", nested(500_000, "[", "]")],
      ["a byte order mark", `\ufeff${good}`],
      ["UTF-16", Buffer.from(good, "utf16le")],
      ["no UTF-8", bytes.with(good.indexOf(CANARY), 0xff)],
      ["a NUL", bytes.with(good.indexOf(CANARY), 0)],
    ];
    for (const [what, body] of broken) expectNoFault(await answerTo(path, body), what);
  });

  test("of odd types and codings", async () => {
    for (const type of ["text/plain", "application/json;;;=,", "multipart/form-data; boundary=x", "x".repeat(5_000)]) {
      expectNoFault(await answerTo(path, good, { "content-type": type }), type.slice(0, 40));
    }
    for (const coding of ["gzip", "br", "bogus"]) {
      expectNoFault(await answerTo(path, good, { "content-encoding": coding }), coding);
    }
  });
});

describe("on a bare socket", () => {
  let server: HttpServer;
  beforeAll(() => {
    server = listen(app.fetch, { host: "127.0.0.1", port: 0, onDrainOver: () => {}, onDoors: () => {}, crowd: null });
  });
  afterAll(() => server.drain());

  const body = BODIES["/v1/chat"]?.(TEXT) ?? "";
  const head = (lines: readonly string[], line = "POST /v1/chat HTTP/1.1") =>
    `${[line, "Host: 127.0.0.1", "Content-Type: application/json", "Connection: close", ...lines].join("\r\n")}\r\n\r\n`;

  /** All that comes until the other side closes. */
  const exchange = (sent: string, cut: boolean) =>
    new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => {
        if (cut) socket.end(sent, "latin1");
        else socket.write(sent, "latin1");
      });
      socket.on("data", (bytes) => {
        received += bytes.toString("latin1");
      });
      socket.on("error", () => resolve(received));
      socket.on("close", () => resolve(received));
    });

  test.each([
    ["a negative length", head(["Content-Length: -1"]) + body, false],
    ["a length beyond all numbers", head([`Content-Length: ${"9".repeat(30)}`]) + body, false],
    ["two lengths", head([`Content-Length: ${body.length}`, "Content-Length: 3"]) + body, false],
    ["chunks and a length", `${head(["Content-Length: 5", "Transfer-Encoding: chunked"])}0\r\n\r\n`, false],
    ["a chunk of no size", `${head(["Transfer-Encoding: chunked"])}ZZ\r\n${body}\r\n0\r\n\r\n`, false],
    ["an unknown transfer coding", head(["Transfer-Encoding: bogus"]) + body, false],
    ["a body that is cut", head(["Content-Length: 5000"]) + body, true],
    ["a header without a name", head([": x", "Content-Length: 0"]), false],
    ["a header with a control character", head(["X-A: a\x01b", "Content-Length: 0"]), false],
    ["headers beyond all bounds", head([`X-A: ${"a".repeat(60_000)}`, "Content-Length: 0"]), false],
    ["an unknown method", head(["Content-Length: 0"], "FOO /v1/chat HTTP/1.1"), false],
    ["a path of nothing that is one", head([], "GET /%zz%00%ff HTTP/1.1"), false],
    ["what is no HTTP", `\x16\x03\x01${"a".repeat(300)}`, true],
  ])("%s is refused or closed, and others are served", async (_, sent, cut) => {
    const received = await exchange(sent, cut);
    expect(received).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
    expect(received).not.toContain(CANARY);
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
  });
});
