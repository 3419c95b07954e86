import type { AllowedTarget } from "../core/decision.ts";
import type { Errand, Unanswered } from "./attempts/errand.ts";
import { Journal } from "./attempts/journal.ts";
import type { Ending } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { aborted, broken, failed, stopped } from "./endings.ts";
import type { Targets } from "./plan.ts";

/** An admitted request that asks providers for its answer. */
export type Attempts = {
  readonly errand: Errand;
  readonly journal: Journal;
  /** Ends its calls, as the caller's own leaving does. */
  readonly cut: AbortController;
  /** INVARIANT: called once it asks nobody any more, on every path; until then the end of the process cuts it. */
  readonly leave: () => void;
};

export function beginAttempts(deps: Deps, decided: Decided): Attempts {
  const { call, request, decision, active } = decided;
  const cut = new AbortController();
  const journal = new Journal(deps.monotonicMs);
  const errand: Errand = {
    request,
    decision,
    active,
    caller: call.caller,
    defaults: deps.attemptDefaults,
    traffic: deps.traffic,
    journal,
    onPassedOver: ({ target: { provider, model }, failure, ...event }) =>
      deps.telemetry.attemptFailed({
        requestId: call.requestId,
        provider,
        model,
        category: failure.category,
        detail: failure.message,
        retryAfterMs: failure.retryAfterMs ?? null,
        ...event,
      }),
    callerSignal: AbortSignal.any([call.signal, cut.signal]),
    drainSignal: deps.inFlight.drainSignal,
    monotonicMs: deps.monotonicMs,
    chance: deps.chance,
  };
  return { errand, journal, cut, leave: deps.inFlight.add(() => cut.abort()) };
}

/** How a request ends that no target answered, and the target that is told of. */
export type Ended = { readonly target: AllowedTarget; readonly ending: Ending };

/** What was cut and not by its caller was cut by the end of the process. */
export function endedBy(attempted: Unanswered, { call }: Decided): Ended {
  const { target } = attempted;
  if (attempted.kind === "failed") return { target, ending: failed(target, attempted.failure) };
  return { target, ending: call.signal.aborted ? aborted(target) : stopped(target) };
}

/** A bug on the way to an answer ends as a failed request with its row; whatever was under way is ended too. */
export function endedByBug(deps: Deps, decided: Decided, targets: Targets, attempts: Attempts, bug: unknown): Ended {
  const { journal, cut } = attempts;
  cut.abort();
  journal.abandon();
  deps.telemetry.bug({ requestId: decided.call.requestId, error: bug });
  const target = journal.lastTarget ?? targets[0];
  return { target, ending: broken(target) };
}
