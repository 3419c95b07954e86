import { isAddress, type LocalAddresses, NotLocal } from "./addresses.ts";
import type { Connection } from "./connection.ts";
import type { Fetch } from "./transport.ts";
import { beginningOf, boundedStream, readWhole } from "./upstream-body.ts";
import { ResponseTooLarge, Unreachable, UpstreamStatus, unansweredBy } from "./upstream-errors.ts";
import { within } from "./within.ts";

/** Of an answer's headers in all; Bun itself takes a quarter of a megabyte. */
const MAX_HEADER_BYTES = 64 * 1024;

type Guarded = BunFetchRequestInit & { proxy?: false; timeout: false };

type Options = Connection & {
  /** The body of a 2xx answer is handed on unread: no more is taken from the upstream than its reader asks for. */
  readonly stream?: boolean;
  /** Null: for a connection as long as for an answer. */
  readonly connectTimeoutMs: number | null;
  /** Told right before anything is sent. */
  readonly onSend?: (() => void) | undefined;
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
    if (!response.ok) throw new UpstreamStatus(response.status, await beginningOf(response), headers);
    const body = options.stream ? boundedStream(response) : await readWhole(response);
    return new Response(body, { status: response.status, headers });
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
    // It may have ended with a look-up before it, and `fetch` would send nothing either.
    if (signal.aborted) throw new Unreachable();
    options.onSend?.();
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
    throw unansweredBy(thrown);
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

function sizeOf(headers: Headers): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length;
  return size;
}

const isPlain = (input: string | URL): boolean => new URL(input).protocol === "http:";

/** `fetch` has decoded the body already, so these would be untrue of it. */
function withoutEncoding(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) kept.delete(name);
  return kept;
}
