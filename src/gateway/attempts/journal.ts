import type { Attempt } from "../../audit/event.ts";
import type { ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import type { Permit } from "../traffic/contract.ts";

/** A row holds no more. A policy would need many providers for so many, each asked thrice. */
const MAX_ATTEMPTS = 64;

export type HowEnded = "answered" | "left" | ProviderFailure;

/** The attempts of one request, for its row. */
export class Journal {
  readonly #monotonicMs: () => number;
  readonly #attempts: Attempt[] = [];
  #callCount = 0;
  #open: Turn | null = null;
  #lastTarget: AllowedTarget | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** In their order. Those that have not ended are not among them yet. */
  get attempts(): readonly Attempt[] {
    return [...this.#attempts];
  }

  /** How often a provider was really called. */
  get callCount(): number {
    return this.#callCount;
  }

  /** Who was called last. */
  get lastTarget(): AllowedTarget | null {
    return this.#lastTarget;
  }

  /** A call that there is leave for. */
  begin(target: AllowedTarget, permit: Permit): Turn {
    this.#callCount += 1;
    this.#lastTarget = target;
    const startedMs = this.#monotonicMs();
    const turn = new Turn(permit, (how) => {
      this.#add(target, typeof how === "string" ? how : how.category, startedMs);
      this.#open = null;
    });
    this.#open = turn;
    return turn;
  }

  /** A target that nothing was sent to. */
  pass(target: AllowedTarget, why: "circuit_open" | "busy", sinceMs: number): void {
    this.#add(target, why, sinceMs);
  }

  /** After a bug: whatever was under way is not any more. */
  abandon(): void {
    this.#open?.end("left");
  }

  #add({ provider, model }: AllowedTarget, result: Attempt["result"], sinceMs: number): void {
    // The last one says who answered.
    if (this.#attempts.length === MAX_ATTEMPTS) this.#attempts.pop();
    this.#attempts.push({ provider, model, result, durationMs: Math.round(this.#monotonicMs() - sinceMs) });
  }
}

/** One call of a target. INVARIANT: ended once, on every path; only the first end counts. */
export class Turn {
  readonly #permit: Permit;
  readonly #onEnd: (how: HowEnded) => void;
  #hasBegun = false;
  #hasEnded = false;

  constructor(permit: Permit, onEnd: (how: HowEnded) => void) {
    this.#permit = permit;
    this.#onEnd = onEnd;
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
    this.#permit.end(isTelling ? how : "left");
    this.#onEnd(how);
  }
}
