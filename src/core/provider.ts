import type { ChatRequest, Chunk, ProviderFailure } from "./chat.ts";
import type { AllowedTarget, ProviderId, Zone } from "./decision.ts";

/** Whether a provider has a model; `remote` where a local server would forward it to a hosted service. */
export type Availability = "yes" | "no" | "remote" | "unknown";

/** What is known of a provider without asking it again. */
export type ProviderState =
  | { readonly status: "unknown" }
  | { readonly status: "up"; readonly modelCount: number }
  | { readonly status: "down"; readonly failure: ProviderFailure };

export interface Provider {
  readonly id: ProviderId;
  readonly zone: Zone;
  readonly defaultModel: string;
  /**
   * One answer. Upstream failures are chunks, never exceptions; `signal` ends the upstream call at once. Nothing of
   * `request` leaves the process before the first chunk is asked for.
   */
  chat(target: AllowedTarget, request: ChatRequest, signal: AbortSignal): AsyncIterable<Chunk>;
  /** From the last look-up; asks nothing. */
  has(model: string): Availability;
  /** Looks up which models there are, without any request content, unless that was done within `maxAgeMs`. Bounded. */
  check(maxAgeMs: number): Promise<ProviderState>;
}
