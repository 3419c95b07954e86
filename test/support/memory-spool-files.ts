import { basename, dirname } from "node:path";
import type { SpoolFile, SpoolFiles } from "../../src/store/spool/files.ts";

/** What is asked of the file system, as a fault names it. */
export type FileStep = "create" | "append" | "flush" | "rename" | "remove" | "flushDirectory" | "read";

type Content = {
  bytes: Buffer;
  /** What of it a power failure leaves for sure. */
  flushed: Buffer;
  /** After a flush that failed the system takes its pages for clean: later ones succeed and flush nothing of them. */
  dropped: boolean;
};

/**
 * A file system in memory that keeps apart what programs see and what is on stable storage: bytes that were not flushed,
 * and names in directories that were not flushed, may be gone after a power failure.
 */
export class MemorySpoolFiles implements SpoolFiles {
  readonly #names = new Map<string, Content>();
  readonly #flushedNames = new Map<string, Content>();
  /** Asked before every step; what it gives is what the system answers instead. A torn write leaves `written` bytes. */
  fault: (step: FileStep, path: string) => { readonly code: string; readonly written?: number } | null = () => null;
  /** Waited for in every flush. */
  whileFlushing: () => Promise<void> = async () => {};
  readonly steps: FileStep[] = [];

  async makeDirectory(): Promise<void> {}

  async list(directory: string): Promise<readonly string[]> {
    return [...this.#names.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path));
  }

  async size(path: string): Promise<number> {
    return this.#content(path).bytes.length;
  }

  async read(path: string, position: number, length: number): Promise<Buffer> {
    this.#step("read", path);
    return Buffer.from(this.#content(path).bytes.subarray(position, position + length));
  }

  async create(path: string): Promise<SpoolFile> {
    this.#step("create", path);
    if (this.#names.has(path)) throw systemError("EEXIST");
    const content: Content = { bytes: Buffer.alloc(0), flushed: Buffer.alloc(0), dropped: false };
    this.#names.set(path, content);
    return this.#fileOver(path, content);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step("rename", to);
    const content = this.#content(from);
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  async remove(path: string): Promise<void> {
    this.#step("remove", path);
    this.#content(path);
    this.#names.delete(path);
  }

  async flushDirectory(directory: string): Promise<void> {
    this.#step("flushDirectory", directory);
    for (const path of this.#flushedNames.keys()) {
      if (dirname(path) === directory && !this.#names.has(path)) this.#flushedNames.delete(path);
    }
    for (const [path, content] of this.#names) {
      if (dirname(path) === directory) this.#flushedNames.set(path, content);
    }
  }

  /**
   * What a machine finds that lost its power now: names as they were flushed, and of each file's unflushed bytes as many
   * as `kept` says of their number.
   */
  afterPowerFailure(kept: (unflushedBytes: number) => number): MemorySpoolFiles {
    const after = new MemorySpoolFiles();
    for (const [path, { bytes, flushed }] of this.#flushedNames) {
      after.put(path, bytes.subarray(0, flushed.length + kept(bytes.length - flushed.length)));
    }
    return after;
  }

  /** What the next process on this machine finds: all that was written, flushed or not. */
  afterKill(): MemorySpoolFiles {
    const after = new MemorySpoolFiles();
    for (const [path, content] of this.#names) after.#names.set(path, { ...content });
    for (const [path, content] of this.#flushedNames) {
      after.#flushedNames.set(path, this.#names.get(path) === content ? (after.#names.get(path) ?? content) : content);
    }
    return after;
  }

  put(path: string, bytes: Uint8Array): void {
    const content: Content = { bytes: Buffer.from(bytes), flushed: Buffer.from(bytes), dropped: false };
    this.#names.set(path, content);
    this.#flushedNames.set(path, content);
  }

  get(path: string): Buffer {
    return Buffer.from(this.#content(path).bytes);
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  #fileOver(path: string, content: Content): SpoolFile {
    return {
      append: async (bytes) => {
        this.steps.push("append");
        const fault = this.fault("append", path);
        const written = fault === null ? bytes.length : (fault.written ?? 0);
        content.bytes = Buffer.concat([content.bytes, bytes.subarray(0, written)]);
        if (fault !== null) throw systemError(fault.code);
      },
      flush: async () => {
        const bytes = content.bytes;
        await this.whileFlushing();
        try {
          this.#step("flush", path);
        } catch (cause) {
          content.dropped = true;
          throw cause;
        }
        if (!content.dropped) content.flushed = bytes;
      },
      close: async () => {},
    };
  }

  #step(step: FileStep, path: string): void {
    this.steps.push(step);
    const fault = this.fault(step, path);
    if (fault !== null) throw systemError(fault.code);
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw systemError("ENOENT");
    return content;
  }
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: as the test wants it`), { code });
