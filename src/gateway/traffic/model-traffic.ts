import type { FailureCategory } from "../../core/chat.ts";
import { Circuit, type CircuitOptions } from "./circuit.ts";
import type { Pause } from "./contract.ts";
import { RetryBudget } from "./retry-budget.ts";

/** Those who wait for the end of a pause come back one after another: all at once, they would bring on the next one. */
const RETURN_STEP_MS = 20;
const MAX_RETURN_MS = 1_000;

/** Of one model at one provider: whether it does well, the retries that there are, and until when it asked for peace. */
export class ModelTraffic {
  readonly circuit: Circuit;
  readonly retries: RetryBudget;
  readonly #monotonicMs: () => number;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #pausedBy: FailureCategory = "rate_limited";
  /** Over how long after it they come back; no longer than it is itself. */
  #returnMs = 0;
  #toldCount = 0;

  constructor(options: CircuitOptions) {
    this.circuit = new Circuit(options);
    this.retries = new RetryBudget(options.monotonicMs);
    this.#monotonicMs = options.monotonicMs;
  }

  /** The longest of all that it was asked for counts; an answer to another call takes nothing back. */
  pause(forMs: number, by: FailureCategory): void {
    const untilMs = this.#monotonicMs() + forMs;
    if (untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    this.#pausedBy = by;
    this.#returnMs = Math.min(MAX_RETURN_MS, forMs);
    this.#toldCount = 0;
  }

  /** Null where there is none. */
  get currentPause(): Omit<Pause, "model"> | null {
    const leftMs = this.#pausedUntilMs - this.#monotonicMs();
    return leftMs > 0 ? { by: this.#pausedBy, leftMs } : null;
  }

  /** The same for who asks now: how long it is to stay away. */
  tellPause(): Omit<Pause, "model"> | null {
    const pause = this.currentPause;
    if (pause === null) return null;
    const afterwardsMs = (this.#toldCount * RETURN_STEP_MS) % this.#returnMs;
    this.#toldCount += 1;
    return { ...pause, leftMs: Math.ceil(pause.leftMs + afterwardsMs) };
  }

  /** Whether forgetting it would let a call through that is to wait. */
  get isHeldBack(): boolean {
    return !this.circuit.isClosed || this.currentPause !== null;
  }
}

/** Clients name models, so there may be any number of names. */
const MAX_MODELS = 500;

/** The models of a provider that were called of late. */
export class Models {
  /** The one that was asked for longest ago is first. */
  readonly #byName = new Map<string, ModelTraffic>();
  readonly #create: (name: string) => ModelTraffic;

  constructor(create: (name: string) => ModelTraffic) {
    this.#create = create;
  }

  get(name: string): ModelTraffic {
    const model = this.#byName.get(name) ?? this.#create(name);
    if (!this.#byName.delete(name) && this.#byName.size >= MAX_MODELS) this.#forgetOne();
    this.#byName.set(name, model);
    return model;
  }

  /** By name. */
  all(): readonly (readonly [string, ModelTraffic])[] {
    return [...this.#byName].toSorted(([one], [other]) => (one < other ? -1 : 1));
  }

  /** INVARIANT: who makes up names does not make a provider forget that it is to be left alone, while there is a choice. */
  #forgetOne(): void {
    let oldest: string | null = null;
    for (const [name, model] of this.#byName) {
      oldest ??= name;
      if (model.isHeldBack) continue;
      this.#byName.delete(name);
      return;
    }
    if (oldest !== null) this.#byName.delete(oldest);
  }
}
