import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import type { ChatRequest, Chunk } from "../../src/core/chat.ts";
import { createOllama, type OllamaOptions } from "../../src/providers/ollama.ts";
import { createOpenAi, type OpenAiOptions } from "../../src/providers/openai.ts";
import { NETWORK } from "../../src/providers/transport.ts";
import { chatRequest } from "../support/deps.ts";
import { fakeTransport } from "../support/fake-transport.ts";
import { openAiRequest } from "../support/openai-streams.ts";
import { target } from "../support/target.ts";

/** Where calls go and what may come of them, below what an answer says. */

const WORDS = "private words";
const KINDS = ["ollama", "openai"] as const;
type Kind = (typeof KINDS)[number];

const SHARED = { hints: "policy", zone: "local", defaultModel: "m", defaultEmbeddingModel: null } as const;
const OPENAI = { apiKey: "k", needsKey: true } as const;

const create = (kind: Kind, baseUrl: string, options: Partial<OllamaOptions & OpenAiOptions> = {}) =>
  kind === "ollama"
    ? createOllama({ ...SHARED, id: "gpu", baseUrl, ...options })
    : createOpenAi({ ...SHARED, ...OPENAI, id: "gpu", baseUrl, ...options });

async function answerOf(provider: ReturnType<typeof create>, connectTimeoutMs: number | null = null, streamed = false) {
  const request: ChatRequest = { ...chatRequest(WORDS), streamed };
  const signal = AbortSignal.timeout(10_000);
  return Array.fromAsync(provider.answer(target("local", "m"), request, signal, { connectTimeoutMs }));
}

async function failureOf(...asked: Parameters<typeof answerOf>) {
  const chunks: Chunk[] = await answerOf(...asked);
  const [chunk] = chunks;
  if (chunk?.kind !== "failure") throw new Error(`it did not fail: ${JSON.stringify(chunks)}`);
  return chunk.failure;
}

const isLookUp = (path: string) => path.endsWith("/api/tags") || path.endsWith("/models");
const MESSAGE = { role: "assistant", content: "hi" };
const ANSWER = {
  ollama: { model: "m", message: MESSAGE, done: true, done_reason: "stop" },
  openai: { model: "m", choices: [{ index: 0, finish_reason: "stop", message: MESSAGE }] },
};
const LISTS = { models: [{ name: "m:latest" }], data: [{ id: "m" }] };
const serve = (kind: Kind, path: string) => Response.json(isLookUp(path) ? LISTS : ANSWER[kind]);

describe.each(KINDS)("a local %s behind a name", (kind) => {
  const setUp = (addresses: readonly string[], baseUrl = "http://gpu.lan:8080", options = {}) => {
    const fake = fakeTransport({ "gpu.lan": addresses }, ({ url }) => serve(kind, url.pathname));
    return { ...fake, provider: create(kind, baseUrl, { transport: fake.transport, ...options }) };
  };

  test("is called at the address that was looked at, and asked for by its name", async () => {
    const { provider, sent } = setUp(["10.0.0.5"]);
    expect(await answerOf(provider)).toContainEqual(expect.objectContaining({ kind: "end" }));
    expect(new Set(sent.map(({ url, host }) => `${url.host} ${host}`))).toEqual(
      new Set(["10.0.0.5:8080 gpu.lan:8080"]),
    );
    expect(sent.every(({ init }) => init.redirect === "manual" && init.tls === undefined)).toBe(true);
  });

  test("shows a certificate of its name, not of the address", async () => {
    const { provider, sent } = setUp(["fd00::5"], "https://gpu.lan");
    await answerOf(provider);
    for (const { url, host, init } of sent) {
      expect([url.origin, host, init.tls]).toEqual(["https://[fd00::5]", "gpu.lan", { serverName: "gpu.lan" }]);
    }
  });

  test.each([[["8.8.8.8"]], [["10.0.0.5", "8.8.8.8"]], [["::ffff:8.8.8.8"]]])(
    "that stands for %p is not called, nor asked for its models",
    async (addresses) => {
      const { provider, sent } = setUp(addresses);
      const failure = await failureOf(provider);
      expect(failure.category).toBe("not_local");
      expect(failure.transient).toBeUndefined();
      expect(await provider.check(0)).toMatchObject({ status: "down", failure: { category: "not_local" } });
      await provider.describe("m");
      await provider.running();
      expect(sent).toEqual([]);
    },
  );

  test("that stands for another address from one call to the next is not called there", async () => {
    const { provider, network, sent } = setUp(["10.0.0.5"]);
    await answerOf(provider);
    const before = sent.length;
    network.names["gpu.lan"] = ["8.8.8.8"];
    expect((await failureOf(provider)).category).toBe("not_local");
    expect(sent).toHaveLength(before);
  });

  test("may stand for an address that is not local where the policy allows that", async () => {
    const blocks = setUp(["8.8.8.8"], undefined, { allowedAddresses: ["8.8.8.0/24"] });
    await answerOf(blocks.provider);
    expect(blocks.sent.at(-1)?.url.hostname).toBe("8.8.8.8");
    const any = setUp(["8.8.8.8"], undefined, { allowedAddresses: "any" });
    await answerOf(any.provider);
    expect([any.sent.at(-1)?.url.hostname, any.lookedUp]).toEqual(["gpu.lan", []]);
  });

  test("is called by its name where it is of another zone", async () => {
    const { provider, sent, lookedUp } = setUp(["8.8.8.8"], undefined, { zone: "eu" });
    await answerOf(provider);
    expect([sent.at(-1)?.url.hostname, lookedUp]).toEqual(["gpu.lan", []]);
  });

  test("that nobody knows is unreachable, and so is one that takes too long to be known", async () => {
    const unknown = setUp([], "http://other.lan");
    expect(await failureOf(unknown.provider)).toMatchObject({ category: "unreachable", transient: true });
    const { transport, sent } = setUp([]);
    const slow = create(kind, "http://gpu.lan", { transport: { ...transport, lookup: () => new Promise(() => {}) } });
    expect(await failureOf(slow, 40)).toMatchObject({ category: "unreachable", transient: true });
    expect(sent).toEqual([]);
  });

  test("tells that it sends a request right before it does, and nothing of look-ups or of what it does not send", async () => {
    const sendsOf = async (
      provider: ReturnType<typeof create>,
      sent: readonly { readonly url: URL }[],
      model = "m",
    ) => {
      const contents = () => sent.filter(({ url }) => !isLookUp(url.pathname)).length;
      const told: number[] = [];
      const onSend = () => void told.push(contents());
      const limits = { connectTimeoutMs: null, onSend };
      const asked = provider.answer(target("local", model), chatRequest(WORDS), AbortSignal.timeout(10_000), limits);
      const chunks = await Array.fromAsync(asked);
      return { told, contents: contents(), last: chunks.at(-1)?.kind };
    };
    const well = setUp(["10.0.0.5"]);
    expect(await sendsOf(well.provider, well.sent)).toEqual({ told: [0], contents: 1, last: "end" });
    for (const elsewhere of [setUp(["8.8.8.8"]), setUp([], "http://other.lan")]) {
      const nothing = { told: [] as number[], contents: 0, last: "failure" as const };
      expect(await sendsOf(elsewhere.provider, elsewhere.sent)).toEqual(nothing);
      expect(await sendsOf(well.provider, elsewhere.sent, "gpt-oss:120b-cloud")).toEqual(nothing);
    }
    const keyless = setUp(["10.0.0.5"], undefined, { apiKey: null });
    const told = kind === "openai" ? [] : [0];
    expect(await sendsOf(keyless.provider, keyless.sent)).toMatchObject({ told, contents: told.length });
  });

  test.each(["http://gpu.lan:8080", "http://10.0.0.5:8080"])(
    "gets nothing, and nobody is told that it does, once the call was cut (%s)",
    async (baseUrl) => {
      const cut = new AbortController();
      const { transport, sent } = fakeTransport({ "gpu.lan": ["10.0.0.5"] }, ({ url }) => {
        // The last thing that is asked before a picture is sent.
        if (url.pathname === "/api/show") cut.abort();
        return serve(kind, url.pathname);
      });
      const provider = create(kind, baseUrl, { transport });
      const told: string[] = [];
      const onSend = () => void told.push(baseUrl);
      const image = { kind: "image", mediaType: "image/png", base64: "iVBORw0KGgo=" } as const;
      const request = chatRequest(WORDS);
      const task = { ...request.task, messages: [{ role: "user", content: [image] }] } as ChatRequest["task"];
      if (kind === "openai") cut.abort();
      const limits = { connectTimeoutMs: null, onSend };
      const asked = provider.answer(target("local", "m"), { ...request, task }, cut.signal, limits);
      expect((await Array.fromAsync(asked)).at(-1)?.kind).toBe("failure");
      const lookUps = kind === "openai" ? [] : ["/api/tags", "/api/show"];
      expect([told, sent.map(({ url }) => url.pathname)]).toEqual([[], lookUps]);
    },
  );

  test("that is an address itself is judged as one", async () => {
    const { provider, sent } = setUp([], "http://8.8.8.8");
    expect((await failureOf(provider)).category).toBe("not_local");
    expect(sent).toEqual([]);
    const { provider: near, sent: there, lookedUp } = setUp([], "http://[::1]:8080");
    await answerOf(near);
    expect([there.at(-1)?.url.host, lookedUp]).toEqual(["[::1]:8080", []]);
  });

  test("has another address tried after the one that was called went away", async () => {
    const { provider, network, sent } = setUp(["10.0.0.5", "10.0.0.6"]);
    network.unreachable.add("10.0.0.5");
    await answerOf(provider, 40);
    expect(sent.at(-1)?.url.hostname).toBe("10.0.0.6");
  });
});

describe("a server that takes no connection", () => {
  const silent = () => new Promise<Response>(() => {});

  test.each(["local", "cloud"])("is unreachable when the time for one is over, in the zone %s", async (zone) => {
    for (const kind of KINDS) {
      const { transport, network, dialled } = fakeTransport({ "gpu.lan": ["10.0.0.5"] }, silent);
      network.unreachable.add("10.0.0.5");
      const provider = create(kind, "https://gpu.lan/v1", { zone, transport });
      for (const streamed of [false, true]) {
        expect(await failureOf(provider, 40, streamed)).toMatchObject({ category: "unreachable", transient: true });
      }
      expect(new Set(dialled)).toEqual(new Set(["10.0.0.5 443"]));
    }
  });

  test("has the wrong certificate: another try would find the same", async () => {
    const wrong = () => {
      throw Object.assign(new TypeError("private words"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    };
    const { transport } = fakeTransport({ "gpu.lan": ["10.0.0.5"] }, wrong);
    const failure = await failureOf(create("openai", "https://gpu.lan", { transport }));
    expect([failure.category, failure.transient, failure.message.includes("private")]).toEqual([
      "unreachable",
      undefined,
      false,
    ]);
  });

  test("is not looked for behind a proxy, which connects for us", async () => {
    const { transport, network, dialled } = fakeTransport({ "api.example": ["8.8.8.8"] }, async () => {
      await Bun.sleep(60);
      return Response.json(ANSWER.openai);
    });
    network.unreachable.add("8.8.8.8");
    const provider = create("openai", "http://api.example", { zone: "cloud", viaProxy: true, transport });
    expect(await answerOf(provider, 20)).toContainEqual(expect.objectContaining({ kind: "end" }));
    expect(dialled).toEqual([]);
  });

  test("is told from one that is slow to answer", async () => {
    const slow = async () => {
      await Bun.sleep(60);
      return Response.json(ANSWER.openai);
    };
    const { transport, dialled } = fakeTransport({ "gpu.lan": ["10.0.0.5"] }, slow);
    const provider = create("openai", "http://gpu.lan", { transport });
    expect(await answerOf(provider, 20)).toContainEqual(expect.objectContaining({ kind: "end" }));
    expect(dialled).toEqual(["10.0.0.5 80"]);
  });

  test("really does: the network's own dial tells who listens", async () => {
    const listening = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const port = listening.port ?? 0;
    expect(await NETWORK.dial("127.0.0.1", port, 5_000)).toBe(true);
    await listening.stop(true);
    expect(await NETWORK.dial("127.0.0.1", port, 5_000)).toBe(false);
    expect(await NETWORK.lookup("localhost")).toContainEqual(expect.stringMatching(/^(127\.0\.0\.1|::1)$/));
  });
});

/** A server that speaks below HTTP, and counts who comes. */
let reply: (socket: Socket) => void = () => {};
let connections = 0;
const raw = createServer((socket) => {
  connections++;
  socket.on("error", () => {});
  socket.once("data", (request) => {
    const path = request.toString("latin1").split(" ")[1] ?? "";
    if (!isLookUp(path)) return reply(socket);
    connections--;
    const list = JSON.stringify(LISTS);
    socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`);
  });
});
await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
afterAll(() => new Promise<void>((resolve) => raw.close(() => resolve())));
beforeEach(() => {
  connections = 0;
});

function rawUrl(): string {
  const address = raw.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");
  return `http://127.0.0.1:${address.port}`;
}

const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const headersOf = (kib: number) => Array.from({ length: kib }, (_, at) => `x-${at}: ${"a".repeat(1_000)}\r\n`).join("");
const encoded = (encoding: string) => `${OK}content-encoding: ${encoding}\r\ncontent-length: 13\r\n\r\nprivate words`;

describe.each(KINDS)("what is no answer, from a server that %s is asked of", (kind) => {
  test.each([
    ["a greeting of another protocol", "220 private words ESMTP\r\n\r\n"],
    ["headers of 100 KiB", `${OK}${headersOf(100)}content-length: 2\r\n\r\n{}`],
    ["headers of 400 KiB", `${OK}${headersOf(400)}content-length: 2\r\n\r\n{}`],
    ["gzip that is none", encoded("gzip")],
    ["brotli that is none", encoded("br")],
    ["chunks that are none", `${OK}transfer-encoding: chunked\r\n\r\nZZ\r\nprivate words\r\n`],
    ["another protocol from here on", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
    ["nothing, by its status", "HTTP/1.1 204 No Content\r\n\r\n"],
  ])("is malformed: %s", async (_name, bytes) => {
    for (const streamed of [false, true]) {
      reply = (socket) => socket.end(bytes);
      const failure = await failureOf(create(kind, rawUrl()), 5_000, streamed);
      expect([failure.category, failure.message.includes("private")]).toEqual(["malformed_response", false]);
    }
    expect(connections).toBe(2);
  });

  test.each([
    ["resets the connection", (socket: Socket) => socket.resetAndDestroy()],
    ["closes the connection", (socket: Socket) => socket.end()],
    ["stops within its headers", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-ty")],
  ] as const)("is unreachable where it %s, and is not asked twice by one attempt", async (_name, behave) => {
    reply = behave;
    for (const streamed of [false, true]) {
      const failure = await failureOf(create(kind, rawUrl()), 5_000, streamed);
      expect(failure).toMatchObject({ category: "unreachable", transient: true });
    }
    expect(connections).toBe(2);
  });
});

describe("what a client says", () => {
  test("steers neither host nor path nor key nor headers nor redirects of a call", async () => {
    const steering = {
      model: "http://evil.example/m",
      base_url: "http://evil.example",
      baseURL: "http://evil.example",
      host: "evil.example",
      path: "//evil.example/",
      url: "http://evil.example",
      headers: { host: "evil.example", authorization: "Bearer stolen" },
      extra_headers: { host: "evil.example" },
      authorization: "Bearer stolen",
      fetchOptions: { proxy: "http://evil.example" },
      fetch: "x",
      timeout: 1,
      maxRetries: 9,
      redirect: "follow",
      proxy: "http://evil.example",
      tls: { rejectUnauthorized: false },
      query: { x: 1 },
      method: "GET",
      __proto__: { host: "evil.example" },
    };
    for (const kind of KINDS) {
      for (const request of [
        openAiRequest(steering, undefined, false),
        { ...chatRequest(WORDS), body: steering, surface: "ollama_chat" as const },
        { ...chatRequest("http://evil.example"), body: steering },
      ]) {
        const { transport, sent } = fakeTransport({ "gpu.lan": ["10.0.0.5"] }, ({ url }) => serve(kind, url.pathname));
        const provider = create(kind, "http://gpu.lan:8080/v1", { transport });
        await Array.fromAsync(provider.answer(target("local", "m"), request, AbortSignal.timeout(5_000)));
        const call = sent.at(-1);
        if (call === undefined) throw new Error("nothing was sent");
        const headers = new Headers(call.init.headers);
        expect(call.url.href).toBe(`http://10.0.0.5:8080/v1/${kind === "ollama" ? "api/chat" : "chat/completions"}`);
        expect([call.host, headers.get("authorization"), call.init.redirect, call.init.method]).toEqual([
          "gpu.lan:8080",
          kind === "ollama" ? null : "Bearer k",
          "manual",
          "POST",
        ]);
        expect([call.init.proxy, call.init.tls]).toEqual([false as never, undefined]);
        expect(JSON.parse(String(call.init.body)).model).toBe("m");
      }
    }
  });
});
