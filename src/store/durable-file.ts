import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { flush, flushAsync } from "./flush.ts";

/**
 * Makes a file that only its owner reads, unless it is there already. Written beside and linked into place, so that the
 * name never holds half a file and the first of two processes wins. The directory, made where it is missing, is flushed
 * too: a file whose name a power failure takes away is lost. Throws what the system says.
 */
export function createOnce(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const partial = partialOf(path);
  try {
    writeFileSync(partial, text, { mode: 0o600, flag: "wx", flush: true });
    linkSync(partial, path);
    flush(dirname(path));
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
  } finally {
    rmSync(partial, { force: true });
  }
}

/**
 * Puts a file that anybody may read in the place of the one that is there, or makes it. Whoever reads it meanwhile sees
 * one of the two, and so does whoever reads it after a power failure. Throws what the system says.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = partialOf(path);
  try {
    await writeFile(partial, text, { mode: 0o644, flag: "wx", flush: true });
    await rename(partial, path);
    await flushAsync(dirname(path));
  } finally {
    await rm(partial, { force: true });
  }
}

/** What the system calls the reason of a failure. */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";

const partialOf = (path: string): string => `${path}.${crypto.randomUUID()}.partial`;
