import type { Features } from "../core/features.ts";
import type { CompiledProvider } from "./compiled.ts";

/** The model that a provider would answer with; null where it has none to embed with. Says nothing of what is allowed. */
export function answeringModel(provider: CompiledProvider, features: Features): string | null {
  const { wish, model, task, offeredBy } = features;
  if (wish === "auto") return task === "embedding" ? provider.defaultEmbeddingModel : provider.defaultModel;
  const wished = model !== null && offeredBy.includes(provider.id) ? modelForWish(provider, model) : null;
  return wished ?? modelInstead(provider, task);
}

/** Its own name for the model wished for; null where it may not be asked for that. */
export function modelForWish({ declared, wishes }: CompiledProvider, model: string): string | null {
  const own = wishes.get(model) ?? model;
  return declared === null || declared.has(own) ? own : null;
}

/** Any model can chat in the place of another, but vectors of different models do not compare. */
export const modelInstead = (provider: CompiledProvider, task: Features["task"]): string | null =>
  task === "embedding" ? null : provider.defaultModel;
