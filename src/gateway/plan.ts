import type { ChatRequest, ModelWish, Task } from "../core/chat.ts";
import type { AllowedTarget, Decision, ProviderId } from "../core/decision.ts";
import { isOllamaCloudName } from "../core/models.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Providers } from "./deps.ts";

export type Denial = {
  readonly code:
    | "policy.cloud_model_refused"
    | "policy.no_compliant_route"
    | "policy.embedding_model_unavailable"
    | "request.untranslatable_field";
  /** The field of the request at fault, where one is. */
  readonly field: string | null;
  /** Who could not carry it, where that is why. */
  readonly provider: ProviderId | null;
};

/** Where a request may go, in the order to try. */
export type Targets = readonly [AllowedTarget, ...AllowedTarget[]];

/** The only maker of `AllowedTarget`: what a decision routes to, less what it forbids and what cannot carry the request. */
export function plan(decision: Decision, request: ChatRequest, providers: Providers): Result<Targets, Denial> {
  const { wish } = request;
  if (wish !== null && namesCloudModel(wish, providers)) return deny("policy.cloud_model_refused", "model");
  const compliant = decision.route
    .map((id) => providers[id])
    .filter((provider) => !decision.forbiddenZones.includes(provider.zone));
  const [preferred] = compliant;
  if (preferred === undefined) return deny("policy.no_compliant_route");

  const able = compliant.filter((provider) => provider.unsupportedField(request) === null);
  if (able.length === 0) {
    return deny("request.untranslatable_field", preferred.unsupportedField(request), preferred.id);
  }
  const [first, ...rest] = able.flatMap((provider) => {
    const model = chooseModel(provider, request.task, wish, providers);
    const constrained = decision.forbiddenZones.length > 0;
    return model === null ? [] : [allow({ provider: provider.id, zone: provider.zone, model, constrained })];
  });
  return first === undefined ? deny("policy.embedding_model_unavailable", "model") : ok([first, ...rest]);
}

const deny = (code: Denial["code"], field: string | null = null, provider: ProviderId | null = null) =>
  err({ code, field, provider });

type Unbranded = Pick<AllowedTarget, "provider" | "zone" | "model" | "constrained">;

/** INVARIANT: no other function makes an AllowedTarget; a test looks for the cast. */
function allow(target: Unbranded): AllowedTarget {
  return target as AllowedTarget;
}

/** The provider that has the model wished for; asks nobody, so null too where none is known to. */
export function providerOfWish(wish: ModelWish | null, { local, openai }: Providers): ProviderId | null {
  if (wish === null) return null;
  if (wish.provider !== null) return wish.provider;
  if (local.has(wish.model) === "yes") return "local";
  return openai.has(wish.model) === "yes" ? "openai" : null;
}

/**
 * A name that means "hosted, by way of the local server" is refused wherever the request would go, so that nobody takes
 * it for a way around policy. One that the cloud provider lists as its own means that.
 */
function namesCloudModel({ model }: ModelWish, { local, openai }: Providers): boolean {
  return (isOllamaCloudName(model) || local.has(model) === "remote") && openai.has(model) !== "yes";
}

/**
 * The client's wish where the chosen provider has that model, else the provider's own default. Null where that would
 * be an embedding by another model than the one wished for.
 */
function chooseModel(provider: Provider, task: Task, wish: ModelWish | null, providers: Providers): string | null {
  const isEmbedding = task.kind === "embedding";
  const standard = isEmbedding ? provider.defaultEmbeddingModel : provider.defaultModel;
  if (wish === null) return standard;
  const isElsewhere = wish.provider !== null && wish.provider !== provider.id;
  if (!isElsewhere && isTrusted(provider, wish, isEmbedding, providers)) return wish.model;
  return isEmbedding ? null : standard;
}

/**
 * A cloud server that lists no models is taken at the client's word, unless the name is one of the local provider's; the
 * local one only for an embedding, which has no other model to fall back on.
 */
function isTrusted(provider: Provider, wish: ModelWish, isEmbedding: boolean, providers: Providers): boolean {
  const availability = provider.has(wish.model);
  if (availability !== "unknown") return availability === "yes";
  if (provider.id === "local") return isEmbedding;
  return wish.provider === provider.id || !isLocalModel(wish.model, providers);
}

function isLocalModel(model: string, { local }: Providers): boolean {
  return model === local.defaultModel || local.has(model) === "yes";
}
