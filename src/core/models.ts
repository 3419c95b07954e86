import type { ModelWish } from "./chat.ts";
import type { ProviderId } from "./decision.ts";

/**
 * What model names of Ollama and OpenAI-compatible servers are made of; short, so that a name is no place for content.
 * As a string, since it is also the `pattern` of a JSON Schema.
 */
export const MODEL_NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$";
const MODEL_NAME = new RegExp(MODEL_NAME_PATTERN);

export const isModelName = (name: string): boolean => MODEL_NAME.test(name);

/** The name that a provider gives in its answer, or `asked` where that is no name: it is put on record. */
export function reportedModel(reported: string | undefined, asked: string): string {
  return reported !== undefined && isModelName(reported) ? reported : asked;
}

/**
 * Ollama forwards models whose tag is `cloud` or ends in `-cloud` to its hosted service, so such a name is not local
 * even though a local server answers for it.
 */
export function isOllamaCloudName(model: string): boolean {
  return /[:-]cloud$/i.test(model.trim());
}

/** The name that leaves the choice of model to policy. */
export const AUTO_MODEL = "auto";

/** What a client that gives `name` as its model wishes for; `auto` is no wish. */
export function wishOf(name: string | null | undefined): string | null {
  return name == null || name === AUTO_MODEL || name === withOllamaTag(AUTO_MODEL) ? null : name;
}

/** `<provider>/<model>` names both, if there is such a provider; any other name, slashes or not, is a model's. */
export function parseModelWish(name: string, providers: Iterable<ProviderId>): ModelWish {
  const provider = [...providers].find((id) => name.startsWith(`${id}/`) && name.length > id.length + 1);
  return provider === undefined
    ? { provider: null, model: name }
    : { provider, model: name.slice(provider.length + 1) };
}

const DEFAULT_TAG = ":latest";

/** Ollama takes a name without a tag as `:latest`. */
export function withOllamaTag(model: string): string {
  const lastSegment = model.slice(model.lastIndexOf("/") + 1);
  return lastSegment.includes(":") ? model : `${model}${DEFAULT_TAG}`;
}

/** The name itself where it has another tag, or none. */
export const withoutDefaultTag = (model: string): string =>
  model.endsWith(DEFAULT_TAG) ? model.slice(0, -DEFAULT_TAG.length) : model;
