const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines of UTF-8. Null for a line that is too long, which it does not keep, or no UTF-8. */
export class LineReader {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Uint8Array): Generator<string | null> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
  }

  /** The last line needs no newline. */
  *end(): Generator<string | null> {
    if (this.#size > 0) yield this.#take();
  }

  #add(bytes: Uint8Array): void {
    this.#size += bytes.byteLength;
    if (this.#size > this.#maxBytes) this.#chunks = [];
    else if (bytes.byteLength > 0) this.#chunks.push(bytes.slice());
  }

  #take(): string | null {
    const bytes = Buffer.concat(this.#chunks);
    const isWhole = this.#size <= this.#maxBytes;
    this.#chunks = [];
    this.#size = 0;
    if (!isWhole) return null;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return null;
    }
  }
}
