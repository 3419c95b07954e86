import type { Static, TSchema } from "@sinclair/typebox";
import type { ChatRequest, ContentChunk, EndChunk } from "../core/chat.ts";
import type { JsonObject } from "../core/json.ts";
import type { Answer, AnswerError, AnswerHead } from "../gateway/chat-result.ts";

/**
 * One way to ask a model: how its body becomes a request of the gateway, and how an answer becomes its client's own.
 * Everything between is the pipeline's, the same for all.
 */
export type SurfaceTranslation<S extends TSchema> = {
  /** Holds what the translation reads to its types and lets every other field be. */
  readonly body: S;
  /** Throws a `Refusal` that names the field where the body cannot mean anything. */
  readonly toRequest: (body: Static<S>) => ChatRequest;
  /**
   * The body of a whole answer. `answer.document`, where there is one, is in the client's protocol already. Throws a
   * `Refusal` for an answer that the protocol cannot say.
   */
  readonly toAnswer: (answer: Answer, context: AnswerContext) => JsonObject;
  /** Null for a surface that never streams. */
  readonly toStream: ((context: AnswerContext) => StreamEncoder) | null;
};

export type AnswerContext = {
  readonly request: ChatRequest;
  /** What was decided. The model in it is the one that answered, in a stream the one that is asked. */
  readonly head: AnswerHead;
  /** When the request was received. */
  readonly receivedAt: Date;
  /** That of `head`. */
  readonly model: string;
  /** Milliseconds since the request was received, by a monotonic clock. */
  readonly elapsedMs: () => number;
};

/** Writes one stream. Keeps what it must of it, and is asked in this order: open, chunk..., then end or failure. */
export interface StreamEncoder {
  readonly contentType: string;
  /** What keeps an idle connection alive and means nothing; null where the protocol has no such thing. */
  readonly ping: string | null;
  /** Before the first chunk; may be empty. */
  open(): string;
  /**
   * Why its client cannot be given what comes next, or null. Asked once of every chunk and of the end, before they are
   * put on record or written: the stream then fails.
   */
  unfit?(next: ContentChunk | EndChunk): AnswerError | null;
  chunk(chunk: ContentChunk): string | Uint8Array;
  /** All that comes after the last chunk, the end marker with it. */
  end(end: EndChunk): string | Uint8Array;
  /** In place of `end`; no end marker. */
  failure(error: AnswerError): string;
}
