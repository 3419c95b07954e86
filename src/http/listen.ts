import { within } from "./within.ts";

/** How long requests in flight may still take once the process was told to end. */
const DRAIN_TIMEOUT_MS = 30_000;
/** After that they are told so, and have this to read it. */
const LAST_WORDS_MS = 2_000;
/** Then they are cut; this is for their rows to be written. */
const CUT_TIMEOUT_MS = 5_000;
/** Seconds that a connection may be silent between requests. */
const IDLE_TIMEOUT_SECONDS = 30;
/** Seconds beyond the provider's time before a silent connection in a request is closed. */
const ANSWER_MARGIN_SECONDS = 30;
/** The gateway answers 413 itself, in its own shape; Bun's own limit only has to be out of the way. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

export type HttpServer = {
  readonly url: string;
  /** Stops accepting; requests in flight finish, or are cut after a bound. Returns when none is left. */
  drain(): Promise<void>;
};

type Handle = (request: Request) => Response | Promise<Response>;

type Options = {
  readonly host: string;
  readonly port: number;
  readonly providerTimeoutSeconds: number;
  /** Called when what is in flight has had its time: it is then told that it is over, before connections are cut. */
  readonly onDrainOver: () => void;
};

/** Serves HTTP. Throws what Bun throws when the address cannot be had. */
export function listen(handle: Handle, options: Options): HttpServer {
  let inFlight = 0;
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: NO_BODY_LIMIT,
    development: false,
    // Outside development Bun would share a taken port with whoever has it, and each would get some of the requests.
    reusePort: false,
    async fetch(request, self) {
      // A model on a CPU may be silent for longer than a connection may.
      self.timeout(request, options.providerTimeoutSeconds + ANSWER_MARGIN_SECONDS);
      inFlight++;
      try {
        return request.method === "HEAD" ? await headOf(request, handle) : await handle(request);
      } finally {
        inFlight--;
      }
    },
    // The app answers its own errors; this is for what goes wrong around it, and says nothing of it to anybody.
    error: () => new Response(null, { status: 500 }),
  });

  return {
    url: server.url.href.replace(/\/$/, ""),
    async drain() {
      const stopped = server.stop();
      if (
        (await within(
          stopped.then(() => true),
          DRAIN_TIMEOUT_MS,
        )) === null
      ) {
        options.onDrainOver();
        await within(stopped, LAST_WORDS_MS);
      }
      await server.stop(true);
      const cutAtMs = performance.now() + CUT_TIMEOUT_MS;
      while (inFlight > 0 && performance.now() < cutAtMs) await Bun.sleep(10);
    },
  };
}

/** What GET would answer, without its body (RFC 9110, 9.3.2). A URL that does not parse is the app's to refuse. */
async function headOf(request: Request, handle: Handle): Promise<Response> {
  if (URL.parse(request.url) === null) return handle(request);
  const response = await handle(new Request(request, { method: "GET" }));
  const headers = new Headers(response.headers);
  headers.set("content-length", String((await response.bytes()).length));
  return new Response(null, { status: response.status, headers });
}
