/** Longer than any head of a data URL that names a type of image. */
const MAX_HEAD_LENGTH = 256;

const headOf = (url: string) =>
  /^data:(image\/[a-z0-9.+-]+)?(?:;[^,;]+)*?;base64,/i.exec(url.slice(0, MAX_HEAD_LENGTH));

/** Whether a URL is one of a base64 image (RFC 2397), by its head alone. */
export const isImageDataUrl = (url: string): boolean => headOf(url) !== null;

/**
 * The image in a base64 data URL; null for every other URL, `malformed` where what it holds is no base64.
 * `mediaType` is null where the URL leaves it out, as Ollama allows.
 */
export function imageOfDataUrl(
  url: string,
): { readonly mediaType: string | null; readonly base64: string } | "malformed" | null {
  const head = headOf(url);
  if (head === null) return null;
  const base64 = url.slice(head[0].length);
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return "malformed";
  return { mediaType: head[1]?.toLowerCase() ?? null, base64 };
}
