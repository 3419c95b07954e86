import type { CircuitState } from "../../core/attempts.ts";
import type { FailureCategory, ProviderFailure } from "../../core/chat.ts";
import type { ProviderId } from "../../core/decision.ts";
import type { ActivePolicy } from "../active-policy.ts";

/** What this process knows of its calls to providers: how many are under way, and whether they do well. */
export interface Traffic {
  /** That of a provider of a policy; goes on through a reload that leaves the provider's definition as it is. */
  of(active: ActivePolicy, id: ProviderId): ProviderTraffic;
}

export interface ProviderTraffic {
  /**
   * Asks for leave to call a model. Waits only for a place among the calls under way, in turn with other callers that may
   * have one more, and no longer than `waitMs`. Every permit must be ended, whatever happens.
   */
  enter(model: string, caller: string, waitMs: number, signal: AbortSignal): Promise<Permit | Barred>;
  /** Takes one of the retries that there are for all requests together; false where they are used up. */
  takeRetry(model: string): boolean;
  status(): TrafficStatus;
}

export type Permit = {
  readonly kind: "permit";
  /** The model began to answer: a call that was let through to try closes the circuit. */
  began(): void;
  /** Once; later ones say nothing. `left`: cut by its caller or by this process, so nothing was learnt. */
  end(how: "answered" | "left" | ProviderFailure): void;
};

/** Nothing may be sent now. `retryAfterMs`: from when on asking again may help. */
export type Bar =
  | { readonly kind: "circuit_open" | "busy"; readonly retryAfterMs: number }
  /**
   * By the provider's own word, never to be undercut, and up to a second longer. `by`: what it failed with when it asked
   * to be left alone.
   */
  | { readonly kind: "paused"; readonly retryAfterMs: number; readonly by: FailureCategory };

export type Barred = Bar | { readonly kind: "left"; readonly retryAfterMs: number };

export type TrafficStatus = {
  readonly inFlightCount: number;
  readonly queuedCount: number;
  readonly maxConcurrency: number;
  /** Of models that were called and whose circuit is not closed, or that failed within the window; by name. */
  readonly circuits: readonly CircuitStatus[];
  /** Of models that the provider asked to be left alone with; by name. */
  readonly pauses: readonly Pause[];
};

export type Pause = {
  readonly model: string;
  /** What the provider failed with when it asked for it. */
  readonly by: FailureCategory;
  readonly leftMs: number;
};

export type CircuitStatus = {
  /** Null for the provider as a whole, whose credentials were refused. */
  readonly model: string | null;
  readonly state: CircuitState;
  /** Of the calls that ended within the window. */
  readonly callCount: number;
  readonly failureCount: number;
  /** When the next call may try; null where calls may pass. */
  readonly opensAgainInMs: number | null;
};

/**
 * Places for what is under way at once, of which no caller has all, and a short line for them in which callers take turns.
 */
export interface Admission {
  enter(caller: string, signal: AbortSignal): Promise<Place | Turned>;
  status(): { readonly inFlightCount: number; readonly queuedCount: number };
}

export type Place = { readonly kind: "place"; leave(): void };
/** `left`: its caller went away while it waited. */
export type Turned = { readonly kind: "overloaded" | "left"; readonly retryAfterMs: number };
