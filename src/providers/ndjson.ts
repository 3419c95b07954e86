import { ResponseTooLarge } from "./upstream-errors.ts";

/** More than any record of a model server; a longer line is no record but an attack on memory. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
/** What JSON takes for blank, besides the newline: CRLF ends a line too. */
const BLANKS = new Set([0x09, 0x0a, 0x0d, 0x20]);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Cuts a stream of bytes into lines, wherever the network cut it: inside a line, inside a character, or not at all.
 * Lines are bytes and keep their newline; blank ones, and a byte order mark before the first, are left out. Throws
 * `ResponseTooLarge` at a line beyond the bound.
 */
export class NdjsonLines {
  /** The beginning of the line that has no end yet; grows by doubling, so that a long one costs no more than its length. */
  #begun = new Uint8Array(0);
  #begunBytes = 0;
  #isFirst = true;

  push(bytes: Uint8Array): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const line = this.#complete(bytes.subarray(start, end + 1));
      if (!isBlank(line)) lines.push(line);
      start = end + 1;
    }
    this.#begin(bytes.subarray(start));
    return lines;
  }

  /** After the last byte: the line that nothing ended, with a newline; empty where there is none. */
  rest(): readonly Uint8Array[] {
    const line = this.#complete(new Uint8Array([NEWLINE]));
    return isBlank(line) ? [] : [line];
  }

  #complete(end: Uint8Array): Uint8Array {
    const line = this.#joined(end);
    const isMarked = this.#isFirst && BYTE_ORDER_MARK.every((byte, at) => line[at] === byte);
    this.#isFirst = false;
    return isMarked ? line.subarray(BYTE_ORDER_MARK.length) : line;
  }

  #joined(end: Uint8Array): Uint8Array {
    if (this.#begunBytes === 0 && end.byteLength <= MAX_LINE_BYTES) return end;
    this.#begin(end);
    const line = this.#begun.subarray(0, this.#begunBytes);
    this.#begun = new Uint8Array(0);
    this.#begunBytes = 0;
    return line;
  }

  #begin(piece: Uint8Array): void {
    const size = this.#begunBytes + piece.byteLength;
    if (size > MAX_LINE_BYTES) throw new ResponseTooLarge();
    if (size > this.#begun.byteLength) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#begun.byteLength));
      grown.set(this.#begun.subarray(0, this.#begunBytes));
      this.#begun = grown;
    }
    this.#begun.set(piece, this.#begunBytes);
    this.#begunBytes = size;
  }
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  return Bun.concatArrayBuffers([...pieces], Number.POSITIVE_INFINITY, true);
}

const isBlank = (line: Uint8Array): boolean => line.every((byte) => BLANKS.has(byte));
