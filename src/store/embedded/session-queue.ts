import type { PGlite } from "@electric-sql/pglite";
import discardAll from "../../../db/queries/session/discard_all.sql" with { type: "text" };
import rollback from "../../../db/queries/session/rollback.sql" with { type: "text" };
import { endsIdle, isTerminate, isWellFormed, lastBytes, SYNC, simpleQuery } from "./protocol.ts";

/**
 * PGlite is one PostgreSQL session; several sockets share it. This queue gives the session to one connection at a time
 * and takes it back only when PostgreSQL says "ready for query, no transaction", so that neither transactions nor the
 * parse/bind/execute/sync messages of the extended protocol of two connections ever mix.
 *
 * It stands in for the queue inside pglite-socket, which passes the session on between any two messages outside a
 * transaction, stops for good when one message throws, and hangs when a client dies while its BEGIN runs.
 */

type Turn = {
  readonly connection: number;
  readonly message: Uint8Array;
  readonly onData: (data: Uint8Array) => void;
  readonly resolve: (bytes: number) => void;
  readonly reject: (cause: Error) => void;
};

/** The part of PGlite that the queue uses; tests put a fake here. */
export type Session = Pick<PGlite, "execProtocolRawStream" | "runExclusive">;

/** Not a socket: pglite-socket numbers its connections from one. */
export const MAINTENANCE_CONNECTION = 0;

export class SessionQueue {
  readonly #session: Session;
  readonly #open = new Set<number>();
  #waiting: Turn[] = [];
  #owner: number | null = null;
  #running = false;
  /** Set when a connection went away and the session may still hold something of it. */
  #cleanUp = false;
  #receivedBytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** All that clients have sent so far: how much work there has been. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Called by pglite-socket's handler for each whole protocol message. Resolves to the bytes sent in answer. */
  enqueue(connection: number, message: Uint8Array, onData: (data: Uint8Array) => void): Promise<number> {
    if (isTerminate(message)) return Promise.resolve(0);
    if (!isWellFormed(message)) return Promise.reject(new Error("not a message of PostgreSQL's protocol"));
    this.#open.add(connection);
    if (connection !== MAINTENANCE_CONNECTION) this.#receivedBytes += message.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ connection, message, onData, resolve, reject });
      void this.#run();
    });
  }

  /** Called by the handler when its socket is gone: what it still wanted is not wanted any more. */
  clearQueueForHandler(connection: number): void {
    const gone = this.#waiting.filter((turn) => turn.connection === connection);
    this.#waiting = this.#waiting.filter((turn) => turn.connection !== connection);
    for (const turn of gone) turn.reject(new Error("the connection was closed"));
  }

  /** Called by the handler after `clearQueueForHandler`. Whatever the connection left open is undone. */
  clearTransactionIfNeeded(connection: number): Promise<void> {
    if (!this.#open.delete(connection)) return Promise.resolve();
    this.#cleanUp ||= this.#owner === connection || this.#open.size === 0;
    return this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (;;) {
        if (this.#cleanUp) await this.#reset();
        const turn = this.#next();
        if (turn !== undefined) await this.#execute(turn);
        else if (!this.#cleanUp) return;
      }
    } finally {
      this.#running = false;
    }
  }

  #next(): Turn | undefined {
    const index = this.#owner === null ? 0 : this.#waiting.findIndex((turn) => turn.connection === this.#owner);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  async #execute(turn: Turn): Promise<void> {
    this.#owner = turn.connection;
    try {
      const answer = await this.#send(turn.message, turn.onData);
      if (answer.idle) this.#owner = null;
      turn.resolve(answer.bytes);
    } catch (cause) {
      // The handler closes this connection and calls clearTransactionIfNeeded, which resets the session.
      turn.reject(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      // The socket may have closed while its message ran; then nobody else would give the session back.
      if (!this.#open.has(turn.connection)) this.#cleanUp = true;
    }
  }

  /** Ends what a vanished connection began; once nobody is connected, also its settings and prepared statements. */
  async #reset(): Promise<void> {
    this.#cleanUp = false;
    if (this.#owner !== null && !this.#open.has(this.#owner)) {
      await this.#send(SYNC);
      await this.#send(simpleQuery(rollback));
      this.#owner = null;
    }
    if (this.#open.size === 0) await this.#send(simpleQuery(discardAll));
  }

  async #send(message: Uint8Array, onData?: (data: Uint8Array) => void): Promise<{ bytes: number; idle: boolean }> {
    let bytes = 0;
    let tail = new Uint8Array(0);
    const onRawData = (data: Uint8Array) => {
      bytes += data.length;
      tail = lastBytes(tail, data);
      onData?.(data);
    };
    await this.#session.runExclusive(() => this.#session.execProtocolRawStream(message, { onRawData }));
    return { bytes, idle: endsIdle(tail) };
  }
}
