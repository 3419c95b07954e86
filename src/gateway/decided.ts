import type { FindingCounts } from "../audit/event.ts";
import type { ChatRequest } from "../core/chat.ts";
import type { Decision } from "../core/decision.ts";
import type { ReasonCode } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import type { Denial, Targets } from "./plan.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Who asks, and until when: the signal is the caller's connection. */
export type Call = { readonly requestId: string; readonly signal: AbortSignal };

type Planned = Result<Targets, Denial>;

/** A request that was decided, and the clock that runs for it. */
export type Decided = {
  readonly call: Call;
  readonly request: ChatRequest;
  readonly findings: FindingCounts;
  readonly decision: Decision;
  readonly planned: Planned;
  readonly reasonCodes: readonly ReasonCode[];
  readonly stopwatch: Stopwatch;
};
