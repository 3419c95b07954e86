import type { Session } from "../../src/store/embedded/session-queue.ts";

export const READY_IDLE = new Uint8Array([0x5a, 0, 0, 0, 5, 0x49]);
export const READY_IN_TRANSACTION = new Uint8Array([0x5a, 0, 0, 0, 5, 0x54]);

/** Answers "ready" to everything and throws at the messages it is told to. */
export function fakeSession(failing: readonly string[], seen: string[] = []): Session {
  return {
    runExclusive: (work) => work(),
    async execProtocolRawStream(bytes, { onRawData }) {
      await Promise.resolve();
      const text = new TextDecoder().decode(bytes.subarray(5, -1));
      seen.push(text);
      if (failing.includes(text)) throw new Error(text);
      onRawData(READY_IDLE);
    },
  };
}

/** A simple query of this text; the terminate message for `X`. */
export function message(text: string): Uint8Array {
  return text === "X" ? new Uint8Array([0x58, 0, 0, 0, 4]) : new Uint8Array(query(text));
}

export function query(sql: string): Buffer {
  const packet = Buffer.alloc(6 + sql.length);
  packet.write("Q");
  packet.writeInt32BE(packet.length - 1, 1);
  packet.write(sql, 5);
  return packet;
}
