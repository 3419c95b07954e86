import type { Candidate, Decision } from "../../core/decision.ts";
import type { Features } from "../../core/features.ts";
import { readFeatures } from "../../core/recorded-features.ts";
import type { DecidablePolicy } from "../../policy/compiled.ts";
import { priceOf, usedCostMicros } from "../../policy/cost.ts";
import { decide } from "../../policy/decide.ts";
import type { RequestRecord } from "../record.ts";

/** What the gateway itself may add to a decision, for what only the request says. */
const CLOUD_MODEL_REFUSED = "policy.cloud_model_refused";
const STEERING_REFUSED = "policy.steering_field_refused";
const UNTRANSLATABLE = "request.untranslatable_field";

/**
 * Decides again what a record says was decided, and gives the columns that another decision would have. What cannot be
 * derived is left out: which of the candidates cannot carry a request, and which refusal of the gateway's own it met.
 */
export function deriveAgain(policy: DecidablePolicy, record: RequestRecord): readonly string[] {
  const features = readFeatures(record.features);
  if (features === null) return ["features"];
  // Of a record that no gateway wrote.
  if (!Array.isArray(record.shadow)) return ["shadow"];
  if (!Array.isArray(record.reason_codes)) return ["reason_codes"];
  const decision = decide(policy, features);
  const isDenied = record.decision === "deny";
  const checks: Readonly<Record<string, boolean>> = {
    surface: record.surface === features.surface,
    streamed: record.streamed === features.streamed,
    message_count: record.message_count === features.messageCount,
    prompt_length: record.prompt_length === features.promptChars,
    rule: record.rule === decision.rule,
    shadow: isSameShadow(record.shadow, decision.shadow),
    decision: isDenied || decision.denial === null,
    reason_codes: areReasons(record, features, decision),
    ...(isDenied ? deniedChecks(record) : routedChecks(record, decision)),
    attempts: areAllowed(record, isDenied ? [] : decision.candidates),
    cost_micros: record.cost_micros === costOf(policy, features, decision, record),
  };
  return Object.entries(checks).flatMap(([column, isRight]) => (isRight ? [] : [column]));
}

/** Those of the decision, and after them the one of a refusal. */
function areReasons(record: RequestRecord, features: Features, { reasonCodes, denial }: Decision): boolean {
  const [added, ...more] = record.reason_codes.slice(reasonCodes.length);
  if (!reasonCodes.every((code, at) => record.reason_codes[at] === code) || more.length > 0) return false;
  if (record.decision === "route") return added === undefined;
  if (added === CLOUD_MODEL_REFUSED) return features.wish !== "auto";
  if (added === STEERING_REFUSED) return features.surface.startsWith("openai_");
  return added === (denial ?? UNTRANSLATABLE);
}

function deniedChecks(record: RequestRecord): Readonly<Record<string, boolean>> {
  const { provider, zone, model, answered_provider, answered_zone, answered_model } = record;
  const isNobody = Object.entries({ provider, zone, model, answered_provider, answered_zone, answered_model });
  return Object.fromEntries(isNobody.map(([column, value]) => [column, value === null]));
}

/** INVARIANT: I1. Who was decided on and who answered are candidates, each in its own zone; and none before the former. */
function routedChecks(record: RequestRecord, { candidates }: Decision): Readonly<Record<string, boolean>> {
  const decided = placeOf(candidates, record.provider);
  const answered = placeOf(candidates, record.answered_provider);
  const isAnswered = record.answered_provider !== null;
  return {
    provider: decided >= 0,
    zone: record.zone === (candidates[decided]?.zone ?? null),
    model: record.model === (candidates[decided]?.model ?? null),
    answered_provider: isAnswered ? answered >= decided && answered >= 0 : record.status !== "succeeded",
    answered_zone: record.answered_zone === (candidates[answered]?.zone ?? null),
    // By which name a model answers is its provider's to say.
    answered_model: isAnswered === (record.answered_model !== null),
  };
}

/** INVARIANT: I1. Nobody had a turn but candidates, from the one that was decided on. Null says nothing. */
function areAllowed({ attempts, provider: decided }: RequestRecord, candidates: readonly Candidate[]): boolean {
  if (attempts === undefined || attempts === null) return true;
  const allowed = candidates.slice(Math.max(placeOf(candidates, decided), 0));
  return (
    Array.isArray(attempts) &&
    attempts.every((attempt) =>
      allowed.some(({ provider, model }) => provider === attempt?.provider && model === attempt.model),
    )
  );
}

/** By the price of the model that was asked for. */
function costOf(policy: DecidablePolicy, features: Features, decision: Decision, record: RequestRecord): number | null {
  const asked = decision.candidates[placeOf(decision.candidates, record.answered_provider)];
  const provider = policy.providers.find(({ id }) => id === asked?.provider);
  if (asked === undefined || provider === undefined) return null;
  const usage = { promptTokens: record.prompt_tokens, completionTokens: record.completion_tokens };
  return usedCostMicros(priceOf(provider, asked.model, features), usage, features.task);
}

const placeOf = (candidates: readonly Candidate[], id: string | null): number =>
  candidates.findIndex(({ provider }) => provider === id);

function isSameShadow(recorded: RequestRecord["shadow"], derived: Decision["shadow"]): boolean {
  const names = ["rule", "outcome", "provider", "differs"] as const;
  return (
    recorded.length === derived.length &&
    derived.every((result, at) => names.every((name) => recorded[at]?.[name] === result[name]))
  );
}
