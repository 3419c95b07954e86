import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** One exchange with a real server, as `record-upstream.ts` wrote it down. */
const Exchange = Type.Object({
  scenario: Type.String(),
  server: Type.String(),
  request: Type.Object({ method: Type.String(), path: Type.String(), body: Type.Unknown() }),
  response: Type.Object({
    status: Type.Integer(),
    headers: Type.Record(Type.String(), Type.String()),
    chunks: Type.Array(Type.Object({ afterMs: Type.Number(), text: Type.String() })),
  }),
});
type Exchange = Static<typeof Exchange>;

export type Folder = "ollama" | "llama-server" | "ollama-openai";

const ROOT = join(import.meta.dir, "../fixtures/upstream");
/** True of the connection that was recorded, not of the one that replays it. */
const CONNECTION_HEADERS = ["content-length", "transfer-encoding", "connection", "keep-alive"];

export async function loadExchange(folder: Folder, scenario: string): Promise<Exchange> {
  const exchange: unknown = await Bun.file(join(ROOT, folder, `${scenario}.json`)).json();
  if (!Value.Check(Exchange, exchange)) throw new Error(`${folder}/${scenario} is not a recorded exchange`);
  return exchange;
}

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
};

/**
 * A server that answers look-ups (`GET`) with the recorded list of models and every other request with the scenario
 * chosen last. It keeps every byte that it gets, so that a test can say what left the gateway.
 */
export async function startReplay(folder: Folder) {
  const lookUp = await loadExchange(folder, folder === "ollama" ? "tags" : "models");
  let playing = lookUp;
  let hold = Promise.resolve();
  const seen: SeenRequest[] = [];
  const aborted: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      seen.push({ method: request.method, path, headers: request.headers, body: await request.text() });
      request.signal.addEventListener("abort", () => aborted.push(path));
      if (request.method === "GET") return toResponse(lookUp);
      await hold;
      return toResponse(playing);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    /** Paths of requests whose caller went away before the answer. */
    aborted,
    asked: () => seen.filter((request) => request.method === "POST"),
    async play(scenario: string) {
      playing = await loadExchange(folder, scenario);
    },
    /** Keeps answers back until the returned function is called. */
    holdAnswers(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      return resolve;
    },
    stop: () => server.stop(true),
  };
}

export type Replay = Awaited<ReturnType<typeof startReplay>>;

function toResponse(exchange: Exchange): Response {
  const headers = new Headers(exchange.response.headers);
  for (const name of CONNECTION_HEADERS) headers.delete(name);
  const body = exchange.response.chunks.map((chunk) => chunk.text).join("");
  return new Response(body, { status: exchange.response.status, headers });
}
