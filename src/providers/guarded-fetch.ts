/** Largest upstream body that is read whole; a longer one is an error, so that a provider cannot exhaust memory. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
/** What is read of a body that comes with an error's status; no error needs more to say what it is. */
const MAX_ERROR_BYTES = 1024 * 1024;
/** Largest stream; it is never in memory as a whole, and still has an end. */
export const MAX_STREAM_BYTES = 1024 * 1024 * 1024;

/** What an SDK's `fetch` option takes. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
}

/** There was no answer. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The upstream began to answer and did not finish. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/** An answer of the upstream that is not 2xx, with the beginning of its body; never shown to a caller as it is. */
export class UpstreamStatus extends Error {
  override readonly name = "UpstreamStatus";
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;

  constructor(status: number, body: string, headers = new Headers()) {
    super(`upstream answered ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

type Guarded = BunFetchRequestInit & { proxy?: false; timeout: false };

type Options = {
  /**
   * Ignores proxy variables of the environment, since a proxy would carry local traffic off the machine, and reuses no
   * connection: a new one costs little on loopback.
   */
  readonly direct: boolean;
  /** The body of a 2xx answer is handed on unread: no more is taken from the upstream than its reader asks for. */
  readonly stream?: boolean;
};

/**
 * `fetch` for provider SDKs: ends with `signal`, follows no redirect (it could leave the zone), bounds the body, and
 * turns a status other than 2xx into `UpstreamStatus` before an SDK logs or rewords it.
 */
export function guardedFetch(signal: AbortSignal, options: Options): Fetch {
  return async (input, init) => {
    const guarded: Guarded = {
      ...init,
      redirect: "manual",
      // Bun would give up after five minutes by itself; how long to wait is for the signal to say.
      timeout: false,
      signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal,
      ...(options.direct ? { proxy: false as const } : {}),
      // llama-server hangs up after each stream without saying so, and Bun would send the next request into the void.
      // What stands behind TLS is a proxy that keeps its word, and a handshake is dear.
      ...(options.direct || isPlain(input) ? { keepalive: false } : {}),
    };
    const response = await reach(input, guarded);
    const headers = withoutEncoding(response.headers);
    if (options.stream && response.ok)
      return new Response(boundedStream(response), { status: response.status, headers });
    const { bytes, isWhole } = await readUpTo(response, response.ok ? MAX_RESPONSE_BYTES : MAX_ERROR_BYTES);
    if (!response.ok) throw new UpstreamStatus(response.status, new TextDecoder().decode(bytes), headers);
    if (!isWhole) throw new ResponseTooLarge();
    return new Response(bytes, { status: response.status, headers });
  };
}

/** Whatever keeps `fetch` from an answer is the network's, or the end that `signal` made. */
async function reach(input: string | URL | Request, init: Guarded): Promise<Response> {
  try {
    // Bun takes `proxy: false` and `timeout: false`; its types do not say so yet. A test holds it to the first.
    return await fetch(input, init as BunFetchRequestInit);
  } catch {
    throw new Unreachable();
  }
}

const isPlain = (input: string | URL | Request): boolean =>
  new URL(input instanceof Request ? input.url : input).protocol === "http:";

/** Reads on only when it is read itself. Its reader learns of a cut as `BrokenAnswer`; cancelling it hangs up. */
function boundedStream(response: Response): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = await reader?.read().catch(() => null);
        if (read === null) return controller.error(new BrokenAnswer());
        if (read?.value === undefined) return controller.close();
        size += read.value.byteLength;
        if (size <= MAX_STREAM_BYTES) return controller.enqueue(read.value);
        controller.error(new ResponseTooLarge());
        await reader?.cancel().catch(() => {});
      },
      async cancel() {
        // What comes of it is nobody's concern any more.
        await reader?.cancel().catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

/** Hangs up on what is longer. */
async function readUpTo(response: Response, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > maxBytes) break;
    }
  } catch {
    throw new BrokenAnswer();
  }
  return { bytes: Bun.concatArrayBuffers(chunks, maxBytes, true), isWhole: size <= maxBytes };
}

/** `fetch` has decoded the body already, so these would be untrue of it. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) kept.delete(name);
  return kept;
}
