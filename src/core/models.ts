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
