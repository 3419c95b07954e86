import type { ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import { REASONS } from "../../core/reasons.ts";
import { definitionOf } from "../active-policy.ts";
import type { Targets } from "../plan.ts";
import type { Bar } from "../traffic/contract.ts";
import { type Call, callStream, callWhole } from "./call.ts";
import type { Answered, Errand, Failed, OpenedStream, Unanswered } from "./errand.ts";
import { Deadline, saidOf } from "./limits.ts";
import { type Done, type GivenUp, type Shut, visit, waitFor } from "./visit.ts";

/** How often one request comes back to targets that asked to be left alone. */
const MAX_RETURNS = 16;

/** Walks the allowed targets until one answers; the last failure is the request's. */
export const attemptInTurn = (targets: Targets, errand: Errand): Promise<Answered | Unanswered> =>
  new Walk(targets, errand, callWhole).run();

/** The same until one begins to answer: from then on there is no other target any more. */
export const openInTurn = (targets: Targets, errand: Errand): Promise<OpenedStream | Unanswered> =>
  new Walk(targets, errand, callStream).run();

type Stop = { readonly target: AllowedTarget; readonly notBeforeMs: number };

/** One request over its targets: which is next, and how it ends where none is. */
class Walk<T extends Done> {
  readonly #errand: Errand;
  readonly #call: Call<T>;
  readonly #deadline: Deadline;
  readonly #first: AllowedTarget;
  /** Not visited yet. */
  #ahead: readonly AllowedTarget[];
  /** To come back to where nobody else is left: their providers asked to be left alone for a while. */
  #paused: readonly Stop[] = [];
  #returnCount = 0;
  /** Targets that were not only passed over. */
  #triedCount = 0;
  /** Whether any of them got the request. */
  #wasSent = false;
  /** Once a prompt was too long: what the context must be more than; null where it must only be known. */
  #tooShort: { readonly contextTokens: number | null } | null = null;
  #failed: Failed | null = null;
  /** Of the targets to which nothing could be sent the one that may be asked again first. */
  #shut: Failed | null = null;

  constructor(targets: Targets, errand: Errand, call: Call<T>) {
    const { active, decision, defaults, monotonicMs } = errand;
    this.#errand = errand;
    this.#call = call;
    this.#first = targets[0];
    this.#ahead = targets;
    const said = targets.map(({ provider }) => saidOf(active, provider));
    this.#deadline = new Deadline(decision.effects.attempts, said, defaults, monotonicMs);
  }

  async run(): Promise<T | Unanswered> {
    let target = this.#first;
    for (let stop = this.#takeNext(); stop !== null; ) {
      target = stop.target;
      if (!(await this.#waitFor(stop))) break;
      const sentBefore = this.#errand.journal.sentCount;
      const result = await visit({ target, errand: this.#errand, deadline: this.#deadline, call: this.#call });
      if (!isPassed(result)) return result;
      const { failure } = this.#pass(result, this.#errand.journal.sentCount > sentBefore);
      stop = result.kind === "given_up" && result.next === "end" ? null : this.#takeNext();
      this.#tell(target, result, failure, stop);
    }
    if (this.#errand.callerSignal.aborted) return { kind: "aborted", target };
    return this.#failed ?? this.#shut ?? { kind: "failed", target, failure: this.#deadline.failure };
  }

  /** Those that need not be waited for go first. */
  #takeNext(): Stop | null {
    const { maxTargets } = this.#errand.decision.effects.attempts;
    if (this.#deadline.isOver || (maxTargets !== null && this.#triedCount >= maxTargets)) return null;
    const [target, ...others] = this.#ahead.filter((each) => this.#isFit(each));
    this.#ahead = others;
    if (target !== undefined) return { target, notBeforeMs: 0 };
    const [stop, ...later] = this.#paused
      .filter((each) => this.#isFit(each.target))
      .toSorted((one, other) => one.notBeforeMs - other.notBeforeMs);
    this.#paused = later;
    return stop ?? null;
  }

  async #waitFor({ target, notBeforeMs }: Stop): Promise<boolean> {
    const sinceMs = this.#errand.monotonicMs();
    const waitMs = notBeforeMs - sinceMs;
    if (waitMs <= 0 || (await waitFor(waitMs, this.#errand, this.#deadline))) return true;
    // Its turn had come, and ends with the wait.
    this.#errand.journal.pass(target, "paused", sinceMs);
    return false;
  }

  #tell(target: AllowedTarget, result: GivenUp | Shut, failure: ProviderFailure, stop: Stop | null): void {
    const again = stop?.target === target;
    if (result.kind === "shut") {
      // Who is only waited for was not passed over, and did not fail.
      if (again) return;
      this.#errand.journal.pass(target, result.by.kind, result.sinceMs);
    }
    if (stop === null) return;
    const waitMs = Math.max(0, stop.notBeforeMs - this.#errand.monotonicMs());
    const called = result.kind === "given_up";
    this.#errand.onPassedOver({ target, failure, called, again, waitMs: again ? waitMs : 0 });
  }

  /** Keeps what is to be known of a target that did not answer. */
  #pass(result: GivenUp | Shut, isSent: boolean): Failed {
    // Who never got the request does not speak for those who did.
    if (isSent || !this.#wasSent) this.#failed = result.failed ?? this.#failed;
    if (isSent) this.#wasSent = true;
    if (result.failed !== null) this.#triedCount += 1;
    if (result.kind === "shut") return this.#shutOut(result);
    if (result.next === "larger") this.#tooShort = { contextTokens: this.#contextOf(result.failed.target) };
    return result.failed;
  }

  #shutOut({ target, by, failed }: Shut): Failed {
    const shut: Failed = { kind: "failed", target, failure: failureOf(by) };
    if (this.#shut === null || msOf(shut) < msOf(this.#shut)) this.#shut = shut;
    const mayReturn = by.kind === "paused" && failed === null && by.retryAfterMs < this.#deadline.remainingMs;
    if (mayReturn && this.#returnCount++ < MAX_RETURNS) {
      this.#paused = [...this.#paused, { target, notBeforeMs: this.#errand.monotonicMs() + by.retryAfterMs }];
    }
    return shut;
  }

  #isFit(target: AllowedTarget): boolean {
    if (this.#tooShort === null) return true;
    const contextTokens = this.#contextOf(target);
    return contextTokens !== null && contextTokens > (this.#tooShort.contextTokens ?? 0);
  }

  #contextOf({ provider, model }: AllowedTarget): number | null {
    return definitionOf(this.#errand.active, provider)?.declared?.get(model)?.contextTokens ?? null;
  }
}

const isPassed = (result: { readonly kind: string }): result is GivenUp | Shut =>
  result.kind === "given_up" || result.kind === "shut";

const msOf = ({ failure }: Failed): number => failure.retryAfterMs ?? 0;

/** A limit of the rate holds for those who come after too, and clients know what to do about it. */
function failureOf(bar: Bar): ProviderFailure {
  const toldAs = bar.kind === "paused" && bar.by === "rate_limited" ? bar.by : bar.kind;
  const { meaning: message } = REASONS[`provider.${toldAs}`];
  return { category: bar.kind, message, retryAfterMs: Math.ceil(bar.retryAfterMs), toldAs };
}
