/** Largest upstream body that is read; a longer one is an error, so that a provider cannot exhaust memory. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

/** What an SDK's `fetch` option takes. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
}

/** The upstream began to answer and did not finish. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/** An answer of the upstream that is not 2xx, with what its body said; never shown to a caller as it is. */
export class UpstreamStatus extends Error {
  override readonly name = "UpstreamStatus";
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`upstream answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * `fetch` for provider SDKs: ends with `signal`, follows no redirect (it could leave the zone), bounds the body, and
 * turns a status other than 2xx into `UpstreamStatus` before an SDK logs or rewords it.
 * With `direct`, proxy variables of the environment are ignored: a proxy would carry local traffic off the machine. Nor
 * are connections reused then: a new one costs little on loopback, and Bun may send on one that the server has closed.
 */
export function guardedFetch(signal: AbortSignal, options: { readonly direct: boolean }): Fetch {
  return async (input, init) => {
    const guarded: BunFetchRequestInit & { proxy?: false; timeout: false } = {
      ...init,
      redirect: "manual",
      // Bun would give up after five minutes by itself; how long to wait is for the signal to say.
      timeout: false,
      signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal,
      ...(options.direct ? { proxy: false as const, keepalive: false } : {}),
    };
    // Bun takes `proxy: false` and `timeout: false`; its types do not say so yet. A test holds it to the first.
    const response = await fetch(input, guarded as BunFetchRequestInit);
    const bytes = await readBounded(response);
    if (!response.ok) throw new UpstreamStatus(response.status, new TextDecoder().decode(bytes));
    return new Response(bytes, { status: response.status, headers: withoutEncoding(response.headers) });
  };
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > MAX_RESPONSE_BYTES) throw new ResponseTooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof ResponseTooLarge ? cause : new BrokenAnswer();
  }
  return Bun.concatArrayBuffers(chunks, MAX_RESPONSE_BYTES, true);
}

/** `fetch` has decoded the body already, so these would be untrue of it. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) kept.delete(name);
  return kept;
}
