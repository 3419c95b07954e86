import type { JsonObject } from "../../../src/core/json.ts";
import type { Transport } from "../../../src/providers/transport.ts";
import { PUBLIC_ADDRESS } from "./world.ts";

/** How an upstream treats one call. Each of them is seen in the wild; none may carry a prompt where it must not go. */
export const BEHAVIOURS = [
  ...["answers", "answers", "answers", "refuses_connection", "resets", "is_silent", "sends_headers_only"],
  ...["stops_in_stream", "stalls_in_stream", "breaks_an_event", "ends_without_marker", "says_429", "says_429_later"],
  ...["says_500", "says_503", "says_529", "says_401", "says_404", "refuses_as_too_long", "refuses_content"],
  ...["says_error_in_200", "says_nothing", "sends_html", "redirects_307", "redirects_302", "forwards_to_a_host"],
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** One call as the other side of the wire sees it. */
export type Sent = { readonly port: number; readonly address: string; readonly bytes: string };

type Play = {
  /** What the next call meets. */
  readonly next: () => Behaviour;
  /** Whether a name of the operator's network leads elsewhere now. */
  readonly poisoned: () => boolean;
  /** Where redirects point to. */
  readonly elsewhere: string;
  readonly onSent: (sent: Sent) => void;
};

/** The network as providers see it. Whoever follows a redirect is seen to send the same bytes there. */
export function fakeNetwork({ next, poisoned, elsewhere, onSent }: Play): Transport {
  const send: Transport["send"] = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    const body = typeof init?.body === "string" ? init.body : "";
    const bytes = `${init?.method ?? "GET"} ${url.pathname}${url.search}\n${[...headers].join("\n")}\n${body}`;
    const see = (at: URL) => onSent({ port: Number(at.port), address: at.hostname, bytes });
    see(url);
    if (init?.method !== "POST" || url.pathname.endsWith("/show")) return listing(url, next());
    const behaviour = next();
    if (behaviour.startsWith("redirects") && init.redirect !== "manual") see(new URL(elsewhere));
    return respond(behaviour, url, JSON.parse(body), init.signal ?? null, elsewhere);
  };
  return {
    send,
    lookup: async () => (poisoned() ? [PUBLIC_ADDRESS, "127.0.0.1"] : ["127.0.0.1"]),
    dial: async () => true,
  };
}

/** Which models there are. A server that lies about itself is no fault of these: what is unknown is not local. */
function listing(url: URL, behaviour: Behaviour): Response {
  if (behaviour === "says_500") return new Response("{}", { status: 500 });
  const remote = behaviour === "forwards_to_a_host" ? { remote_host: "https://ollama.com:443", remote_model: "m" } : {};
  const names = ["m1:latest", "m2:latest", "embedder:latest"];
  if (url.pathname === "/api/tags") {
    const models = names.map((name) => ({ name, model: name, size: 5, digest: "0", ...remote, details: {} }));
    return Response.json({ models });
  }
  if (url.pathname === "/api/show") return Response.json({ capabilities: ["completion", "vision"], ...remote });
  return Response.json({ data: ["m1", "m2", "embedder"].map((id) => ({ id, object: "model" })) });
}

const FAILING_STATUS: Partial<Record<Behaviour, number>> = {
  says_500: 500,
  says_503: 503,
  says_529: 529,
  says_401: 401,
  says_404: 404,
};

async function respond(
  behaviour: Behaviour,
  url: URL,
  asked: JsonObject,
  signal: AbortSignal | null,
  elsewhere: string,
): Promise<Response> {
  const status = FAILING_STATUS[behaviour];
  if (status !== undefined) return Response.json({ error: { message: "no", code: "no" } }, { status });
  switch (behaviour) {
    case "refuses_connection":
    case "resets":
      throw new TypeError("the connection was refused");
    case "is_silent":
      return await cut(signal);
    case "says_429":
      return new Response("{}", { status: 429 });
    case "says_429_later":
      return new Response("{}", { status: 429, headers: { "retry-after-ms": "3" } });
    case "refuses_as_too_long":
      return Response.json({ error: { code: "context_length_exceeded", message: "too long" } }, { status: 400 });
    case "refuses_content":
      return Response.json({ error: { code: "content_filter", message: "no" } }, { status: 400 });
    case "says_error_in_200":
      return Response.json({ error: { message: "overloaded", type: "server_error" } });
    case "says_nothing":
      return new Response("", { headers: { "content-type": "application/json" } });
    case "sends_html":
      return new Response("<html>", { headers: { "content-type": "text/html" } });
    case "redirects_302":
    case "redirects_307":
      return new Response(null, {
        status: behaviour === "redirects_307" ? 307 : 302,
        headers: { location: elsewhere },
      });
    default:
      return answer(behaviour, url, asked, signal);
  }
}

const cut = (signal: AbortSignal | null): Promise<never> =>
  new Promise((_, reject) => {
    const end = () => reject(new DOMException("cut", "AbortError"));
    if (signal === null || signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });

function answer(behaviour: Behaviour, url: URL, asked: JsonObject, signal: AbortSignal | null): Response {
  const isOllama = url.pathname.startsWith("/api/");
  const streamed = isOllama ? asked["stream"] !== false && !url.pathname.includes("embed") : asked["stream"] === true;
  if (!streamed) return Response.json(isOllama ? ollamaAnswer(behaviour, url) : openAiAnswer(url));
  const events = isOllama ? ollamaStream(behaviour, url) : openAiStream(url);
  const contentType = isOllama ? "application/x-ndjson" : "text/event-stream";
  return new Response(playStream(behaviour, events, signal), { headers: { "content-type": contentType } });
}

function playStream(behaviour: Behaviour, events: readonly string[], signal: AbortSignal | null) {
  const text = new TextEncoder();
  const [first = "", middle = "", ...last] = events;
  const played: Partial<Record<Behaviour, readonly string[]>> = {
    sends_headers_only: [],
    stops_in_stream: [first],
    stalls_in_stream: [first],
    breaks_an_event: [first, middle.replace("{", "{{"), ...last],
    ends_without_marker: events.filter((event) => !event.includes("[DONE]")),
  };
  const stalls = behaviour === "sends_headers_only" || behaviour === "stalls_in_stream";
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const event of played[behaviour] ?? events) controller.enqueue(text.encode(event));
      if (stalls) await cut(signal).catch(() => controller.error(new TypeError("cut")));
      else if (behaviour === "stops_in_stream") controller.error(new TypeError("reset"));
      else controller.close();
    },
  });
}

const openAiUsage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

function openAiAnswer({ pathname }: URL): JsonObject {
  if (pathname.endsWith("/embeddings")) {
    return {
      object: "list",
      model: "embedder",
      data: [{ object: "embedding", index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 3 },
    };
  }
  const isChat = pathname.endsWith("/chat/completions");
  const said = isChat ? { message: { role: "assistant", content: "hello" } } : { text: "hello" };
  return {
    ...{ id: "c1", object: isChat ? "chat.completion" : "text_completion", created: 1, model: "m1" },
    choices: [{ index: 0, ...said, finish_reason: "stop" }],
    usage: openAiUsage,
  };
}

function openAiStream({ pathname }: URL): readonly string[] {
  const isChat = pathname.endsWith("/chat/completions");
  const head = { id: "c1", object: isChat ? "chat.completion.chunk" : "text_completion", created: 1, model: "m1" };
  const said = (words: string) => (isChat ? { delta: { role: "assistant", content: words } } : { text: words });
  const event = (choice: JsonObject, others: JsonObject = {}) =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, finish_reason: null, ...choice }], ...others })}\n\n`;
  return [
    event(said("hel")),
    event(said("lo")),
    event({ ...(isChat ? { delta: {} } : { text: "" }), finish_reason: "stop" }, { usage: openAiUsage }),
    "data: [DONE]\n\n",
  ];
}

const ollamaEnd = { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 };

function ollamaAnswer(behaviour: Behaviour, { pathname }: URL): JsonObject {
  const remote = behaviour === "forwards_to_a_host" ? { remote_host: "https://ollama.com:443", remote_model: "m" } : {};
  if (pathname.endsWith("/embed")) return { model: "embedder", embeddings: [[0.5]], prompt_eval_count: 3, ...remote };
  if (pathname.endsWith("/embeddings")) return { embedding: [0.5], ...remote };
  return { ...ollamaPiece(pathname, "hello"), ...ollamaEnd, ...remote };
}

const ollamaPiece = (pathname: string, words: string): JsonObject => ({
  ...{ model: "m1", created_at: "2026-11-22T10:00:00Z", done: false },
  ...(pathname.endsWith("/chat") ? { message: { role: "assistant", content: words } } : { response: words }),
});

function ollamaStream(behaviour: Behaviour, { pathname }: URL): readonly string[] {
  const remote = behaviour === "forwards_to_a_host" ? { remote_host: "https://ollama.com:443", remote_model: "m" } : {};
  const last = { ...ollamaPiece(pathname, ""), ...(behaviour === "ends_without_marker" ? {} : ollamaEnd), ...remote };
  return [ollamaPiece(pathname, "hel"), ollamaPiece(pathname, "lo"), last].map(
    (record) => `${JSON.stringify(record)}\n`,
  );
}
