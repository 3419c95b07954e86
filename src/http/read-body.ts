import { ALL_BODIES, type BodyBudget, type BodyLease, keepBody } from "./body-budget.ts";
import { callerOf } from "./caller.ts";
import { Refusal } from "./problem.ts";

/** How long any body may take; a longer one goes on while it comes no slower than the rate. */
const BODY_TIMEOUT_MS = 30_000;
const LEAST_BYTES_PER_SECOND = 65_536;
/** Bodies come and go quickly where they come at all. */
const RETRY_AFTER_MS = 1_000;

export type BodyOptions = {
  readonly maxBytes: number;
  readonly budget?: BodyBudget;
  readonly timeoutMs?: number;
};

const CLOSE = { connection: "close" };

/**
 * The bytes of a body. They count against the budget from when they come until `takeBody` of the request is released.
 * Throws a `Refusal` for one that is too large, too slow or cut, and where there is no room for it now.
 */
export async function readBody(
  request: Request,
  { maxBytes, budget = ALL_BODIES, timeoutMs = BODY_TIMEOUT_MS }: BodyOptions,
): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array();
  // Before the body nobody reads the labels of a proxy: its callers are one here.
  const lease = budget.lease(callerOf(request, {}));
  if (lease === null) throw noRoom();
  try {
    const bytes = await readChunks(request.body, lease, maxBytes, timeoutMs);
    keepBody(request, lease);
    return bytes;
  } catch (cause) {
    lease.release();
    throw cause;
  }
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  lease: BodyLease,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isSlow = false;
  const startedMs = performance.now();
  const pace = setInterval(() => {
    const seconds = (performance.now() - startedMs) / 1_000;
    if (size >= seconds * LEAST_BYTES_PER_SECOND) return;
    isSlow = true;
    // Ends the read that waits.
    void reader.cancel().catch(() => {});
  }, timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isSlow) throw tooSlow(timeoutMs);
      if (done) return Buffer.concat(chunks);
      size += value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (!lease.fits(size)) throw noRoom();
      chunks.push(value);
    }
  } catch (cause) {
    void reader.cancel().catch(() => {});
    if (cause instanceof Refusal) throw cause;
    if (isSlow) throw tooSlow(timeoutMs);
    throw new Refusal("request.aborted", "The body ended before it was complete.", { field: "body" });
  } finally {
    clearInterval(pace);
  }
}

const tooLarge = (maxBytes: number) =>
  new Refusal("request.body_too_large", `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES).`, {
    field: "body",
    headers: CLOSE,
  });

const tooSlow = (timeoutMs: number) =>
  new Refusal("request.body_timeout", `The body did not come within ${timeoutMs / 1_000} seconds.`, {
    field: "body",
    headers: CLOSE,
  });

const noRoom = () =>
  new Refusal("gateway.overloaded", "The bodies of other requests take all the memory that there is for them.", {
    headers: CLOSE,
    retryAfterMs: RETRY_AFTER_MS,
  });
