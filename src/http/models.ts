import { Elysia } from "elysia";
import { LOCAL_ZONE, type ProviderId } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import { AUTO_MODEL, wishOf } from "../core/models.ts";
import type { KnownModel, ProviderState } from "../core/provider.ts";
import { REASONS } from "../core/reasons.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Deps } from "../gateway/deps.ts";
import { isSameModel, type KnownProvider, knownProviders, providerOfWish, readModelName } from "../gateway/wish.ts";
import { Refusal } from "./problem.ts";
import { ModelBody, ModelsBody } from "./schemas/models.ts";
import { OPENAI_PROBLEMS } from "./schemas/openai-problem.ts";

/** Look-ups are shared and bounded; within this time none is repeated. */
const LIST_MAX_AGE_MS = 10_000;
/** When models count as created whose provider does not say: the protocol wants a time, clients only sort by it. */
const CREATED_SECONDS = Date.UTC(2026, 0, 1) / 1_000;

/** `GET /v1/models` and `GET /v1/models/{id}` of the OpenAI protocol. */
export function modelRoutes({ active }: Pick<Deps, "active">) {
  return (
    new Elysia({ name: "policy-mesh/models" })
      .get("/v1/models", async () => ({ object: "list" as const, data: await listModels(active()) }), {
        parse: "json",
        response: { ...OPENAI_PROBLEMS, 200: ModelsBody },
        detail: {
          summary: "Models",
          description:
            "`auto`, by which policy chooses; the models of the first provider outside the local zone; those of all others as `PROVIDER/NAME`. A provider that cannot be reached adds none.",
          tags: ["openai"],
        },
      })
      // Names of models have slashes in them, which not every client escapes.
      .get("/v1/models/*", ({ params }) => findModel(active(), decoded(params["*"])), { detail: { hide: true } })
      .get("/v1/models/:id", ({ params }) => findModel(active(), decoded(params.id)), {
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

async function listModels(active: ActivePolicy): Promise<ModelBody[]> {
  const known = knownProviders(active);
  const plain = plainlyNamed(active);
  const lists = await Promise.all(known.map(usable));
  const entries = known.flatMap(({ spec }, index) =>
    (lists[index] ?? []).map((model) =>
      entry(spec.id === plain ? model.name : `${spec.id}/${model.name}`, model, spec.id),
    ),
  );
  // Those under their plain names first, as clients show them in this order.
  return [
    autoModel(),
    ...entries.toSorted((one, other) => Number(other.owned_by === plain) - Number(one.owned_by === plain)),
  ];
}

async function findModel(active: ActivePolicy, id: string): Promise<ModelBody> {
  const name = wishOf(id);
  if (name === null) return autoModel();
  const wish = readModelName(name, "openai_chat", active);
  const provider = providerOfWish(wish, active) ?? plainlyNamed(active);
  const known = knownProviders(active).find(({ spec }) => spec.id === provider);
  const found =
    known === undefined
      ? undefined
      : (await usable(known)).find((model) => isSameModel(known.spec, model.name, wish.model));
  if (found !== undefined && known !== undefined) return entry(id, found, known.spec.id);
  throw new Refusal("request.model_not_found", REASONS["request.model_not_found"].meaning, { field: "model" });
}

/** The provider whose models are listed without its name before theirs. */
const plainlyNamed = ({ policy }: ActivePolicy): ProviderId | null =>
  policy.providers.find(({ zone }) => zone !== LOCAL_ZONE)?.id ?? null;

/**
 * The models that a provider may be asked for now. One that keeps no list has its default model, unless it cannot be
 * asked at all; of one that may only be asked for some, those and the names that stand for them.
 */
export async function usable({ spec, provider }: KnownProvider): Promise<readonly KnownModel[]> {
  const state = await provider.check(LIST_MAX_AGE_MS);
  const listed = provider.models();
  if (spec.declared !== null) {
    if (isAway(state)) return [];
    const names = new Set([...spec.declared.keys(), ...spec.wishes.keys()]);
    return [...names].map(
      (name) => listed.find((model) => isSameModel(spec, model.name, name)) ?? { name, listing: null },
    );
  }
  if (listed.length > 0 || isAway(state) || spec.kind === "ollama") return listed;
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
