import type { ProviderFailure } from "../core/chat.ts";
import type { JsonObject } from "../core/json.ts";
import type { Availability, KnownModel, ProviderState } from "../core/provider.ts";
import type { Result } from "../core/result.ts";
import { within } from "./within.ts";

export type ListedModel = {
  readonly name: string;
  /** A local server would forward it to a hosted service. */
  readonly remote: boolean;
  /** Not the server's word but the operator's. */
  readonly unproven?: boolean;
  /** What the list says of it; null where that is only the name. */
  readonly listing: JsonObject | null;
};
export type LookUp = (signal: AbortSignal) => Promise<Result<readonly ListedModel[], ProviderFailure>>;

/** A look-up that takes longer counts as failed. */
export const LOOK_UP_TIMEOUT_MS = 10_000;
/** A server that cannot be reached by then has no list. */
export const LOOK_UP_CONNECT_TIMEOUT_MS = 3_000;
/** How long start and lists wait for one before they go on without. */
const WAIT_MS = 1_500;
/** How long probes do: theirs often have a second, and a provider that is silent must not make the gateway unready. */
const GLANCE_WAIT_MS = 250;
/** Look-ups asked for within this time are one. */
const TOGETHER_MS = 20;
/** More names than any server has; a bound, since the list is the server's word. */
const MAX_MODELS = 10_000;

/**
 * What a provider's server said of its models, kept until the next look-up. Look-ups carry no request content, and
 * those asked for at the same time are one.
 */
export class ModelList {
  readonly #lookUp: LookUp;
  #models: ReadonlyMap<string, ListedModel> | null = null;
  #failure: ProviderFailure | null = null;
  /** When the last look-up that ended began: what it says is as old as that. */
  #asOfMs = Number.NEGATIVE_INFINITY;
  #running: { readonly sinceMs: number; readonly ended: Promise<void> } | null = null;
  #next: Promise<void> | null = null;

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  /** After a failed look-up the last good list no longer counts: a server that went away may come back different. */
  has(model: string): Availability {
    if (this.#models === null || this.#failure !== null) return "unknown";
    const found = this.#models.get(model);
    if (found === undefined) return "no";
    return found.remote ? "remote" : "yes";
  }

  /** Those that the server runs itself; none after a failed look-up. */
  models(): readonly KnownModel[] {
    if (this.#models === null || this.#failure !== null) return [];
    return [...this.#models.values()].filter((model) => !model.remote).map(({ name, listing }) => ({ name, listing }));
  }

  /** Whether the server itself said that it has the model and runs it. */
  isProven(model: string): boolean {
    return this.has(model) === "yes" && this.#models?.get(model)?.unproven !== true;
  }

  async check(maxAgeMs: number, waitMs = WAIT_MS): Promise<ProviderState> {
    const sinceMs = performance.now() - maxAgeMs;
    if (this.#asOfMs < sinceMs) {
      // What was known before is no answer to a question that is still open.
      const ended = this.#lookUpSince(sinceMs).then(() => true);
      if ((await within(ended, waitMs)) === null) return { status: "unknown" };
    }
    return this.#state();
  }

  /** The same for who cannot wait: what was known before stands until it is known better, for `LOOK_UP_TIMEOUT_MS` at most. */
  async glance(maxAgeMs: number, waitMs = GLANCE_WAIT_MS): Promise<ProviderState> {
    const state = await this.check(maxAgeMs, waitMs);
    return state.status === "unknown" ? this.#state() : state;
  }

  #state(): ProviderState {
    if (this.#failure !== null) return { status: "down", failure: this.#failure };
    return this.#models === null ? { status: "unknown" } : { status: "up", modelCount: this.#models.size };
  }

  /** One that began before is of no use; all who wait for it to end then share the next. */
  #lookUpSince(sinceMs: number): Promise<void> {
    if (this.#running === null) return this.#start();
    if (this.#running.sinceMs >= sinceMs - TOGETHER_MS) return this.#running.ended;
    this.#next ??= this.#running.ended
      .finally(() => {
        this.#next = null;
      })
      .then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<void> {
    const sinceMs = performance.now();
    const ended = this.#refresh(sinceMs).finally(() => {
      this.#running = null;
    });
    this.#running = { sinceMs, ended };
    return ended;
  }

  async #refresh(sinceMs: number): Promise<void> {
    const listed = await this.#lookUp(AbortSignal.timeout(LOOK_UP_TIMEOUT_MS));
    this.#asOfMs = sinceMs;
    this.#failure = listed.ok ? null : listed.error;
    if (listed.ok) this.#models = new Map(listed.value.slice(0, MAX_MODELS).map((model) => [model.name, model]));
  }
}
