import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import type { Chunk, FailureCategory } from "../../src/core/chat.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { CHAT, openAiRequest, otherRequest } from "../support/openai-streams.ts";
import { AS_LOCAL, AS_OPENAI } from "../support/provider-options.ts";
import { target } from "../support/target.ts";

/** Servers by raw TCP, since what they send is not HTTP as it should be. */
let sent: string | Uint8Array = "";
let resets = false;
let server: Server;
let baseUrl = "";
const TAGS = '{"models":[{"name":"m:latest"}]}';

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      if (head.toString().startsWith("GET")) socket.end(response("200 OK", JSON_TYPE, TAGS));
      else if (resets) socket.resetAndDestroy();
      else socket.end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  baseUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(() => server.close());

const JSON_TYPE = "content-type: application/json\r\n";
const SSE_TYPE = "content-type: text/event-stream\r\n";
const HTML_TYPE = "content-type: text/html\r\n";
const SAID = "private words";
const response = (status: string, headers: string, body = "") =>
  `HTTP/1.1 ${status}\r\n${headers}connection: close\r\n\r\n${body}`;
const nested = "[".repeat(60_000) + "]".repeat(60_000);

const PROVIDERS = [
  [
    "OpenAI's protocol",
    "openai",
    () => createOpenAi({ ...AS_OPENAI, baseUrl, apiKey: "k", defaultModel: "m", needsKey: true }),
  ],
  ["Ollama's protocol", "local", () => createOllama({ ...AS_LOCAL, baseUrl, defaultModel: "m" })],
] as const;

type Fault = readonly [name: string, sent: string, categories: readonly FailureCategory[]];
const FAULTS: readonly Fault[] = [
  ["no body and no type", response("200 OK", ""), ["malformed_response"]],
  ["an empty body of JSON", response("200 OK", `${JSON_TYPE}content-length: 0\r\n`), ["malformed_response"]],
  ["an empty stream", response("200 OK", SSE_TYPE), ["malformed_response"]],
  ["204", response("204 No Content", ""), ["malformed_response"]],
  ["205", response("205 Reset Content", ""), ["malformed_response"]],
  ["a page", response("200 OK", HTML_TYPE, `<html>\n<body>\n${SAID}\n</body>\n</html>`), ["malformed_response"]],
  ["a page that says it is JSON", response("200 OK", JSON_TYPE, `<html>${SAID}</html>`), ["malformed_response"]],
  ["a page that says it is a stream", response("200 OK", SSE_TYPE, `<html>\n\n${SAID}\n\n`), ["malformed_response"]],
  ["a list", response("200 OK", JSON_TYPE, `["${SAID}"]`), ["malformed_response"]],
  ["null", response("200 OK", JSON_TYPE, "null"), ["malformed_response"]],
  [
    "half an answer",
    response("200 OK", `${JSON_TYPE}content-length: 500\r\n`, `{"a":"${SAID}`),
    ["malformed_response"],
  ],
  [
    "chunks that are none",
    response("200 OK", `${JSON_TYPE}transfer-encoding: chunked\r\n`, "zz\r\n{}"),
    ["malformed_response"],
  ],
  [
    "an encoding that is not what it says",
    response("200 OK", `${JSON_TYPE}content-encoding: gzip\r\n`, SAID),
    ["malformed_response", "unreachable"],
  ],
  [
    "an encoding that nobody knows",
    response("200 OK", `${JSON_TYPE}content-encoding: odd\r\n`, "{}"),
    ["malformed_response"],
  ],
  ["an error", response("200 OK", JSON_TYPE, `{"error":"${SAID}"}`), ["upstream_error"]],
  [
    "an error of overload",
    response("200 OK", JSON_TYPE, `{"error":{"message":"${SAID}","code":503}}`),
    ["upstream_error"],
  ],
  ["an error of a limit", response("200 OK", JSON_TYPE, '{"error":{"code":"rate_limit_exceeded"}}'), ["rate_limited"]],
  ["an error that nests too deep", response("200 OK", JSON_TYPE, `{"error":${nested}}`), ["malformed_response"]],
  [
    "an answer that nests too deep",
    response("200 OK", JSON_TYPE, `{"choices":[{"message":${nested}}],"done":true,"message":{"x":${nested}}}`),
    ["malformed_response"],
  ],
  ["a redirect", response("307 Temporary Redirect", "location: http://127.0.0.1:9/\r\n"), ["upstream_error"]],
  ["304", response("304 Not Modified", ""), ["upstream_error"]],
  ["529 with a page", response("529 Overloaded", HTML_TYPE, `<html>${SAID}</html>`), ["upstream_error"]],
  ["408", response("408 Request Timeout", ""), ["timeout"]],
  ["what is no HTTP", `${SAID}\r\n\r\n`, ["unreachable", "malformed_response"]],
  ["half a header", "HTTP/1.1 200 OK\r\ncontent-ty", ["unreachable", "malformed_response"]],
  ["nothing at all", "", ["unreachable"]],
];
const TRANSIENT = [
  "nothing at all",
  "half an answer",
  "an error of overload",
  "an error of a limit",
  "529 with a page",
  "408",
];
const STEADY = [
  "a redirect",
  "304",
  "a list",
  "a page",
  "a page that says it is JSON",
  "an error that nests too deep",
  "an answer that nests too deep",
  "an error",
];

describe.each(PROVIDERS)("in place of an answer of %s", (_protocol, id, create) => {
  /** What comes of it for each kind of client and of answer. */
  async function failuresOf(): Promise<Extract<Chunk, { kind: "failure" }>["failure"][]> {
    const failures = [];
    for (const streamed of [true, false]) {
      for (const request of [openAiRequest({}, CHAT, streamed), otherRequest(CHAT, { streamed })]) {
        const chunks = await Array.fromAsync(create().answer(target(id, "m"), request, AbortSignal.timeout(10_000)));
        expect(JSON.stringify(chunks)).not.toContain(SAID);
        const others = chunks.filter(({ kind }) => kind !== "alive");
        expect(others.map(({ kind }) => kind)).toEqual(["failure"]);
        for (const chunk of others) if (chunk.kind === "failure") failures.push(chunk.failure);
      }
    }
    return failures;
  }

  test.each(FAULTS)("%s is one failure, clean and of its category", async (name, fault, categories) => {
    sent = fault;
    for (const failure of await failuresOf()) {
      expect(categories).toContain(failure.category);
      if (TRANSIENT.includes(name)) expect(failure.transient).toBe(true);
      if (STEADY.includes(name)) expect(failure).not.toHaveProperty("transient");
    }
  });

  test("a connection that is reset is a failure that may pass", async () => {
    resets = true;
    for (const failure of await failuresOf())
      expect(failure).toMatchObject({ category: "unreachable", transient: true });
    resets = false;
  });

  test.each([
    ["seconds", "retry-after: 7", 7_000],
    ["milliseconds", "retry-after-ms: 6250\r\nretry-after: 7", 6_250],
  ])("429 and 503 tell how long to wait, in %s", async (_unit, header, retryAfterMs) => {
    for (const status of ["429 Too Many Requests", "503 Service Unavailable"]) {
      sent = response(status, `${header}\r\n`, SAID);
      for (const failure of await failuresOf()) expect(failure).toMatchObject({ retryAfterMs, transient: true });
    }
  });

  test("a body that has no end is given up within bounds", async () => {
    const line = Buffer.alloc(1024 * 1024, "x");
    sent = Buffer.concat([Buffer.from(response("200 OK", JSON_TYPE)), ...Array<Buffer>(34).fill(line)]);
    for (const failure of await failuresOf()) expect(failure.category).toBe("malformed_response");
    sent = "";
  });
});
