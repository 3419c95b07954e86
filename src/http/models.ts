import { Elysia } from "elysia";
import type { ProviderId } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import { AUTO_MODEL, parseModelWish, withOllamaTag } from "../core/models.ts";
import type { KnownModel, Provider, ProviderState } from "../core/provider.ts";
import { REASONS } from "../core/reasons.ts";
import type { Providers } from "../gateway/deps.ts";
import { providerOfWish } from "../gateway/plan.ts";
import { Refusal } from "./problem.ts";
import { ModelBody, ModelsBody } from "./schemas/models.ts";
import { OPENAI_PROBLEMS } from "./schemas/openai-problem.ts";

/** Look-ups are shared and bounded; within this time none is repeated. */
const LIST_MAX_AGE_MS = 10_000;
/** When models count as created whose provider does not say: the protocol wants a time, clients only sort by it. */
const CREATED_SECONDS = Date.UTC(2026, 0, 1) / 1_000;

/** `GET /v1/models` and `GET /v1/models/{id}` of the OpenAI protocol. */
export function modelRoutes(providers: Providers) {
  return (
    new Elysia({ name: "policy-mesh/models" })
      .get("/v1/models", async () => ({ object: "list" as const, data: await listModels(providers) }), {
        parse: "json",
        response: { ...OPENAI_PROBLEMS, 200: ModelsBody },
        detail: {
          summary: "Models",
          description:
            "`auto`, by which policy chooses; the cloud provider's models; the local provider's as `local/NAME`. A provider that cannot be reached adds none.",
          tags: ["openai"],
        },
      })
      // Names of models have slashes in them, which not every client escapes.
      .get("/v1/models/*", ({ params }) => findModel(providers, decoded(params["*"])), { detail: { hide: true } })
      .get("/v1/models/:id", ({ params }) => findModel(providers, decoded(params.id)), {
        parse: "json",
        response: { ...OPENAI_PROBLEMS, 200: ModelBody },
        detail: {
          summary: "One model",
          description: "By the name that the list gives, or any other that a request may wish for.",
          tags: ["openai"],
        },
      })
  );
}

async function listModels(providers: Providers): Promise<ModelBody[]> {
  const [cloud, local] = await Promise.all([usable(providers.openai), usable(providers.local)]);
  return [
    autoModel(),
    ...cloud.map((model) => entry(model.name, model, "openai")),
    ...local.map((model) => entry(`local/${model.name}`, model, "local")),
  ];
}

async function findModel(providers: Providers, id: string): Promise<ModelBody> {
  const wish = parseModelWish(id);
  if (wish === null) return autoModel();
  const [cloud, local] = await Promise.all([usable(providers.openai), usable(providers.local)]);
  const provider = providerOfWish(wish, providers) ?? "openai";
  const found =
    provider === "local"
      ? local.find(({ name }) => name === withOllamaTag(wish.model))
      : cloud.find(({ name }) => name === wish.model);
  if (found !== undefined) return entry(id, found, provider);
  throw new Refusal("request.model_not_found", REASONS["request.model_not_found"].meaning, { field: "model" });
}

/**
 * The models that a provider may be asked for now. One that keeps no list has its default model, unless it cannot be
 * asked at all.
 */
export async function usable(provider: Provider): Promise<readonly KnownModel[]> {
  const state = await provider.check(LIST_MAX_AGE_MS);
  const listed = provider.models();
  if (listed.length > 0 || isAway(state) || provider.zone === "local") return listed;
  return [{ name: provider.defaultModel, listing: null }];
}

const isAway = (state: ProviderState): boolean =>
  state.status === "down" && ["unreachable", "authentication", "timeout"].includes(state.failure.category);

const autoModel = (): ModelBody => ({
  id: AUTO_MODEL,
  object: "model",
  created: CREATED_SECONDS,
  owned_by: "policy-mesh",
});

function entry(id: string, { listing }: KnownModel, provider: ProviderId): ModelBody {
  return { id, object: "model", created: createdSeconds(listing), owned_by: provider };
}

/** OpenAI's lists say `created` in seconds, Ollama's `modified_at` as a date. */
function createdSeconds(listing: JsonObject | null): number {
  const { created, modified_at: modifiedAt } = listing ?? {};
  if (typeof created === "number" && Number.isSafeInteger(created)) return created;
  const modifiedMs = typeof modifiedAt === "string" ? Date.parse(modifiedAt) : Number.NaN;
  return Number.isNaN(modifiedMs) ? CREATED_SECONDS : Math.floor(modifiedMs / 1_000);
}

/** A name that is not well escaped is taken as it is: no model has it. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
