import { brokenBy, ResponseTooLarge } from "./upstream-errors.ts";

/** Largest upstream body that is read whole; a longer one is an error, so that a provider cannot exhaust memory. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
/** What is read of a body that comes with an error's status; no error needs more to say what it is. */
const MAX_ERROR_BYTES = 1024 * 1024;
/** How long such a body is read. */
const MAX_ERROR_READ_MS = 1_000;
/** Largest stream; it is never in memory as a whole, and still has an end. */
const MAX_STREAM_BYTES = 1024 * 1024 * 1024;

/** The body of a stream. Reads on only when it is read itself. Its reader learns of a cut as `BrokenAnswer`; cancelling it hangs up. */
export function boundedStream(response: Response): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = await reader?.read().catch(brokenBy);
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

/** A whole body. Throws `ResponseTooLarge`, and hangs up on what is longer. */
export async function readWhole(response: Response) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_RESPONSE_BYTES) break;
    }
  } catch (thrown) {
    throw brokenBy(thrown);
  }
  if (size > MAX_RESPONSE_BYTES) throw new ResponseTooLarge();
  return Bun.concatArrayBuffers(chunks, size, true);
}

/**
 * As much of an error's body as comes in time and can be read: its status, and when it says to come back, count also where
 * the body is cut, stalls, or is not encoded as it says.
 */
export async function beginningOf(response: Response): Promise<string> {
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
