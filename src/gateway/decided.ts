import type { FindingCounts } from "../audit/event.ts";
import type { ChatRequest } from "../core/chat.ts";
import type { Decision } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { Result } from "../core/result.ts";
import type { ActivePolicy } from "./active-policy.ts";
import type { Denial, Targets } from "./plan.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Who asks, and until when: the signal is the caller's connection. */
export type Call = {
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Who takes turns with others: by the labels of a trusted proxy, else by the address. Goes nowhere else. */
  readonly caller: string;
  /** What whoever is in front says of the caller, by name. */
  readonly labels: Features["labels"];
};

type Planned = Result<Targets, Denial>;

/** A request that was decided, and the clock that runs for it. */
export type Decided = {
  readonly call: Call;
  readonly request: ChatRequest;
  /** The policy that was active when it was admitted; it holds to the end. */
  readonly active: ActivePolicy;
  readonly findings: FindingCounts;
  readonly features: Features;
  readonly decision: Decision;
  readonly planned: Planned;
  readonly reasonCodes: readonly string[];
  readonly stopwatch: Stopwatch;
};
