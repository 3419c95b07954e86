import { isAddress, type LocalAddresses, NotLocal } from "./addresses.ts";
import type { Connection } from "./connection.ts";
import type { Fetch } from "./transport.ts";
import { within } from "./within.ts";

/** Largest upstream body that is read whole; a longer one is an error, so that a provider cannot exhaust memory. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
/** What is read of a body that comes with an error's status; no error needs more to say what it is. */
const MAX_ERROR_BYTES = 1024 * 1024;
/** How long such a body is read. */
const MAX_ERROR_READ_MS = 1_000;
/** Largest stream; it is never in memory as a whole, and still has an end. */
export const MAX_STREAM_BYTES = 1024 * 1024 * 1024;
/** Of an answer's headers in all; Bun itself takes a quarter of a megabyte. */
const MAX_HEADER_BYTES = 64 * 1024;

export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
}

/** There was no answer. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** Whether another try may have one. */
  readonly transient: boolean;

  constructor(message?: string, transient = true) {
    super(message);
    this.transient = transient;
  }
}

/** The upstream began to answer and did not finish. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/** What came is no HTTP, or its body is not encoded as it says. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
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

type Options = Connection & {
  /** The body of a 2xx answer is handed on unread: no more is taken from the upstream than its reader asks for. */
  readonly stream?: boolean;
  /** Null: for a connection as long as for an answer. */
  readonly connectTimeoutMs: number | null;
};

/**
 * `fetch` for provider SDKs: ends with `signal`, follows no redirect (it could leave the zone), goes to no address that
 * is not local where it must stay local, bounds what comes, and turns a status other than 2xx into `UpstreamStatus`
 * before an SDK logs or rewords it.
 */
export function guardedFetch(signal: AbortSignal, options: Options): Fetch {
  return async (input, init) => {
    if (input instanceof Request) throw new Error("an SDK that makes its requests itself");
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
    const response = await reach(input, guarded, options);
    const headers = withoutEncoding(response.headers);
    if (options.stream && response.ok)
      return new Response(boundedStream(response), { status: response.status, headers });
    if (!response.ok) throw new UpstreamStatus(response.status, await beginningOf(response), headers);
    const { bytes, isWhole } = await readUpTo(response, MAX_RESPONSE_BYTES);
    if (!isWhole) throw new ResponseTooLarge();
    return new Response(bytes, { status: response.status, headers });
  };
}

/** How long a name may take to be resolved where nobody said how long a connection may take. */
const RESOLVE_TIMEOUT_MS = 5_000;

/** Whatever keeps `fetch` from an answer is the network's, or the end that `signal` made. */
async function reach(input: string | URL, init: Guarded, options: Options): Promise<Response> {
  const { transport, local, probe, connectTimeoutMs } = options;
  const unreached = new AbortController();
  const signal = init.signal ? AbortSignal.any([init.signal, unreached.signal]) : unreached.signal;
  const watch = connectTimeoutMs === null ? null : probe?.watch(connectTimeoutMs, () => unreached.abort());
  try {
    const limitMs = connectTimeoutMs ?? RESOLVE_TIMEOUT_MS;
    const isFixed = local === null || local.isGiven;
    const call = isFixed ? { input, init } : await pinned(input, init, { local, limitMs, signal });
    // Bun takes `proxy: false` and `timeout: false`; its types do not say so yet. A test holds it to the first.
    const response = await transport.send(call.input, { ...call.init, signal } as BunFetchRequestInit);
    probe?.answered();
    if (sizeOf(response.headers) <= MAX_HEADER_BYTES) return response;
    // What comes of it is nobody's concern any more.
    await response.body?.cancel().catch(() => {});
    throw new ResponseTooLarge();
  } catch (thrown) {
    if (thrown instanceof NotLocal || thrown instanceof ResponseTooLarge) throw thrown;
    local?.forget();
    const code = codeOf(thrown);
    if (NO_HTTP.test(code)) throw new UnreadableAnswer();
    throw new Unreachable(undefined, !CERTIFICATE.test(code));
  } finally {
    watch?.();
  }
}

type Pinning = { readonly local: LocalAddresses; readonly limitMs: number; readonly signal: AbortSignal };

/**
 * The call as it goes to an address that was looked at: a name could stand for another one by the time that `fetch`
 * asks what it stands for. The server and its certificate are still asked for by the name.
 */
async function pinned(input: string | URL, init: Guarded, { local, limitMs, signal }: Pinning) {
  const address = await within(local.choose(limitMs), limitMs, signal);
  if (address === null) throw new Unreachable();
  const url = new URL(input);
  const { hostname: name, host } = url;
  url.hostname = address.includes(":") ? `[${address}]` : address;
  // INVARIANT: what was looked at is what is called. A URL ignores a host that it cannot write.
  if (!isAddress(url.hostname)) throw new Unreachable();
  const headers = new Headers(init.headers);
  headers.set("host", host);
  const tls = url.protocol === "https:" ? { tls: { serverName: name.replace(/\.$/, "") } } : {};
  return { input: url, init: { ...init, headers, ...tls } };
}

/** Codes of Bun's for what came and is no HTTP, or is not encoded as it says. */
const NO_HTTP =
  /^(Malformed_HTTP_Response|InvalidHTTPResponse|ResponseHeadersTooLarge|UnrequestedUpgrade|\w*(Zlib|Decompression)Error)$/;
/** Of TLS: nothing that another try would change. */
const CERTIFICATE = /CERT|LEAF_SIGNATURE/;

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}

function sizeOf(headers: Headers): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length;
  return size;
}

const isPlain = (input: string | URL): boolean => new URL(input).protocol === "http:";

/** Reads on only when it is read itself. Its reader learns of a cut as `BrokenAnswer`; cancelling it hangs up. */
function boundedStream(response: Response): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = await reader?.read().catch(toBroken);
        if (read instanceof Error) return controller.error(read);
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

const toBroken = (thrown: unknown): Error =>
  NO_HTTP.test(codeOf(thrown)) ? new UnreadableAnswer() : new BrokenAnswer();

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
  } catch (thrown) {
    throw toBroken(thrown);
  }
  return { bytes: Bun.concatArrayBuffers(chunks, maxBytes, true), isWhole: size <= maxBytes };
}

/**
 * As much of an error's body as comes in time and can be read: its status, and when it says to come back, count also where
 * the body is cut, stalls, or is not encoded as it says.
 */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const hangUp = () => void reader?.cancel().catch(() => {});
  const timer = setTimeout(hangUp, MAX_ERROR_READ_MS);
  const chunks: Uint8Array[] = [];
  try {
    for (let size = 0; size <= MAX_ERROR_BYTES; ) {
      const read = await reader?.read();
      if (read?.value === undefined) break;
      chunks.push(read.value);
      size += read.value.byteLength;
    }
  } catch {
    // What came before says enough.
  } finally {
    clearTimeout(timer);
    hangUp();
  }
  return new TextDecoder().decode(Bun.concatArrayBuffers(chunks, MAX_ERROR_BYTES, true));
}

/** `fetch` has decoded the body already, so these would be untrue of it. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) kept.delete(name);
  return kept;
}
