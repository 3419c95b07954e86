import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { flushAsync } from "../flush.ts";

/** All that the spool asks of a file system; tests put faults behind it. Every method rejects with the system's error. */
export interface SpoolFiles {
  /** For this user alone, with the folders above it; nothing happens where it is there. */
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<readonly string[]>;
  /** In bytes. */
  size(path: string): Promise<number>;
  /** Up to `length` bytes from `position` on; fewer only at the end of the file. */
  read(path: string, position: number, length: number): Promise<Buffer>;
  /** An empty file that is not there yet, readable by this user alone. */
  create(path: string): Promise<SpoolFile>;
  /** In the place of what is called `to`, in one step. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes the directory's entries survive a power failure. */
  flushDirectory(path: string): Promise<void>;
}

/** Written from its beginning on. One call at a time. */
export interface SpoolFile {
  /** All of the bytes, or it rejects. */
  append(bytes: Uint8Array): Promise<void>;
  /** Makes what was appended survive a power failure. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export const systemFiles: SpoolFiles = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  list: (directory) => readdir(directory),
  size: async (path) => (await stat(path)).size,
  async read(path, position, length) {
    const file = await open(path, "r");
    try {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  },
  async create(path) {
    const file = await open(path, "wx", 0o600);
    return {
      async append(bytes) {
        let written = 0;
        while (written < bytes.length) {
          written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
        }
      },
      // Not fsync: times of the file are of no interest, and its size is flushed all the same.
      flush: () => file.datasync(),
      close: () => file.close(),
    };
  },
  rename,
  remove: (path) => rm(path),
  flushDirectory: flushAsync,
};
