import { isUtf8 } from "node:buffer";
import type { JsonValue } from "../core/json.ts";
import { parseJson } from "./json.ts";
import { ResponseTooLarge } from "./upstream-errors.ts";

/** One event of a `text/event-stream` body (WHATWG HTML, 9.2.6) that has data. */
export type SseEvent = {
  /** As it came, with the blank line that ends it. */
  readonly bytes: Uint8Array;
  /** Several lines of data are joined by line feeds. */
  readonly data: string;
  /** Of the `event` field; null where there is none. */
  readonly name: string | null;
  /** `bytes` are `data: <one line>` and two line feeds, so they can go out as they are. */
  readonly plain: boolean;
};

/** Largest event that is put together; a longer one ends the stream, so that a provider cannot exhaust memory. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DATA = 0x64617461;
const COLON_SPACE = 0x3a20;
const PLAIN_START = "data: ".length;

/**
 * Cuts a body into its events wherever the network cut it. Each byte is looked at once. An event that lies in one read
 * is a view of it; only one that spans reads is copied. What follows the last blank line is no event and is never given.
 */
export class SseSplitter {
  readonly #maxEventBytes: number;
  /** The event under way, from reads before this one. */
  #pending: Buffer = Buffer.alloc(0);
  #pendingBytes = 0;
  #lineHasBytes = false;
  /** Lines that ended in the event under way. */
  #lines = 0;
  #hasCarriageReturn = false;
  /** The last byte was a carriage return: a line feed that follows is part of the same line end. */
  #mayFollowLineFeed = false;
  #isFirst = true;

  constructor(maxEventBytes = MAX_EVENT_BYTES) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** The events that end in `read`. Throws `ResponseTooLarge`. */
  push(read: Uint8Array): SseEvent[] {
    const bytes = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
    const events: SseEvent[] = [];
    let at = this.#mayFollowLineFeed && bytes[0] === LINE_FEED ? 1 : 0;
    let start = this.#pendingBytes === 0 ? at : 0;
    if (bytes.length > 0) this.#mayFollowLineFeed = false;
    let lineFeed = bytes.indexOf(LINE_FEED, at);
    let carriageReturn = bytes.indexOf(CARRIAGE_RETURN, at);
    while (at < bytes.length) {
      if (lineFeed !== -1 && lineFeed < at) lineFeed = bytes.indexOf(LINE_FEED, at);
      if (carriageReturn !== -1 && carriageReturn < at) carriageReturn = bytes.indexOf(CARRIAGE_RETURN, at);
      const lineEnd = earlier(lineFeed, carriageReturn);
      if (lineEnd > at || lineEnd === -1) this.#lineHasBytes = true;
      if (lineEnd === -1) break;
      at = lineEnd + 1;
      if (lineEnd === carriageReturn) {
        this.#hasCarriageReturn = true;
        if (at === bytes.length) this.#mayFollowLineFeed = true;
        else if (bytes[at] === LINE_FEED) at += 1;
      }
      if (this.#lineHasBytes) {
        this.#lineHasBytes = false;
        this.#lines += 1;
        continue;
      }
      const event = this.#finish(bytes.subarray(start, at));
      if (event !== null) events.push(event);
      start = at;
    }
    this.#keep(bytes.subarray(start));
    return events;
  }

  /** Adds to the event under way, in a buffer that doubles, so that many small reads cost no more than a large one. */
  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    const size = this.#pendingBytes + piece.length;
    if (size > this.#maxEventBytes) throw new ResponseTooLarge();
    if (size > this.#pending.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#pending.length));
      this.#pending.copy(grown, 0, 0, this.#pendingBytes);
      this.#pending = grown;
    }
    piece.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes = size;
  }

  #finish(piece: Buffer): SseEvent | null {
    let bytes = piece;
    if (this.#pendingBytes > 0) {
      this.#keep(piece);
      bytes = this.#pending.subarray(0, this.#pendingBytes);
      // Whoever gets the event owns this memory now.
      this.#pending = Buffer.alloc(0);
      this.#pendingBytes = 0;
    } else if (piece.length > this.#maxEventBytes) throw new ResponseTooLarge();
    const isOneLine = this.#lines === 1 && !this.#hasCarriageReturn;
    const isFirst = this.#isFirst;
    this.#lines = 0;
    this.#hasCarriageReturn = false;
    this.#isFirst = false;
    if (isOneLine && startsPlain(bytes)) {
      return { bytes, data: bytes.toString("utf8", PLAIN_START, bytes.length - 2), name: null, plain: true };
    }
    return readFields(bytes, isFirst);
  }
}

const earlier = (a: number, b: number): number => (a === -1 ? b : b === -1 ? a : Math.min(a, b));

function startsPlain(bytes: Buffer): boolean {
  return bytes.length > PLAIN_START && bytes.readUInt32BE(0) === DATA && bytes.readUInt16BE(4) === COLON_SPACE;
}

/** Null for an event without data, such as one of comments. */
function readFields(bytes: Buffer, isFirst: boolean): SseEvent | null {
  const text = bytes.toString("utf8");
  // A byte order mark may only open the stream.
  const lines = (isFirst && text.startsWith("\uFEFF") ? text.slice(1) : text).split(/\r\n|\n|\r/);
  const data: string[] = [];
  let name: string | null = null;
  for (const line of lines) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") data.push(value);
    if (field === "event") name = value;
  }
  return data.length === 0 ? null : { bytes, data: data.join("\n"), name, plain: false };
}

/** Undefined where an event's data is no JSON, or its bytes are no UTF-8, which decoding hides. */
export function parseEvent({ bytes, data }: SseEvent): JsonValue | undefined {
  return data.includes("\uFFFD") && !isUtf8(bytes) ? undefined : parseJson(data);
}

/** An event as every client of the OpenAI protocol reads it: one line of data. */
export const toSse = (body: object): Uint8Array => Buffer.from(`data: ${JSON.stringify(body)}\n\n`);
