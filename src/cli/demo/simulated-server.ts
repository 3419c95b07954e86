import { err, ok, type Result } from "../../core/result.ts";

export type SimulatedServer = {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
};

export type Handler = (request: Request) => Response | Promise<Response>;
type Method = "GET" | "HEAD" | "POST";
/** Path -> method -> handler. */
export type Routes = Readonly<Record<string, Partial<Record<Method, Handler>>>>;

/** Above the gateway's own default bound, so that the gateway is the one that refuses; Bun answers 413 beyond it. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const PAUSE_BETWEEN_PIECES_MS = 5;

/** Listens on a free port of the loopback interface. `unrouted` answers what no route takes; it gets the status. */
export function serveSimulated(routes: Routes, unrouted: (status: 404 | 405) => Response): SimulatedServer {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch(request) {
      const route = routes[new URL(request.url).pathname];
      const handler = route?.[request.method as Method];
      return handler === undefined ? unrouted(route === undefined ? 404 : 405) : handler(request);
    },
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    close: () => server.stop(true),
  };
}

/** The body as JSON. What is wrong with one that is not is told without quoting it. */
export async function readBody(request: Request): Promise<Result<unknown, "empty" | "malformed">> {
  const text = await request.text();
  if (text.trim() === "") return err("empty");
  try {
    const value: unknown = JSON.parse(text);
    return ok(value);
  } catch {
    return err("malformed");
  }
}

/** Sends frame after frame with a small pause, as a model would; stops when the reader leaves. */
export function streamed(contentType: string, frames: Iterable<string>): Response {
  const iterator = frames[Symbol.iterator]();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = iterator.next();
      if (next.done) return controller.close();
      controller.enqueue(encoder.encode(next.value));
      await Bun.sleep(PAUSE_BETWEEN_PIECES_MS);
    },
    cancel() {
      iterator.return?.();
    },
  });
  return new Response(body, { headers: { "content-type": contentType } });
}
