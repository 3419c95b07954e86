export type Element = string | number | boolean | null;

/** The text form of a one-dimensional PostgreSQL array, to be cast to the type of its elements. */
export function arrayLiteral(elements: readonly Element[]): string {
  const json = JSON.stringify(elements);
  return `{${OTHER_ESCAPE.test(json) ? elements.map(literal).join(",") : json.slice(1, -1)}}`;
}

/**
 * JSON writes a list's elements as PostgreSQL does an array's, and ten times faster than code can. But PostgreSQL takes
 * an escaped character for itself, so no other may be escaped than a quote and a backslash. What this takes for one, and
 * is not, is only slower.
 */
const OTHER_ESCAPE = /\\[^"\\]/;

const literal = (element: Element): string =>
  typeof element === "string" ? `"${element.replace(/["\\]/g, "\\$&")}"` : String(element);
