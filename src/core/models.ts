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

/** Ollama takes a name without a tag as `:latest`. */
export function withOllamaTag(model: string): string {
  const lastSegment = model.slice(model.lastIndexOf("/") + 1);
  return lastSegment.includes(":") ? model : `${model}:latest`;
}
