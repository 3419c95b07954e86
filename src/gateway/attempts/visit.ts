import type { AllowedTarget } from "../../core/decision.ts";
import type { Bar, Permit } from "../traffic/contract.ts";
import type { Call } from "./call.ts";
import type { Aborted, Answered, Errand, Failed, OpenedStream } from "./errand.ts";
import { type Deadline, type Limits, limitsOf, saidOf } from "./limits.ts";
import { type Recovery, recoveryOf } from "./recovery.ts";
import { backOffMs, wait } from "./waiting.ts";

/** So long a call waits for a place among those that are with its provider. */
const MAX_PLACE_WAIT_MS = 5_000;
/** How often one request waits on while its provider asks again to be left alone. */
const MAX_PAUSES = 16;

/** A target that was called and did not answer, and what is to follow. */
export type GivenUp = { readonly kind: "given_up"; readonly failed: Failed; readonly next: Recovery["kind"] };
/** A target that nothing could be sent to now, nor ever was for this request unless `failed` says how that went. */
export type Shut = {
  readonly kind: "shut";
  readonly target: AllowedTarget;
  readonly by: Bar;
  readonly sinceMs: number;
  readonly failed: Failed | null;
};

export type Done = Answered | OpenedStream;

export type Visit<T extends Done> = {
  readonly target: AllowedTarget;
  readonly errand: Errand;
  readonly deadline: Deadline;
  readonly call: Call<T>;
};

/** Calls one target until it answers, as often as `recoveryOf` and the retries of all requests together let it. */
export async function visit<T extends Done>(visited: Visit<T>): Promise<T | Aborted | GivenUp | Shut> {
  const { target, errand, deadline } = visited;
  const { active, callerSignal, monotonicMs, traffic } = errand;
  const ofProvider = traffic.of(active, target.provider);
  const limits = limitsFor(target, errand);
  let failed: Failed | null = null;
  for (let retry = 0, pauses = 0; ; ) {
    if (callerSignal.aborted) return { kind: "aborted", target };
    const sinceMs = monotonicMs();
    const placeWaitMs = Math.min(MAX_PLACE_WAIT_MS, deadline.limit.ms);
    const entered = await ofProvider.enter(target.model, errand.caller, placeWaitMs, callerSignal);
    if (entered.kind !== "permit") {
      if (callerSignal.aborted || entered.kind === "left") return abandon(visited, sinceMs);
      const waitsOn = isToldToWait(failed) && entered.kind === "paused" && pauses++ < MAX_PAUSES;
      if (waitsOn && (await waitFor(entered.retryAfterMs, errand, deadline))) continue;
      return { kind: "shut", target, by: entered, sinceMs, failed };
    }
    if (callerSignal.aborted || deadline.isOver) {
      // The place came too late.
      entered.end("left");
      return abandon(visited, sinceMs);
    }
    const result = await callOnce(visited, entered, limits);
    if (!isFailed(result)) return result;
    failed = result;
    const { failure } = result;
    const chances = {
      retriesLeft: limits.retries - retry,
      remainingMs: deadline.remainingMs,
      backOffMs: backOffMs(retry++, errand.chance()),
    };
    const recovery = recoveryOf(failure, chances);
    if (recovery.kind !== "again") return { kind: "given_up", failed, next: recovery.kind };
    if (!recovery.isAskedFor && !ofProvider.takeRetry(target.model)) return { kind: "given_up", failed, next: "next" };
    errand.onPassedOver({ target, failure, called: true, again: true, waitMs: recovery.waitMs });
    if (await waitFor(recovery.waitMs, errand, deadline)) continue;
    if (!callerSignal.aborted) return { kind: "given_up", failed, next: "next" };
  }
}

/** A turn that ends before anything could be sent: its caller left, or the request's time is over. */
function abandon({ target, errand, deadline }: Visit<Done>, sinceMs: number): Aborted | GivenUp {
  const isLeft = errand.callerSignal.aborted;
  errand.journal.pass(target, isLeft ? "left" : "timeout", sinceMs);
  if (isLeft) return { kind: "aborted", target };
  return { kind: "given_up", failed: { kind: "failed", target, failure: deadline.failure }, next: "next" };
}

/** Whether the wait came to its end; there is none beyond the deadline. */
export async function waitFor(
  waitMs: number,
  { callerSignal, drainSignal, monotonicMs }: Errand,
  deadline: Deadline,
): Promise<boolean> {
  if (waitMs >= deadline.remainingMs) return false;
  await wait(waitMs, monotonicMs, [callerSignal, drainSignal]);
  return !callerSignal.aborted && !drainSignal.aborted;
}

const isFailed = (result: { readonly kind: string }): result is Failed => result.kind === "failed";

const isToldToWait = (failed: Failed | null): boolean => failed?.failure.retryAfterMs !== undefined;

function limitsFor({ provider }: AllowedTarget, { active, decision, defaults }: Errand): Limits {
  return limitsOf(decision.effects.attempts, saidOf(active, provider), defaults);
}

/** INVARIANT: the permit is ended here, or it goes on with the stream that was opened. */
async function callOnce<T extends Done>(
  { target, errand, deadline, call }: Visit<T>,
  permit: Permit,
  limits: Limits,
): Promise<T | Failed | Aborted> {
  const startedMs = errand.monotonicMs();
  const turn = errand.journal.begin(target, permit);
  let result: T | Failed | Aborted;
  try {
    result = await call({ target, turn, limits, deadline }, errand);
  } catch (bug) {
    turn.end("left");
    throw bug;
  }
  if (result.kind === "aborted") turn.end("left");
  if (isFailed(result)) {
    const tookMs = errand.monotonicMs() - startedMs;
    // One that was left little of the request's time says nothing of its provider.
    const isTelling = result.failure !== deadline.failure || tookMs >= deadline.totalMs / 2;
    turn.end(result.failure, isTelling);
  }
  return result;
}
