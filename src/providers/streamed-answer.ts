import type { Chunk } from "../core/chat.ts";
import { BrokenAnswer } from "./upstream-errors.ts";
import { within } from "./within.ts";

/** A streamed answer as it is read: turns bytes into chunks. */
export interface StreamedAnswer {
  /** The chunks of what one read of the network brought; an `end` or a `failure` is the last of all. */
  push(bytes: Uint8Array): readonly Chunk[];
  /** What is left when nothing more comes. Its last chunk is an `end` or a `failure`. */
  close(): readonly Chunk[];
  progress(): Progress;
}

export type Progress = {
  /** It has said how it ended; only the protocol's own end marker may be missing, and what comes between the two. */
  readonly isFinished: boolean;
  readonly hasUsage: boolean;
  /** Grows with each piece of the answer, and with each word that it ended. */
  readonly pieceCount: number;
};

/** More pieces that are not in the protocol are no accident. */
export const MAX_SKIPPED_EVENTS = 16;

/** A field in which models' words, thinking and calls stand in both protocols, with something in it. */
const ANSWERING =
  /"(?:content|text|response|thinking|reasoning|reasoning_content|reasoning_details|refusal|audio|function_call|arguments)"\s*:\s*(?!\s|null|""|"?$|"\r?\n$|\[\s*\])\S/;
const CALLING = "tool_calls";

/**
 * Whether an event that cannot be read looks like a piece of the answer. Without that piece the rest is not the whole:
 * nobody would see that a word is missing, and whoever acts on the other calls would not know of one.
 */
export const looksLikeAnswer = (event: string): boolean => event.includes(CALLING) || ANSWERING.test(event);

/** For how long the end marker of a finished answer is waited for; and where that has not come, what it cost. */
const MARKER_GRACE_MS = 250;
const USAGE_GRACE_MS = 1_000;
/** How long a body may take to end after the protocol's end marker for its connection to be used again. */
const DRAIN_MS = 1_000;

/** A reader of a body. */
type Reader = {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<void>;
};

/**
 * Reads no further than it is asked; leaving it early hangs up. Throws what the body does. A read that gives nothing for
 * the client, such as a comment, is a sign of life all the same. An answer that has said how it ended is complete, whether
 * its body then ends, breaks off or falls silent. `isReused`: the connection is worth reading to its end for.
 */
export async function* readStreamedAnswer(
  body: ReadableStream<Uint8Array>,
  answer: StreamedAnswer,
  isReused: boolean,
): AsyncIterable<Chunk> {
  const reader: Reader = body.getReader();
  const patience = new Patience();
  let isMarked = false;
  try {
    for (;;) {
      const progress = answer.progress();
      const bytes = progress.isFinished ? await patience.read(reader, progress) : ((await reader.read()).value ?? null);
      const chunks = bytes === null ? answer.close() : answer.push(bytes);
      if (chunks.length === 0) yield { kind: "alive" };
      for (const chunk of chunks) {
        isMarked = chunk.kind === "end" && bytes !== null;
        yield chunk;
        // What comes after either is no part of the answer.
        if (chunk.kind === "end" || chunk.kind === "failure") return;
      }
    }
  } finally {
    // Neither is waited for: an upstream that does not let go is not the caller's concern.
    if (isMarked && isReused) void drain(reader);
    else void hangUp(reader);
  }
}

/** How much longer a finished answer is waited for. The time that its reader takes before it asks does not count. */
class Patience {
  #pieceCount = 0;
  #waitedMs = 0;

  /** Null when nothing more comes, or nothing more is waited for. */
  async read(reader: Reader, { hasUsage, pieceCount }: Progress): Promise<Uint8Array | null> {
    // Some servers say with each piece that it is the last.
    if (pieceCount !== this.#pieceCount) this.#waitedMs = 0;
    this.#pieceCount = pieceCount;
    const sinceMs = performance.now();
    const bytes = await readWithin(reader, (hasUsage ? MARKER_GRACE_MS : USAGE_GRACE_MS) - this.#waitedMs);
    this.#waitedMs += performance.now() - sinceMs;
    return bytes;
  }
}

async function readWithin(reader: Reader, waitMs: number): Promise<Uint8Array | null> {
  if (waitMs <= 0) return null;
  const read = reader.read().then(
    ({ value }) => value ?? null,
    (thrown: unknown) => {
      if (thrown instanceof BrokenAnswer) return null;
      throw thrown;
    },
  );
  return within(read, waitMs);
}

/** A connection is used again only if its body was read to the end; to hang up costs the next request a handshake. */
async function drain(reader: Reader): Promise<void> {
  const timer = setTimeout(() => void hangUp(reader), DRAIN_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The answer is complete: what becomes of the connection is nobody's concern.
  } finally {
    clearTimeout(timer);
  }
}

const hangUp = (reader: Reader): Promise<void> => reader.cancel().catch(() => {});
