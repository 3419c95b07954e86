/**
 * Whether so many file descriptors are in use that new connections must wait. The audit's files and connections to
 * providers need some, too; and with none left, accepting fails in a loop. `wasFull` is the answer to the last question.
 */
export type Crowd = { isFull(wasFull: boolean): boolean };

type Server = Pick<Bun.Server<undefined>, "port" | "stop" | "url">;

/**
 * A server that takes no new connections while there are too many, which Bun has no setting for: it is stopped, finishes
 * what it has, and another one listens on the same port when there is room again. Meanwhile callers are refused.
 */
export class Doors {
  readonly url: string;
  readonly #serve: (port: number) => Server;
  readonly #port: number;
  #open: Server | null;
  /** Those that finish what they have. */
  readonly #stopping = new Map<Server, Promise<void>>();

  /** Throws what `serve` throws. */
  constructor(serve: (port: number) => Server, port: number) {
    this.#serve = serve;
    this.#open = serve(port);
    this.url = this.#open.url.href.replace(/\/$/, "");
    // The one that was taken where any would do.
    this.#port = this.#open.port ?? port;
  }

  /** Closes or opens as the crowd asks for. What it did; null where nothing. */
  mind(crowd: Crowd): "closed" | "opened" | null {
    const isFull = crowd.isFull(this.#open === null);
    if (isFull && this.#open !== null) {
      this.#shut(this.#open);
      return "closed";
    }
    return !isFull && this.#open === null && this.#reopen() ? "opened" : null;
  }

  /** Takes no more connections; resolves when none is left. */
  async close(): Promise<void> {
    if (this.#open !== null) this.#shut(this.#open);
    await Promise.all(this.#stopping.values());
  }

  /** After `close`: ends those connections that are left. */
  async cut(): Promise<void> {
    await Promise.all([...this.#stopping.keys()].map((server) => server.stop(true)));
  }

  #shut(server: Server): void {
    this.#open = null;
    this.#stopping.set(
      server,
      server.stop().finally(() => this.#stopping.delete(server)),
    );
  }

  #reopen(): boolean {
    try {
      this.#open = this.#serve(this.#port);
      return true;
    } catch {
      // Somebody has the port for now; the next look tries again.
      return false;
    }
  }
}
