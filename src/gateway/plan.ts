import type { ChatRequest, ModelWish } from "../core/chat.ts";
import type { AllowedTarget, Candidate, Decision, ProviderId } from "../core/decision.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { ActivePolicy } from "./active-policy.ts";
import { namesCloudModel } from "./wish.ts";

export type Denial = {
  readonly code:
    | NonNullable<Decision["denial"]>
    | "policy.cloud_model_refused"
    | "policy.steering_field_refused"
    | "request.untranslatable_field";
  /** The field of the request at fault, where one is. */
  readonly field: string | null;
  /** Who could not carry it, where that is why. */
  readonly provider: ProviderId | null;
};

/** Where a request may go, in the order to try. */
export type Targets = readonly [AllowedTarget, ...AllowedTarget[]];

/** The only maker of `AllowedTarget`: what a decision allows, less what cannot carry the request. */
export function plan(
  decision: Decision,
  request: ChatRequest,
  wish: ModelWish | null,
  active: ActivePolicy,
): Result<Targets, Denial> {
  if (wish !== null && namesCloudModel(wish, active)) return deny("policy.cloud_model_refused", "model");
  const steering = steeringField(request);
  if (steering !== null) return deny("policy.steering_field_refused", steering);
  if (decision.denial !== null) return deny(decision.denial, fieldOf(decision.denial));
  const allowed = decision.candidates.filter((candidate) => isAllowed(candidate, decision));
  const unable = allowed.map(({ provider }) => ({
    provider,
    field: active.providers.get(provider)?.unsupportedField(request) ?? null,
  }));
  const [first, ...rest] = allowed
    .filter((_, index) => unable[index]?.field === null)
    .map((candidate) => allow(candidate, decision));
  if (first !== undefined) return ok([first, ...rest]);
  const [preferred] = unable;
  if (preferred === undefined) return deny("policy.no_compliant_route");
  return deny("request.untranslatable_field", preferred.field, preferred.provider);
}

/** Fields by which servers that stand before models of others, such as OpenRouter and LiteLLM, are told where to go. */
export const STEERING_FIELDS = [
  ...["models", "route", "provider", "fallbacks", "context_window_fallbacks", "content_policy_fallbacks"],
  ...["model_list", "custom_llm_provider", "api_base", "base_url", "api_key", "api_version", "plugins"],
  ...["preset", "user_config", "extra_body", "extra_headers", "additional_drop_params", "deployment_id"],
];

/** Only bodies of OpenAI's protocol go on with fields that nobody here understands. */
function steeringField({ surface, body }: ChatRequest): string | null {
  if (!surface.startsWith("openai_")) return null;
  return STEERING_FIELDS.find((field) => body[field] !== undefined && body[field] !== null) ?? null;
}

const fieldOf = (denial: NonNullable<Decision["denial"]>): string | null =>
  denial === "policy.embedding_model_unavailable" ? "model" : null;

const deny = (code: Denial["code"], field: string | null = null, provider: ProviderId | null = null) =>
  err({ code, field, provider });

/** INVARIANT: I1, asked of the decision itself, whatever made it, and again right before content leaves. */
export function isAllowed({ provider, zone, model }: Candidate, { forbidden }: Decision): boolean {
  return (
    !forbidden.zones.includes(zone) && !forbidden.providers.includes(provider) && !forbidden.models.includes(model)
  );
}

/** INVARIANT: no other function makes an AllowedTarget; a test looks for the cast. */
function allow({ provider, zone, model }: Candidate, { forbidden, effects }: Decision): AllowedTarget {
  const constrained = forbidden.zones.length + forbidden.providers.length + forbidden.models.length > 0;
  return { provider, zone, model, constrained, maxOutputTokens: effects.maxOutputTokens } as AllowedTarget;
}
