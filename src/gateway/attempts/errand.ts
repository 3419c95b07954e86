import type { AttemptDefaults } from "../../core/attempts.ts";
import type { ChatRequest, Chunk, ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget, Decision } from "../../core/decision.ts";
import type { ActivePolicy } from "../active-policy.ts";
import type { Answer } from "../chat-result.ts";
import type { Traffic } from "../traffic/contract.ts";
import type { Journal, Turn } from "./journal.ts";

/** What a request needs on its way to a provider. */
export type Errand = {
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly active: ActivePolicy;
  /** Who takes turns with others. */
  readonly caller: string;
  /** Where neither rule nor provider says anything. */
  readonly defaults: AttemptDefaults;
  readonly traffic: Traffic;
  readonly journal: Journal;
  /** Told of each turn of a target that another one follows: the request's own failure is told with its end. */
  readonly onPassedOver: (event: PassedOver) => void;
  /** The caller's connection: when it goes, the upstream call is cancelled and no further target is tried. */
  readonly callerSignal: AbortSignal;
  /** From then on nobody waits for a provider to recover. */
  readonly drainSignal: AbortSignal;
  readonly monotonicMs: () => number;
  /** From 0 up to 1. */
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

/** What is worth being told of an answer. */
export type Piece = Exclude<Chunk, { readonly kind: "alive" }>;

/** A stream that has begun: nothing of it was given to anybody yet. */
export type OpenedStream = {
  readonly kind: "opened";
  readonly target: AllowedTarget;
  readonly rest: Rest;
  /** To be ended with the stream. */
  readonly turn: Turn;
};

/** What is left of a stream. Ends with `end` or `failure`; after that it must not be asked. */
export interface Rest {
  next(): Promise<Piece>;
  /** Ends the upstream call, wherever it is: the next chunk is its failure. */
  hangUp(): void;
  /** Puts away what is left of the upstream call; one that ended by itself may leave its connection for the next. */
  close(): Promise<void>;
}
