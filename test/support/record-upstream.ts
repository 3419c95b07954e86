/**
 * Records real HTTP exchanges of model servers as test fixtures; <out>/README.md tells how the kept ones were made.
 *   OPENAI_API_KEY=... bun test/support/record-upstream.ts \
 *     --ollama http://127.0.0.1:11434 --openai http://127.0.0.1:18080/v1 --out test/fixtures/upstream
 * The official SDKs talk to each server (one whose flag is missing is skipped) through a transparent recording proxy on a free
 * loopback port: so the requests are those of a product that uses the SDKs, and the answers are kept chunk by chunk.
 */
import { parseArgs } from "node:util";
import { type ChatRequest, Ollama } from "ollama";
import OpenAI from "openai";

const text = { type: "string" } as const;
const { values: flags } = parseArgs({
  options: {
    ollama: text, // recorded twice: its native API, and its /v1
    openai: text, // a server of the OpenAI protocol; its key is taken from OPENAI_API_KEY
    "openai-server": { ...text, default: "llama-server" }, // its name and version: the protocol doesn't tell them
    "ollama-model": { ...text, default: "smollm2:135m" },
    "ollama-tool-model": { ...text, default: "smollm2-tools:135m" }, // has the capability "tools"
    "ollama-other-model": { ...text, default: "gemma3:270m" }, // has it not
    "ollama-remote-model": { ...text, default: "smollm2-remote:135m" }, // was created with a remote_host
    "ollama-cloud-model": { ...text, default: "gpt-oss:120b-cloud" },
    "openai-model": { ...text, default: "smollm2-135m" },
    "openai-quantisation": { ...text, default: "Q4_1" },
    only: { ...text, default: "." }, // record only what matches this regular expression on "folder/scenario"
    as: { ...text, default: "" }, // ends the names of the scenarios, for a server that was started in another way
    out: { ...text, default: "test/fixtures/upstream" },
  },
});

interface Exchange {
  sdk: string;
  request: { method: string; path: string; headers: Fields; body: unknown };
  response: { status: number; headers: Fields; chunks: { afterMs: number; text: string }[] };
}
type Fields = Record<string, string>;
type Scenarios = Record<string, () => Promise<unknown>>;

/** Where a server keeps its model files is not for the record. */
const redact = (s: string): string =>
  s.replace(/\/[\w./-]+\/(?=blobs\/sha256-|[\w.-]+\.gguf|llama-server")/g, "/models/");
const pick = (from: Headers, wanted: RegExp): Fields =>
  Object.fromEntries([...from].filter(([name]) => wanted.test(name)));

/** Forwards each request as it is, hands on each chunk at once. `take` awaits the exchange under way, or the next. */
function recordingProxy(upstream: string): { url: string; take: () => Promise<Exchange> } {
  let last = Promise.withResolvers<Exchange>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(req) {
      const path = req.url.slice(new URL(req.url).origin.length);
      const sent = await req.text();
      const started = performance.now();
      // What is kept must not be compressed.
      const headers = { ...pick(req.headers, /^(?!(host|connection|content-length)$)/), "accept-encoding": "identity" };
      const res = await fetch(new URL(path, upstream), {
        method: req.method,
        headers,
        ...(sent !== "" && { body: sent }),
      });
      const exchange: Exchange = {
        sdk: /^\S+( [\d.]+)?/.exec(req.headers.get("user-agent") ?? "")?.[0] ?? "",
        request: {
          method: req.method,
          path,
          headers: pick(req.headers, /^(content-type|accept|authorization)$/),
          body: sent === "" ? null : JSON.parse(sent),
        },
        response: { status: res.status, headers: pick(res.headers, /^(?!date$)/), chunks: [] },
      };
      if ("authorization" in exchange.request.headers) exchange.request.headers["authorization"] = "Bearer <redacted>";
      const [toClient, toFile] = (res.body ?? new Blob().stream()).tee();
      void (async () => {
        const decoder = new TextDecoder(); // writes a character that is split over two chunks with the second
        for await (const bytes of toFile) {
          const afterMs = Math.round(performance.now() - started);
          exchange.response.chunks.push({ afterMs, text: redact(decoder.decode(bytes, { stream: true })) });
        }
        last.resolve(exchange);
      })();
      return new Response(toClient, {
        status: res.status,
        headers: pick(res.headers, /^(?!(transfer-encoding|content-length|connection|keep-alive)$)/),
      });
    },
    error(cause) {
      console.error(`${upstream}: ${cause.message}`);
      process.exit(1);
    },
  });
  return {
    url: server.url.origin,
    take: () =>
      last.promise.finally(() => {
        last = Promise.withResolvers<Exchange>();
      }),
  };
}

/** Runs the scenarios, which may throw what the SDK throws on an error answer, and writes a file for each. */
async function record(
  folder: string,
  server: string,
  upstream: string,
  quantisation: Map<string, string>,
  scenarios: (url: string) => Scenarios,
): Promise<void> {
  const { url, take } = recordingProxy(upstream);
  for (const [name, run] of Object.entries(scenarios(url))) {
    if (!new RegExp(flags.only).test(`${folder}/${name}`)) continue;
    // llama-server hangs up after a streamed answer in spite of its header keep-alive: let fetch notice.
    await Bun.sleep(100);
    await run().catch(() => undefined);
    const { sdk, request, response } = await take();
    const asked =
      typeof request.body === "object" && request.body !== null && "model" in request.body
        ? String(request.body.model)
        : "";
    const model = asked + (quantisation.get(asked) ? ` (${quantisation.get(asked)})` : "");
    const scenario = flags.as === "" ? name : `${name}-${flags.as}`;
    const recordedAt = new Date().toISOString().slice(0, 10);
    await Bun.write(
      `${flags.out}/${folder}/${scenario}.json`,
      `${JSON.stringify({ scenario, server, model, sdk, recordedAt, request, response }, null, 2)}\n`,
    );
    console.log(response.status, `${folder}/${scenario}`);
  }
}

const drain = async (stream: AsyncIterable<unknown>): Promise<void> => {
  for await (const part of stream) void part;
};
/** For requests that the SDK's types forbid. */
const wrong = <T>(value: unknown): T => value as T;
/** One request as two scenarios: as it is, and streamed. */
const both = (name: string, run: (stream: boolean) => Promise<unknown>): Scenarios => ({
  [name]: () => run(false),
  [`${name}-stream`]: () => run(true),
});
const user = (content: string) => [{ role: "user" as const, content }];
const prompt = "The capital of France is";
const question = user("What is the capital of France? Answer in one short sentence.");
const weather = user("What is the weather in Lisbon?");
const tooLong = user("The quick brown fox jumps over the lazy dog. ".repeat(400));
const place = (...names: string[]) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "string", description: `Name of the ${name}` }])),
  required: names,
});
const tools = [
  {
    type: "function" as const,
    function: { name: "get_weather", description: "Current weather of a city", parameters: place("city") },
  },
];
const called = {
  role: "assistant",
  content: "",
  tool_calls: [{ function: { name: "get_weather", arguments: { city: "Lisbon" } } }],
};

/** Ollama's own protocol. */
function native(host: string): Scenarios {
  const o = new Ollama({ host });
  const model = flags["ollama-model"];
  const toolModel = flags["ollama-tool-model"];
  const other = flags["ollama-other-model"];
  const unknown = "no-such-model:1b";
  const options = { temperature: 0, seed: 1, num_predict: 64 };
  const chat =
    (more: Partial<ChatRequest> & { truncate?: boolean } = {}) =>
    async (stream = false): Promise<unknown> => {
      const request = { model, messages: question, options, ...more };
      return stream ? drain(await o.chat({ ...request, stream: true })) : o.chat({ ...request, stream: false });
    };
  return {
    version: () => o.version(),
    tags: () => o.list(),
    show: () => o.show({ model: toolModel }),
    "show-unknown-model": () => o.show({ model: unknown }),
    "chat-success": () => chat()(),
    "chat-stream": () => chat()(true),
    ps: () => o.ps(),
    "chat-other-model": () => chat({ model: other })(),
    ...both("chat-tool-call", chat({ model: toolModel, messages: weather, tools })),
    ...both(
      "chat-tool-call-unparsed",
      chat({ model: toolModel, messages: user("What is the weather in Paris?"), tools }),
    ), // the model errs
    "chat-tool-result": () =>
      chat({
        model: toolModel,
        messages: [...weather, called, { role: "tool", tool_name: "get_weather", content: "18 degrees" }],
        tools,
      })(),
    "chat-tools-unsupported": () => chat({ model: other, messages: weather, tools })(),
    "chat-think-unsupported": () => chat({ think: true })(),
    ...both("chat-unknown-model", chat({ model: unknown })),
    ...both("chat-num-predict-limit", chat({ options: { ...options, num_predict: 5 } })),
    ...both("chat-json-format", chat({ format: place("city", "country") })),
    "chat-load": () => chat({ messages: [] })(),
    "chat-unload": () => chat({ messages: [], keep_alive: 0 })(),
    "chat-long-prompt": () => chat({ messages: tooLong })(),
    ...both("chat-context-length", chat({ messages: tooLong, truncate: false })), // the SDK's types lack `truncate`
    "bad-request": () => chat({ messages: wrong("hello") })(),
    "bad-request-no-model": () => chat({ model: "" })(),
    ...both("bad-request-format", chat({ format: "yaml" })),
    ...both("cloud-model", chat({ model: flags["ollama-cloud-model"] })),
    ...both("remote-model", chat({ model: flags["ollama-remote-model"] })),
    ...both("generate", async (stream) =>
      stream
        ? drain(await o.generate({ model, prompt, options, stream: true }))
        : o.generate({ model, prompt, options, stream: false }),
    ),
    embed: () => o.embed({ model, input: ["policy", "mesh"] }),
    "embed-unknown-model": () => o.embed({ model: unknown, input: "policy" }),
  };
}

/** The OpenAI protocol: the same requests to every server that speaks it. */
const openai =
  (model: string, toolModel: string) =>
  (url: string): Scenarios => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env["OPENAI_API_KEY"] ?? "none", maxRetries: 0 });
    const wrongKey = client.withOptions({ apiKey: "not-the-key" });
    const chat =
      (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}, c = client, include_usage = true) =>
      async (stream = false): Promise<unknown> => {
        const request = { model, messages: question, temperature: 0, seed: 1, max_tokens: 64, ...more };
        if (!stream) return c.chat.completions.create(request);
        return drain(
          await c.chat.completions.create({
            ...request,
            stream,
            ...(include_usage && { stream_options: { include_usage } }),
          }),
        );
      };
    return {
      models: () => client.models.list(),
      "models-wrong-key": () => wrongKey.models.list(),
      "wrong-key": () => chat({}, wrongKey)(),
      "chat-success": () => chat()(),
      "chat-stream": () => chat()(true),
      "chat-stream-no-usage": () => chat({}, client, false)(true),
      ...both("chat-tool-call", chat({ model: toolModel, messages: weather, tools, tool_choice: "required" })),
      ...both("chat-max-tokens", chat({ max_tokens: 5 })),
      "chat-json-schema": () =>
        chat({
          response_format: {
            type: "json_schema",
            json_schema: { name: "place", schema: place("city", "country"), strict: true },
          },
        })(),
      "chat-logprobs": () => chat({ logprobs: true, top_logprobs: 2, max_tokens: 3 })(),
      ...both("unknown-model", chat({ model: "no-such-model" })),
      ...both("context-length", chat({ messages: tooLong })),
      "cloud-model": () => chat({ model: flags["ollama-cloud-model"] })(),
      "bad-request": () => chat({ messages: wrong("hello") })(),
      "bad-request-role": () => chat({ messages: [wrong({ content: "no role" })] })(),
      "bad-request-parameter": () => chat({ temperature: wrong("hot") })(),
      "unknown-path": () => client.get("/no-such-endpoint"),
      ...both("completions", async (stream) =>
        stream
          ? drain(await client.completions.create({ model, prompt, temperature: 0, max_tokens: 16, stream }))
          : client.completions.create({ model, prompt, temperature: 0, max_tokens: 16 }),
      ),
      embeddings: () => client.embeddings.create({ model, input: ["policy", "mesh"] }),
      "embeddings-float": () => client.embeddings.create({ model, input: "policy", encoding_format: "float" }),
    };
  };

if (flags.ollama !== undefined) {
  const o = new Ollama({ host: flags.ollama });
  const server = `ollama ${(await o.version()).version}`;
  const { models } = await o.list();
  const quantisation = new Map(models.map((m) => [m.name, m.details.quantization_level]));
  await record("ollama", server, flags.ollama, quantisation, native);
  await record(
    "ollama-openai",
    server,
    flags.ollama,
    quantisation,
    openai(flags["ollama-model"], flags["ollama-tool-model"]),
  );
}
if (flags.openai !== undefined) {
  const model = flags["openai-model"];
  await record(
    "llama-server",
    flags["openai-server"],
    new URL(flags.openai).origin,
    new Map([[model, flags["openai-quantisation"]]]),
    openai(model, model),
  );
}
process.exit(0);
