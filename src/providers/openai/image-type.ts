/** How the images that models read begin, in base64. */
const BEGINNINGS = [
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
] as const;

/** For images of a protocol that does not say: Ollama's. PNG where the image does not show it either. */
export function imageMediaType(base64: string): string {
  return BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? "image/png";
}
