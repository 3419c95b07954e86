import type { Attempt } from "../../audit/event.ts";
import type { ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import type { Bar, Permit } from "../traffic/contract.ts";

/** A row holds no more. A policy would need many providers for so many, each asked thrice. */
const MAX_ATTEMPTS = 64;

export type HowEnded = "answered" | "left" | ProviderFailure;

/** The attempts of one request, for its row. */
export class Journal {
  readonly #monotonicMs: () => number;
  readonly #attempts: Attempt[] = [];
  #sentCount = 0;
  #open: Turn | null = null;
  #lastTarget: AllowedTarget | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** In their order. Those that have not ended are not among them yet. */
  get attempts(): readonly Attempt[] {
    return [...this.#attempts];
  }

  /** How often the request was sent to a provider. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Whose call was the last. */
  get lastTarget(): AllowedTarget | null {
    return this.#lastTarget;
  }

  /** A call that there is leave for. */
  begin(target: AllowedTarget, permit: Permit): Turn {
    this.#lastTarget = target;
    const startedMs = this.#monotonicMs();
    const turn = new Turn(permit, {
      onSent: () => {
        this.#sentCount += 1;
      },
      onEnd: (how, sent) => {
        this.#add(target, typeof how === "string" ? how : how.category, sent, startedMs);
        this.#open = null;
      },
    });
    this.#open = turn;
    return turn;
  }

  /** A target whose turn ended before there was leave to call it, or when the request had no more use for it. */
  pass(target: AllowedTarget, why: Bar["kind"] | "timeout" | "left", sinceMs: number): void {
    this.#add(target, why, false, sinceMs);
  }

  /** After a bug: whatever was under way is not any more. */
  abandon(): void {
    this.#open?.end("left");
  }

  #add({ provider, model }: AllowedTarget, result: Attempt["result"], sent: boolean, sinceMs: number): void {
    // The last one says who answered.
    if (this.#attempts.length === MAX_ATTEMPTS) this.#attempts.pop();
    this.#attempts.push({ provider, model, result, sent, durationMs: Math.round(this.#monotonicMs() - sinceMs) });
  }
}

type Told = { readonly onSent: () => void; readonly onEnd: (how: HowEnded, sent: boolean) => void };

/** One call of a target. INVARIANT: ended once, on every path; only the first end counts. */
export class Turn {
  readonly #permit: Permit;
  readonly #told: Told;
  #isSent = false;
  #hasBegun = false;
  #hasEnded = false;

  constructor(permit: Permit, told: Told) {
    this.#permit = permit;
    this.#told = told;
  }

  /** The request is handed to the network: from now on the provider may have it. */
  sent(): void {
    if (!this.#isSent && !this.#hasEnded) this.#told.onSent();
    this.#isSent = true;
  }

  /** The model is at work. */
  began(): void {
    if (!this.#hasBegun && !this.#hasEnded) this.#permit.began();
    this.#hasBegun = true;
  }

  /** `isTelling`: whether that says anything of the provider. */
  end(how: HowEnded, isTelling = true): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // Where there was nothing to ask, as for the vectors of no text, a model that still fails would seem to be well again.
    const isUnasked = how === "answered" && !this.#isSent;
    this.#permit.end(isTelling && !isUnasked ? how : "left");
    this.#told.onEnd(how, this.#isSent);
  }
}
