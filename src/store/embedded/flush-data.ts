import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../durable-file.ts";
import { flushAsync } from "../flush.ts";

/** Clocks of file systems are coarse: a file that was written this short before may be written again at the same time. */
const COARSE_MS = 2_000;

/**
 * Makes what the embedded database has written so far survive a power failure: PGlite leaves that to the operating
 * system. Answers false where it cannot be done; then nothing is known. Files that have not changed since the last time
 * are left alone.
 */
export function dataFlusher(directory: string, flushFile = flushAsync): () => Promise<boolean> {
  const flushedTimes = new Map<string, number>();

  async function flushOne(path: string): Promise<void> {
    const lookedAtMs = Date.now();
    const { mtimeMs } = await stat(path);
    if (flushedTimes.get(path) === mtimeMs) return;
    await flushFile(path);
    if (mtimeMs < lookedAtMs - COARSE_MS) flushedTimes.set(path, mtimeMs);
  }

  return async () => {
    try {
      const names = await readdir(directory, { recursive: true });
      for (const path of [directory, ...names.map((name) => join(directory, name))]) {
        await flushOne(path).catch((cause: unknown) => {
          // The database removes files of its own while this goes on.
          if (codeOf(cause) !== "ENOENT") throw cause;
        });
      }
      return true;
    } catch {
      return false;
    }
  };
}
