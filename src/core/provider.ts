import type { ChatRequest, Chunk, ProviderFailure } from "./chat.ts";
import type { AllowedTarget, ProviderId, Zone } from "./decision.ts";
import type { JsonObject } from "./json.ts";

/** Whether a provider has a model; `remote` where a local server would forward it to a hosted service. */
export type Availability = "yes" | "no" | "remote" | "unknown";

/** What is known of a provider without asking it again. */
export type ProviderState =
  | { readonly status: "unknown" }
  | { readonly status: "up"; readonly modelCount: number }
  | { readonly status: "down"; readonly failure: ProviderFailure };

/** A model that a provider says it has and runs itself. */
export type KnownModel = {
  readonly name: string;
  /** What the provider's own list says of it, less what names hosts; null where that is only the name. */
  readonly listing: JsonObject | null;
};

/** What a call may take beside what `signal` ends. */
export type CallLimits = {
  /** For a connection: who cannot be reached by then is unreachable. Null: as long as the signal lets it. */
  readonly connectTimeoutMs: number | null;
  /** Told when the request is handed to the network, and not before: look-ups without content do not count. */
  readonly onSend?: () => void;
};

export const NO_CALL_LIMITS: CallLimits = { connectTimeoutMs: null };

export interface Provider {
  readonly id: ProviderId;
  readonly zone: Zone;
  readonly defaultModel: string;
  /** Null where the provider embeds only with a model that the client names. */
  readonly defaultEmbeddingModel: string | null;
  /**
   * One answer. Upstream failures are chunks, never exceptions; `signal` ends the upstream call at once. Nothing of
   * `request` leaves the process before the first chunk is asked for, and no more is read of the upstream than is asked for.
   */
  answer(target: AllowedTarget, request: ChatRequest, signal: AbortSignal, limits?: CallLimits): AsyncIterable<Chunk>;
  /** The first field of the request that this provider's protocol cannot carry, or null. Pure. */
  unsupportedField(request: ChatRequest): string | null;
  /** From the last look-up; asks nothing. */
  has(model: string): Availability;
  /** From the last look-up, and without models that a hosted service would answer for; asks nothing. */
  models(): readonly KnownModel[];
  /** Looks up which models there are, without any request content, unless that was done within `maxAgeMs`. Bounded. */
  check(maxAgeMs: number): Promise<ProviderState>;
  /** The same, but waits only for a moment, and then says what the look-up before said. */
  glance(maxAgeMs: number): Promise<ProviderState>;
  /** What the provider says of one of its models (Ollama's `POST /api/show`), or null. Bounded. */
  describe(model: string): Promise<JsonObject | null>;
  /** The models it has in memory (Ollama's `GET /api/ps`); empty where it cannot say. Bounded. */
  running(): Promise<readonly JsonObject[]>;
}
