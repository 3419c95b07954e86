import type { AttemptLimits, BreakerSettings } from "../core/attempts.ts";
import type { Effects, Forbidden, ProviderId, Zone } from "../core/decision.ts";
import type { Price } from "../core/features.ts";
import type { FindingGroup } from "../core/finding.ts";
import type { Condition } from "./condition.ts";
import type { PolicyDocument } from "./document.ts";

/** A policy that was checked. Made by `compilePolicy` only. */
export type CompiledPolicy = DecidablePolicy & {
  /** With its prices filled in; see `identity.ts`. */
  readonly document: PolicyDocument;
};

/**
 * All that deciding, explaining and analysing read of a policy, and all that a stored one has. It has no document, so
 * that nobody scans by a policy without its keywords and finds nothing.
 */
export type DecidablePolicy = {
  readonly name: string;
  readonly version: number;
  /** `sha256:<hex>` over the JCS form of what `storedForm` keeps of the document: its identity. */
  readonly hash: string;
  /** By name: the order of keys in a file means nothing, and a database does not keep it. So for signals and labels. */
  readonly providers: readonly CompiledProvider[];
  readonly signals: readonly CompiledSignal[];
  readonly constraints: readonly CompiledConstraint[];
  readonly rules: readonly CompiledRule[];
  /** Its id is `default` and its condition always holds. */
  readonly fallback: CompiledRule;
  readonly shadow: readonly CompiledRule[];
  /** Whether content that is no text counts as holding every signal (I1). */
  readonly opaqueIsSensitive: boolean;
  /** The values that count, by label. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Those of the policy as a whole; every rule's effects have them in already. */
  readonly limits: Limits;
  /** Every model that the policy names anywhere. */
  readonly models: ReadonlySet<string>;
  /** Whether where any request may go depends on how many tokens it has; what it would cost is not reason enough. */
  readonly needsTokens: boolean;
};

export type Limits = Pick<Effects, "maxOutputTokens" | "maxEstimatedCostMicros">;

export type CompiledProvider = {
  readonly id: ProviderId;
  readonly kind: "ollama" | "openai";
  readonly zone: Zone;
  readonly defaultModel: string;
  readonly defaultEmbeddingModel: string | null;
  /** The only models that it may be asked for, defaults among them; null where it may be asked for any that it has. */
  readonly declared: ReadonlyMap<string, ModelFacts> | null;
  /** Wish -> the model that answers for it. */
  readonly wishes: ReadonlyMap<string, string>;
  /** By model. In the local zone what has no price costs nothing. */
  readonly prices: ReadonlyMap<string, Price>;
  readonly attempts: AttemptLimits;
  readonly breaker: BreakerSettings;
  /** Calls that may be under way at once, of all callers together. */
  readonly maxConcurrency: number;
};

/** Null where the policy does not say. */
export type ModelFacts = {
  readonly contextTokens: number | null;
  readonly tools: boolean | null;
  readonly images: boolean | null;
};

export type CompiledSignal = {
  readonly id: string;
  /** Codes of findings, `keyword.<signal>` and `pattern.<id>` among them. */
  readonly codes: ReadonlySet<string>;
  readonly groups: ReadonlySet<FindingGroup>;
};

export type CompiledConstraint = {
  readonly id: string;
  readonly reason: string;
  readonly when: Condition;
  /** `zones_except` is resolved to the zones that the policy's providers have. */
  readonly forbid: Forbidden;
};

export type CompiledRule = {
  readonly id: string;
  readonly reason: string;
  readonly when: Condition;
  /** Null for a denial. */
  readonly route: readonly [ProviderId, ...ProviderId[]] | null;
  /** Limits are the narrower of the rule's own and the policy's. */
  readonly effects: Effects;
};
