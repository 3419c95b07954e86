import { connect, createServer, type Socket } from "node:net";

/** What stands in the statement by which rows reach the database. */
const BATCH_STATEMENT = "insert into audit_events";

/** A door in front of a PostgreSQL server; it reads the protocol, so connections must be without TLS. */
export type PostgresProxy = {
  /** Of the same database, through the proxy. */
  readonly url: string;
  /** Cuts every connection, and takes no new one until `heal`. */
  refuse(): Promise<void>;
  /** Takes connections and whatever they send, and never answers until `heal`. */
  blackhole(): void;
  heal(): Promise<void>;
  /**
   * Lets the server finish and commit the next statement whose text has `words` in it, then resets that connection
   * without a word of its answer. Resolves when that has happened. By default that is the next batch of rows.
   */
  cutAfterNextStatement(words?: string): Promise<void>;
  stop(): Promise<void>;
};

type Cut = { readonly words: string; readonly done: () => void };

export async function startPostgresProxy(url: string): Promise<PostgresProxy> {
  const target = new URL(url.replace(/^postgres(ql)?:/, "http:"));
  const doors = new Set<Door>();
  const cuts: Cut[] = [];
  let isSilent = false;
  const server = createServer((client) => {
    const door = new Door(client, isSilent ? null : connect(Number(target.port), target.hostname), cuts);
    doors.add(door);
    client.on("close", () => doors.delete(door));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const { port } = address;

  const cutAll = () => {
    for (const door of doors) door.cut();
  };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    cutAll();
    await closed;
  };
  return {
    url: url.replace(/@[^/]+\//, `@127.0.0.1:${port}/`),
    refuse,
    blackhole() {
      isSilent = true;
      for (const door of doors) door.silence();
    },
    async heal() {
      isSilent = false;
      // What was sent to those that were silent is lost, so they are of no use any more.
      cutAll();
      if (!server.listening) await listen(port);
    },
    cutAfterNextStatement: (words = BATCH_STATEMENT) =>
      new Promise((done) => {
        cuts.push({ words, done });
      }),
    stop: refuse,
  };
}

/** One connection: the client's socket and the server's. */
class Door {
  readonly #client: Socket;
  readonly #server: Socket | null;
  readonly #cuts: Cut[];
  /** Texts of prepared statements by their names. */
  readonly #texts = new Map<string, string>();
  #isSilent = false;
  /** Statements that are bound and not yet ended by a Sync. */
  #bound: string[] = [];
  /** The server is ready once after the start-up, and once after each Sync and each simple query. */
  #askedCount = 1;
  #readyCount = 0;
  #cut: { readonly at: number; readonly done: () => void } | null = null;

  constructor(client: Socket, server: Socket | null, cuts: Cut[]) {
    this.#client = client;
    this.#server = server;
    this.#cuts = cuts;
    client.on("error", () => this.cut());
    client.on("close", () => this.cut());
    if (server === null) {
      client.resume();
      return;
    }
    server.on("error", () => this.cut());
    server.on("close", () => this.cut());
    const asked = new Messages({ withStartup: true });
    client.on("data", (chunk: Buffer) => {
      for (const message of asked.push(chunk)) this.#onAsked(message);
      if (!this.#isSilent) server.write(chunk);
    });
    const answers = new Messages({ withStartup: false });
    server.on("data", (chunk: Buffer) => {
      for (const message of answers.push(chunk)) this.#onAnswer(message);
    });
  }

  cut(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }

  silence(): void {
    this.#isSilent = true;
  }

  #onAsked({ type, body }: Message): void {
    if (type === "P") this.#texts.set(textAt(body, 0), textAt(body, textAt(body, 0).length + 1));
    if (type === "B") this.#bound.push(this.#texts.get(textAt(body, textAt(body, 0).length + 1)) ?? "");
    if (type !== "S" && type !== "Q") return;
    this.#askedCount += 1;
    const index = this.#cuts.findIndex(({ words }) => this.#bound.some((text) => text.includes(words)));
    this.#bound = [];
    if (index === -1 || this.#cut !== null) return;
    const [taken] = this.#cuts.splice(index, 1);
    if (taken !== undefined) this.#cut = { at: this.#askedCount, done: taken.done };
  }

  /** What is ready is committed: in this protocol that happens between the last answer and the word that says so. */
  #onAnswer({ type, raw }: Message): void {
    if (this.#cut === null || this.#readyCount + 1 < this.#cut.at) {
      if (!this.#isSilent) this.#client.write(raw);
    }
    if (type !== "Z") return;
    this.#readyCount += 1;
    if (this.#cut === null || this.#readyCount < this.#cut.at) return;
    // As when a host goes: to the client that is an error, where a mere end is none.
    this.#client.resetAndDestroy();
    this.cut();
    this.#cut.done();
    this.#cut = null;
  }
}

/** `type` is empty for the one that a connection begins with. */
type Message = { readonly type: string; readonly body: Buffer; readonly raw: Buffer };

const textAt = (body: Buffer, at: number): string => body.toString("latin1", at, body.indexOf(0, at));

/** Puts the messages of PostgreSQL's protocol together from what arrives. */
class Messages {
  #rest: Buffer = Buffer.alloc(0);
  #typeBytes: 0 | 1;

  constructor({ withStartup }: { readonly withStartup: boolean }) {
    this.#typeBytes = withStartup ? 0 : 1;
  }

  push(chunk: Buffer): Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const headBytes = this.#typeBytes + 4;
      if (this.#rest.length < headBytes) return messages;
      const length = this.#typeBytes + this.#rest.readUInt32BE(this.#typeBytes);
      if (this.#rest.length < length) return messages;
      const raw = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      messages.push({ type: raw.toString("latin1", 0, this.#typeBytes), body: raw.subarray(headBytes), raw });
      this.#typeBytes = 1;
    }
  }
}
