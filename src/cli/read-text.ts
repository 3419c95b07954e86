import { err, ok, type Result } from "../core/result.ts";

/** Reads UTF-8 to its end, and not more than `maxBytes` of it. A byte order mark is no part of the text. */
export async function readText(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Result<string, "too_large" | "not_utf8">> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) return err("too_large");
    chunks.push(chunk);
  }
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    return err("not_utf8");
  }
}
