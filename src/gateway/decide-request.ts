import type { ChatRequest } from "../core/chat.ts";
import type { Decision } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { Finding } from "../core/finding.ts";
import type { Result } from "../core/result.ts";
import { decide } from "../policy/decide.ts";
import { extractFeatures } from "../policy/features.ts";
import type { ActivePolicy } from "./active-policy.ts";
import { type Denial, plan, type Targets } from "./plan.ts";
import { readWish, wishFacts } from "./wish.ts";

export type DecidedRequest = {
  readonly features: Features;
  readonly decision: Decision;
  readonly planned: Result<Targets, Denial>;
};

/** What policy says of a request that was scanned. Calls nobody; the same for a request and for a dry run. */
export function decideRequest(
  active: ActivePolicy,
  request: ChatRequest,
  findings: readonly Finding[],
  labels: Features["labels"],
): DecidedRequest {
  const wish = readWish(request, active);
  const features = extractFeatures(
    active.policy,
    request,
    findings,
    wishFacts(wish, request.task.kind, active),
    labels,
  );
  const decision = decide(active.policy, features);
  return { features, decision, planned: plan(decision, request, wish, active) };
}
