import type { AttemptDefaults } from "../../core/attempts.ts";
import type { ChatRequest, Chunk, ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget, Decision } from "../../core/decision.ts";
import type { ActivePolicy } from "../active-policy.ts";
import type { Answer } from "../chat-result.ts";
import type { Traffic } from "../traffic/contract.ts";
import type { Journal, Turn } from "./journal.ts";

/** A request on its way to a provider, and all that attempts need for it. Made once for each request. */
export type Errand = {
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly active: ActivePolicy;
  /** In whose name it takes turns with the requests of others. */
  readonly caller: string;
  /** The limits where neither rule nor provider sets one. */
  readonly defaults: AttemptDefaults;
  readonly traffic: Traffic;
  readonly journal: Journal;
  /** Called for each turn of a target that another one follows. The last failure is the request's, told with its end. */
  readonly onPassedOver: (event: PassedOver) => void;
  /** The caller's connection: when it goes, the upstream call is cancelled and no further target is tried. */
  readonly callerSignal: AbortSignal;
  /** The process is to end: from then on nobody waits for a provider to recover. */
  readonly drainSignal: AbortSignal;
  readonly monotonicMs: () => number;
  /** Random, from 0 up to but not including 1; for back-off with jitter. */
  readonly chance: () => number;
};

export type PassedOver = {
  readonly target: AllowedTarget;
  readonly failure: ProviderFailure;
  /** Whether it was called at all: else it was left alone, or had no place. */
  readonly called: boolean;
  /** Whether the same target is asked again, and after how long. */
  readonly again: boolean;
  readonly waitMs: number;
};

export type Failed = { readonly kind: "failed"; readonly target: AllowedTarget; readonly failure: ProviderFailure };
export type Aborted = { readonly kind: "aborted"; readonly target: AllowedTarget };
export type Unanswered = Failed | Aborted;

export type Answered = {
  readonly kind: "answered";
  readonly target: AllowedTarget;
  readonly answer: Answer;
  /** Events that were left out of it; see `EndChunk`. */
  readonly skippedEvents: number;
};

/** A chunk that somebody may have to be given: all but mere signs of life. */
export type Piece = Exclude<Chunk, { readonly kind: "alive" }>;

/** A stream that has begun. Nothing of it has been given to the client yet. */
export type OpenedStream = {
  readonly kind: "opened";
  readonly target: AllowedTarget;
  readonly rest: PieceReader;
  /** INVARIANT: whoever reads the stream ends it, on every path. */
  readonly turn: Turn;
};

/** Reads a stream piece by piece. The last piece is an `end` or a `failure`; after it, it must not be asked again. */
export interface PieceReader {
  next(): Promise<Piece>;
  /** Ends the upstream call, wherever it is: the next piece is its failure. */
  hangUp(): void;
  /** Ends timers and the upstream call. The connection of a call that reached its own end may serve the next one. */
  close(): Promise<void>;
}
