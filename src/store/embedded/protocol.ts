/** The few messages of PostgreSQL's protocol, version 3, that the queue has to know. */

const encoder = new TextEncoder();
export const SYNC = new Uint8Array([0x53, 0, 0, 0, 4]);
const TERMINATE = 0x58;
/** A type byte and a length. Only the startup packet has no type byte: it begins with the zero of its length. */
const MIN_MESSAGE_LENGTH = 5;
const PROTOCOL_3_0 = 196_608;
/** ReadyForQuery is `Z`, length 5, and one status byte: `I` idle, `T` in a transaction, `E` in a failed one. */
const READY_LENGTH_BYTES = 6;
const READY = 0x5a;
const IDLE = 0x49;

export function isTerminate(message: Uint8Array): boolean {
  return message[0] === TERMINATE;
}

/** PGlite waits for ever for the rest of a message that is shorter than it says: the handler then closes the socket. */
export function isWellFormed(message: Uint8Array): boolean {
  if (message.length < MIN_MESSAGE_LENGTH) return false;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message[0] !== 0) return view.getInt32(1) === message.length - 1;
  return message.length > 8 && view.getInt32(0) === message.length && view.getInt32(4) === PROTOCOL_3_0;
}

/** `data` is a view into PostgreSQL's memory that the next message overwrites: hence the copy. */
export function lastBytes(tail: Uint8Array<ArrayBuffer>, data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.length >= READY_LENGTH_BYTES) return data.slice(-READY_LENGTH_BYTES) as Uint8Array<ArrayBuffer>;
  const both = new Uint8Array(tail.length + data.length);
  both.set(tail);
  both.set(data, tail.length);
  return both.slice(-READY_LENGTH_BYTES);
}

export function endsIdle(tail: Uint8Array): boolean {
  return tail.length === READY_LENGTH_BYTES && tail[0] === READY && tail[4] === 5 && tail[5] === IDLE;
}

export function simpleQuery(sql: string): Uint8Array {
  const text = encoder.encode(sql);
  const message = new Uint8Array(text.length + 6);
  message[0] = 0x51;
  new DataView(message.buffer).setInt32(1, text.length + 5);
  message.set(text, 5);
  return message;
}
