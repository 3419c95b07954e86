import { join } from "node:path";
import type { SpoolFiles } from "./files.ts";
import { PARTIAL_SUFFIX, writeFile } from "./write-file.ts";

const DIRECTORY = "quarantine";

/** Files that nobody reads by themselves: bytes that are no frames any more, and records that the database refuses. */
export class Quarantine {
  readonly #files: SpoolFiles;
  readonly #directory: string;
  /** Of all files in it. */
  byteCount: number;

  private constructor(files: SpoolFiles, directory: string, byteCount: number) {
    this.#files = files;
    this.#directory = directory;
    this.byteCount = byteCount;
  }

  static async open(files: SpoolFiles, spoolDirectory: string): Promise<Quarantine> {
    const directory = join(spoolDirectory, DIRECTORY);
    await files.makeDirectory(directory);
    await files.flushDirectory(spoolDirectory);
    let byteCount = 0;
    for (const name of await files.list(directory)) {
      const path = join(directory, name);
      if (name.endsWith(PARTIAL_SUFFIX)) await files.remove(path);
      else byteCount += await files.size(path);
    }
    return new Quarantine(files, directory, byteCount);
  }

  /** On stable storage when it resolves. One of that name is replaced. */
  async keep(name: string, bytes: Uint8Array): Promise<void> {
    const file = await writeFile(this.#files, this.#directory, name, [bytes]);
    await file.close();
    this.byteCount += bytes.length;
  }
}
