import { join } from "node:path";
import type { SpoolFile, SpoolFiles } from "./files.ts";

/** Of files that were not finished; whoever opens the spool removes them. */
export const PARTIAL_SUFFIX = ".partial";

/**
 * Makes a file with these contents, in the place of one that is there: after a crash it is all there or not at all. On
 * stable storage when it resolves. The file stays open to be appended to.
 */
export async function writeFile(
  files: SpoolFiles,
  directory: string,
  name: string,
  parts: Iterable<Uint8Array>,
): Promise<SpoolFile> {
  const path = join(directory, name);
  const file = await files.create(path + PARTIAL_SUFFIX);
  try {
    for (const part of parts) await file.append(part);
    await file.flush();
    await files.rename(path + PARTIAL_SUFFIX, path);
    await files.flushDirectory(directory);
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}
