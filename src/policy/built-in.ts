import type { Decision, ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { RoutingReason } from "../core/reasons.ts";

/** The policy that follows the environment; it needs no file. */
export type Policy = {
  /** Prompts of at most this many Unicode code points are answered locally. */
  readonly maxPromptLengthForLocal: number;
  readonly defaultProvider: ProviderId;
  /** Whether content that is no text may reach the cloud unread. */
  readonly opaqueContentToCloud: boolean;
};

/**
 * Pure and total: no clock, no randomness, no I/O; equal inputs give equal outputs (I5). First match wins.
 */
export function decide(policy: Policy, features: Features): Decision {
  // INVARIANT: I1, what is sensitive may not reach the cloud, whatever the rules below say.
  const [first, ...others] = whySensitive(policy, features);
  if (first !== undefined) return { route: ["local"], forbiddenZones: ["cloud"], reasonCodes: [first, ...others] };
  // Vectors of different models do not compare, so which model embeds must not change with the length of a text.
  if (features.task === "embedding") {
    return { route: [features.wishedProvider ?? "local"], forbiddenZones: [], reasonCodes: ["embedding_model"] };
  }
  // How long a prompt is that is not all text, nobody knows.
  if (!features.opaque && features.promptLength <= policy.maxPromptLengthForLocal) {
    return { route: ["local"], forbiddenZones: [], reasonCodes: ["cost_prefer_local"] };
  }
  return { route: [policy.defaultProvider], forbiddenZones: [], reasonCodes: ["default"] };
}

/** Every reason that holds, since an operator who takes one away wants to know of the others. */
function whySensitive(policy: Policy, features: Features): readonly RoutingReason[] {
  const reasons: [RoutingReason, boolean][] = [
    ["sensitive_keyword_match", features.sensitiveKeyword],
    ["sensitive_data_match", features.sensitiveData],
    ["scan.budget_exceeded", features.budgetExceeded],
    ["scan.opaque_part", features.opaque && !policy.opaqueContentToCloud],
  ];
  return reasons.flatMap(([reason, holds]) => (holds ? [reason] : []));
}
