import type { AttemptLimits } from "./attempts.ts";
import type { ErrorReason } from "./reasons.ts";

/** The name of a provider in the policy. A string, since it is also the `pattern` of a JSON Schema. */
export const PROVIDER_ID_PATTERN = "^[a-z][a-z0-9_-]{0,31}$";
export type ProviderId = string;

/** The zone of the operator's own machines; all others are somebody else's. */
export const LOCAL_ZONE = "local";
/** `local`, `cloud`, or a name that the policy gives, such as `eu`. */
export type Zone = string;

/** Where a request may go, and by which model. */
export type Candidate = { readonly provider: ProviderId; readonly zone: Zone; readonly model: string };

/** Why a provider of the policy is none of the candidates; the first that holds, in this order. */
export const EXCLUSIONS = [
  "not_in_route",
  "forbidden_zone",
  "forbidden_provider",
  "no_embedding_model",
  "forbidden_model",
  "lacks_tools",
  "lacks_images",
  "context_too_small",
  "over_cost_limit",
] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

export type Excluded = {
  readonly provider: ProviderId;
  /** The model that it would have answered with; null where there is none. */
  readonly model: string | null;
  readonly by: Exclusion;
  /** Ids of the constraints that forbid it; empty for what is no constraint's doing. */
  readonly constraints: readonly string[];
};

/** What nothing of a request may reach (I1). Models are the names that a provider would be asked for. */
export type Forbidden = {
  readonly zones: readonly Zone[];
  readonly providers: readonly ProviderId[];
  readonly models: readonly string[];
};

export const NOTHING_FORBIDDEN: Forbidden = { zones: [], providers: [], models: [] };

export const DELIVERIES = ["live", "whole"] as const;

/** What a decision asks of the attempts to answer, beside where they go. Null: as the settings say. */
export type Effects = {
  /** Most tokens that a model may be asked to write, whatever the client asked for. */
  readonly maxOutputTokens: number | null;
  /** Candidates that would cost more by estimate are none; in micro-USD. */
  readonly maxEstimatedCostMicros: number | null;
  /** `whole` keeps a stream back until it is complete. */
  readonly delivery: (typeof DELIVERIES)[number];
  readonly attempts: AttemptLimits & {
    /** For the request over all its attempts. */
    readonly deadlineMs: number | null;
    readonly maxTargets: number | null;
  };
};

export type HeldConstraint = {
  readonly id: string;
  readonly reason: string;
  /** False where it holds only because some content could not be read (I1). */
  readonly certain: boolean;
};

/** What a rule would have done that is only watched. Rules that did not match have none. */
export type ShadowResult = {
  readonly rule: string;
  readonly outcome: "route" | "deny";
  /** The first candidate's provider; null when it would have been denied. */
  readonly provider: ProviderId | null;
  /** Whether that is another outcome or another first provider than the real decision's. */
  readonly differs: boolean;
};

export const DENIALS = [
  "policy.denied",
  "policy.no_compliant_route",
  "policy.embedding_model_unavailable",
] as const satisfies readonly ErrorReason[];

/** The name that decisions give to the `default` of a policy. */
export const DEFAULT_RULE = "default";

/** All that policy says of a request. Equal policies and features give equal bytes (I5). */
export type Decision = {
  readonly policyHash: string;
  /** In the order to try; empty exactly when denied. */
  readonly candidates: readonly Candidate[];
  /** Every other provider of the policy, in its order. */
  readonly excluded: readonly Excluded[];
  /** Null exactly when there is a candidate. */
  readonly denial: (typeof DENIALS)[number] | null;
  /** Id of the rule that matched, or `default`. */
  readonly rule: string;
  /** Those that held, in the order of the file. */
  readonly constraints: readonly HeldConstraint[];
  readonly forbidden: Forbidden;
  /** Of the constraints that held, then of what could not be read, then of the rule; none twice. */
  readonly reasonCodes: readonly [string, ...string[]];
  readonly effects: Effects;
  /** Of the first candidate, in micro-USD, rounded up; null when denied or where no price is known. */
  readonly estimatedCostMicros: number | null;
  readonly shadow: readonly ShadowResult[];
};

declare const allowed: unique symbol;

/**
 * A destination that policy allowed for one request. Only `gateway/plan.ts` makes one, and providers accept nothing
 * else, so code that would call a provider which policy did not allow does not compile.
 */
export type AllowedTarget = Candidate & {
  readonly [allowed]: true;
  /** Something is forbidden for the request, so the provider must show that it answers in its own zone. */
  readonly constrained: boolean;
  /** Most tokens that the model may be asked to write; null where policy sets no bound. */
  readonly maxOutputTokens: number | null;
};
