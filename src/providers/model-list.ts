import type { ProviderFailure } from "../core/chat.ts";
import type { Availability, ProviderState } from "../core/provider.ts";
import type { Result } from "../core/result.ts";

export type ListedModel = { readonly name: string; readonly remote: boolean };
export type LookUp = (signal: AbortSignal) => Promise<Result<readonly ListedModel[], ProviderFailure>>;

/** A look-up that takes longer counts as failed; it runs beside requests, at start and for `/v1/ready`. */
const LOOK_UP_TIMEOUT_MS = 1_500;
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
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

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

  async check(maxAgeMs: number): Promise<ProviderState> {
    if (performance.now() - this.#checkedAtMs > maxAgeMs) {
      this.#running ??= this.#refresh().finally(() => {
        this.#running = null;
      });
      await this.#running;
    }
    return this.#state();
  }

  #state(): ProviderState {
    if (this.#failure !== null) return { status: "down", failure: this.#failure };
    return this.#models === null ? { status: "unknown" } : { status: "up", modelCount: this.#models.size };
  }

  async #refresh(): Promise<void> {
    const listed = await this.#lookUp(AbortSignal.timeout(LOOK_UP_TIMEOUT_MS));
    this.#checkedAtMs = performance.now();
    this.#failure = listed.ok ? null : listed.error;
    if (listed.ok) this.#models = new Map(listed.value.slice(0, MAX_MODELS).map((model) => [model.name, model]));
  }
}
