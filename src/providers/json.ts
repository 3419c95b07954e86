import type { JsonValue } from "../core/json.ts";

/** Deeper than any protocol of models nests. What nests much deeper ends the stack of whoever writes it as JSON again. */
const MAX_DEPTH = 256;

/** Undefined where the text is no JSON, or nests too deep. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    // A level takes two characters at least, so that the pieces of a stream are hardly ever walked through.
    return text.length <= 2 * MAX_DEPTH || isShallow(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of what `JSON.parse` gave, which has no cycles. */
export function isShallow(value: JsonValue | undefined, levels = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  const inner: readonly JsonValue[] = Array.isArray(value) ? value : Object.values(value);
  return inner.every((each) => isShallow(each, levels - 1));
}
